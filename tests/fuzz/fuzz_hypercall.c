/* SPDX-License-Identifier: MIT */
/*
 * Three VMs that do as they please: calls with hostile arguments, MSRs of the
 * local APIC, ports, scribbling over whatever they share with the VMM. VMs 1
 * and 2 may share channels, and 2 and 3; 1 and 3 may not. The input says who
 * does what. What must hold:
 *  F1  a call ends in a bounded number of slices, with no lock held;
 *  F2  a call that is refused changes nothing;
 *  F3  nothing that VM 1 does changes VM 3;
 *  F4  at the end every invariant holds and the audit is clean.
 */
#include "world_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include "abi/hypercall.h"
#include "core/event.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "route.h"
#include "vdev/lapic.h"
#include "vdev/ports.h"

#define VMS		3u
#define RAM_FRAMES	40u
#define ARG		0x1f80ull	/* arguments cross a page end */
#define LIST		0x3000ull	/* what arguments point to */
#define SLICES_MAX	24u
#define STEPS_MAX	200u

static const uint8_t *input, *input_end;
static unsigned int deep_checks;	/* that this input may still have */

static uint32_t byte(void)
{
	return input < input_end ? *input++ : 0;
}

static uint64_t word(unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | byte();
	return value;
}

/* Mostly small, because that is where things are; sometimes anything. */
static uint64_t number(unsigned int bytes)
{
	static const uint64_t edge[] = {
		UINT64_MAX, INT64_MAX, UINT32_MAX, INT32_MAX, 0x80000000,
		0xffff, 0x10000, 4096, 512, 511, 64, 63, 1ull << 28,
		1ull << 40, 0xfeffc, 0xfefff
	};
	uint32_t first = byte();

	if (first < 0xc0)
		return first % 48;
	if (first < 0xe0)
		return edge[first % ARRAY_SIZE(edge)];
	return word(bytes);
}

static uint16_t domid(void)
{
	static const uint16_t id[] = { 1, 2, 3, DOMID_SELF, 0, 4, DOMID_IO,
				       DOMID_XEN };
	uint32_t first = byte();

	return first < 0xf0 ? id[first % ARRAY_SIZE(id)] : (uint16_t)word(2);
}

/* Where a handle points to. */
static uint64_t handle(uint64_t good)
{
	switch (byte() % 16) {
	case 0:
		return 0x7fff00000000ull;
	case 1:
		return UINT64_MAX - byte() % 64;
	case 2:
		return RAM_FRAMES * PAGE_SIZE - byte() % 64;
	case 3:
		return 0xfeffful << 12 | byte();	/* console ring */
	case 4:
		return number(8) << 12 | byte();
	default:
		return good;
	}
}

/* --- arguments --- */

static void put(struct vcpu *v, uint64_t va, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t *to = vm_ptr(v->domain->id, va + i);

		if (to)
			*to = ((const uint8_t *)from)[i];
	}
}

static uint64_t argument(struct vcpu *v, const void *from, size_t size)
{
	put(v, ARG, from, size);
	return handle(ARG);
}

static uint64_t gfn_list(struct vcpu *v)
{
	for (uint64_t i = 0; i < 24; i++) {
		uint64_t gfn = number(8);

		put(v, LIST + i * 8, &gfn, sizeof(gfn));
		if (byte() % 4 == 0)
			break;
	}
	return handle(LIST);
}

struct request { uint64_t op, a, b, c; };

static void event_call(struct vcpu *v, struct request *r)
{
	uint32_t field[6];

	for (unsigned int i = 0; i < ARRAY_SIZE(field); i++)
		field[i] = (uint32_t)number(4);
	if (byte() % 4)
		field[0] = domid() | (uint32_t)domid() << 16;
	r->op = __HYPERVISOR_event_channel_op;
	r->a = byte() % 16;
	r->b = argument(v, field, sizeof(field));
}

static void memory_call(struct vcpu *v, struct request *r)
{
	struct xen_memory_reservation reservation = {
		.nr_extents = number(8), .domid = domid(),
		.extent_order = byte() % 8 ? 0 : (uint32_t)number(4),
	};
	struct xen_add_to_physmap add = {
		.domid = domid(), .space = byte() % 6, .idx = number(8),
		.gpfn = number(8),
	};
	struct xen_remove_from_physmap gone = { .domid = domid(),
						.gpfn = number(8) };

	r->op = __HYPERVISOR_memory_op;
	r->a = byte() < 0xf0 ? byte() % 32 : word(8);
	if (r->a == XENMEM_add_to_physmap) {
		r->b = argument(v, &add, sizeof(add));
	} else if (r->a == XENMEM_remove_from_physmap) {
		r->b = argument(v, &gone, sizeof(gone));
	} else {
		reservation.extent_start.p = (void *)gfn_list(v);
		r->b = argument(v, &reservation, sizeof(reservation));
	}
}

static void grant_call(struct vcpu *v, struct request *r)
{
	uint64_t at = ARG;

	r->op = __HYPERVISOR_grant_table_op;
	r->a = byte() % 13;
	r->c = byte() < 0xf0 ? byte() % 20 : number(4);
	for (uint64_t i = 0; i < r->c && i < 20 && input < input_end; i++) {
		struct gnttab_map_grant_ref map = {
			.host_addr = number(8) << 12, .flags = byte() % 64,
			.ref = (uint32_t)number(4), .dom = domid(),
		};
		struct gnttab_unmap_grant_ref unmap = {
			.host_addr = number(8) << 12,
			.handle = (uint32_t)number(4),
		};
		struct gnttab_copy copy = {
			.source = { .u = { .gmfn = number(8) },
				    .domid = domid(),
				    .offset = (uint16_t)number(2) },
			.dest = { .u = { .gmfn = number(8) },
				  .domid = domid(),
				  .offset = (uint16_t)number(2) },
			.len = (uint16_t)number(2), .flags = byte() % 8,
		};

		if (r->a == GNTTABOP_map_grant_ref) {
			put(v, at, &map, sizeof(map));
			at += sizeof(map);
		} else if (r->a == GNTTABOP_unmap_grant_ref) {
			put(v, at, &unmap, sizeof(unmap));
			at += sizeof(unmap);
		} else {
			put(v, at, &copy, sizeof(copy));
			at += sizeof(copy);
		}
	}
	r->b = handle(ARG);
}

static void vcpu_call(struct vcpu *v, struct request *r)
{
	uint64_t field[2] = { number(8), number(8) };

	if (byte() % 2)
		field[0] = handle(LIST);
	else if (byte() % 2)
		field[0] = mock.time + number(8);
	r->op = __HYPERVISOR_vcpu_op;
	r->a = byte() % 16;
	r->b = byte() % 8 ? v->id : number(8);
	r->c = argument(v, field, sizeof(field));
}

static void sched_call(struct vcpu *v, struct request *r)
{
	struct sched_poll poll = { .nr_ports = (uint32_t)number(4),
				   .timeout = number(8) };
	uint32_t port[8];

	for (unsigned int i = 0; i < ARRAY_SIZE(port); i++)
		port[i] = (uint32_t)number(4);
	put(v, LIST, port, sizeof(port));
	poll.ports.p = (void *)handle(LIST);
	r->op = __HYPERVISOR_sched_op;
	r->a = byte() % 9;
	/* An end is an end: seldom. */
	if (r->a == SCHEDOP_shutdown && byte() % 8)
		r->a = SCHEDOP_yield;
	r->b = argument(v, &poll, sizeof(poll));
}

static void hvm_call(struct vcpu *v, struct request *r)
{
	struct xen_hvm_param param = { .domid = domid(),
				       .index = (uint32_t)number(4),
				       .value = number(8) };

	if (byte() % 2)
		param.value |= 2ull << 56;
	r->op = __HYPERVISOR_hvm_op;
	r->a = byte() % 2 ? byte() % 2 : byte() % 28;
	r->b = argument(v, &param, sizeof(param));
}

static void other_call(struct vcpu *v, struct request *r)
{
	static const uint8_t op[] = {
		__HYPERVISOR_set_timer_op, __HYPERVISOR_xen_version,
		__HYPERVISOR_console_io, __HYPERVISOR_vm_assist
	};
	uint64_t anything[2] = { number(8), number(8) };

	r->op = byte() % 8 ? op[byte() % ARRAY_SIZE(op)] : number(8);
	if (r->op == __HYPERVISOR_multicall)
		r->op = UINT64_MAX;
	r->a = byte() % 12;
	r->b = argument(v, anything, sizeof(anything));
	r->c = number(8);
	if (r->op == __HYPERVISOR_console_io) {
		r->c = r->b;
		r->b = number(4);
	}
}

static struct request make_request(struct vcpu *v)
{
	struct request r = { 0 };

	switch (byte() % 8) {
	case 0:
	case 1:
		event_call(v, &r);
		break;
	case 2:
	case 3:
		grant_call(v, &r);
		break;
	case 4:
		memory_call(v, &r);
		break;
	case 5:
		vcpu_call(v, &r);
		break;
	case 6:
		sched_call(v, &r);
		break;
	default:
		if (byte() % 2)
			hvm_call(v, &r);
		else
			other_call(v, &r);
	}
	return r;
}

/* --- calls and what must hold after them --- */

/* What VM 3 is, apart from when it last ran. */
struct image {
	struct domain domain;
	struct vcpu vcpu;
	struct port port[64];
	struct grant_map map[16];
	uint8_t ram[RAM_FRAMES][PAGE_SIZE], shared[PAGE_SIZE];
};
static struct image before, after;

static void take_image(struct image *image)
{
	const struct domain *d = vm_at(3);

	image->domain = *d;
	image->vcpu = d->vcpu[0];
	memcpy(image->port, d->port, sizeof(image->port));
	memcpy(image->map, d->map, sizeof(image->map));
	memcpy(image->ram, arch_frame_ptr(d->extent[0].mfn),
	       sizeof(image->ram));
	memcpy(image->shared, d->shared, PAGE_SIZE);
}

static void check_locks(void)
{
	for (unsigned int i = 1; i <= VMS; i++) {
		assert_false(spin_is_locked(&vm_at(i)->lock));
		assert_false(spin_is_locked(&vm_at(i)->console.lock));
	}
}

/* No lock is held: that one was taken and given back is no change. */
static void forget_tickets(void)
{
	check_locks();
	for (unsigned int i = 1; i <= VMS; i++) {
		vm_at(i)->lock = (struct spinlock){ 0 };
		vm_at(i)->console.lock = (struct spinlock){ 0 };
	}
}

static void set_regs(struct vcpu *v, const struct request *r)
{
	v->regs.rax = r->op;
	v->regs.rdi = r->a;
	v->regs.rsi = r->b;
	v->regs.rdx = r->c;
}

static void explain(const struct vcpu *v, const struct request *r)
{
	fprintf(stderr, "VM %u, call %lu(%#lx, %#lx, %#lx): refused, but the "
		"world has changed\n", v->domain->id, r->op, r->a, r->b, r->c);
	abort();
}

static void do_call(struct vcpu *v, const struct request *r)
{
	bool deep = deep_checks && byte() % 8 == 0;
	bool alone = v->domain->id == 1;
	struct guest_regs regs = v->regs;
	struct snapshot *s = NULL;
	unsigned int slices = 0;
	bool done;

	set_regs(v, r);
	forget_tickets();
	if (deep) {
		deep_checks--;
		s = world_save();
	}
	if (alone)
		take_image(&before);
	do {
		done = hypercall_dispatch(v);
		check_locks();
	} while (!done && ++slices < SLICES_MAX && vcpu_is_runnable(v));
	if (alone) {
		take_image(&after);
		assert_memory_equal(&before, &after, sizeof(before));
	}
	if (s && done && slices == 0 && (int64_t)v->regs.rax < 0 &&
	    r->op != __HYPERVISOR_multicall) {
		set_regs(v, r);
		forget_tickets();
		if (!world_equals(s))
			explain(v, r);
	}
	if (s)
		world_forget(s);
	v->regs = regs;
}

static void do_list(struct vcpu *v)
{
	struct request r = { .op = __HYPERVISOR_multicall, .a = handle(0x5000),
			     .b = number(4) };

	for (uint64_t i = 0; i < 6 && input < input_end; i++) {
		struct request inner = make_request(v);
		struct multicall_entry entry = {
			.op = byte() % 16 ? inner.op : __HYPERVISOR_multicall,
			.args = { inner.a, inner.b, inner.c },
		};

		put(v, 0x5000 + i * sizeof(entry), &entry, sizeof(entry));
		if (byte() % 3 == 0)
			break;
	}
	do_call(v, &r);
}

/* --- everything else that a guest can do --- */

static void do_msr(struct vcpu *v)
{
	struct vmexit exit = { .reason = byte() % 2 ? EXIT_MSR_READ :
						      EXIT_MSR_WRITE };

	exit.msr.index = byte() % 16 ? 0x800 + byte() : 0x40000000;
	exit.msr.value = byte() % 2 ? number(8) : word(8);
	route_exit(v, &exit);
	for (unsigned int i = 1; i <= VMS; i++) {
		const struct lapic *l = &vcpu_at(i, 0)->lapic;

		assert_int_equal((l->irr[0] | l->isr[0]) & 0xffff, 0);
	}
}

static void do_port(struct vcpu *v)
{
	struct vmexit exit = { .reason = EXIT_IO };

	exit.io.port = (uint16_t)(byte() % 2 ? number(2) : 0xb004);
	exit.io.size = (uint8_t)(1u << byte() % 3);
	exit.io.in = byte() % 2;
	exit.io.string = byte() % 4 == 0;
	v->regs.rax = byte() % 8 ? byte() & ~0x20u : byte();
	route_exit(v, &exit);
}

static void scribble(struct vcpu *v)
{
	struct domain *d = v->domain;
	uint32_t where = byte() % 4;

	if (where == 0) {
		vm_grant(d->id, byte() % 24, domid(), number(4), byte() % 64);
	} else if (where == 1) {
		((uint8_t *)d->shared)[word(2) % sizeof(*d->shared)] =
			(uint8_t)byte();
	} else if (where == 2) {
		uint32_t *index = (uint32_t *)arch_frame_ptr(d->console.ring);

		index[768 + byte() % 4] = (uint32_t)number(4);
		atomic_fetch_or(&d->device_pending, 1ull);
	} else {
		d->grants.frame[0][byte() % 24].flags = (uint16_t)word(2);
	}
}

static void act(struct vcpu *v)
{
	struct vmexit halt = { .reason = EXIT_HLT };
	struct request r;

	switch (byte() % 16) {
	case 0:
		do_list(v);
		break;
	case 1:
		do_msr(v);
		break;
	case 2:
		do_port(v);
		break;
	case 3:
	case 4:
		scribble(v);
		break;
	case 5:
		mock.time += (number(4) & 0xffffff) * 1000;
		break;
	case 6:
		mock_vcpu(v)->interrupts_enabled = byte() % 4;
		mock_vcpu(v)->cpl = byte() % 8 ? 0 : 3;
		break;
	case 7:
		route_exit(v, &halt);
		break;
	default:
		r = make_request(v);
		do_call(v, &r);
	}
}

/* One stretch of the main loop (vmm/main.c). */
static void turn(struct cpu *cpu)
{
	struct vcpu *v = sched_pick(cpu);

	if (!v) {
		mock.time += NSEC_PER_MS;
		vcpu_notify(vcpu_at(1 + byte() % VMS, 0), VCPU_PENDING_LOOK);
		return;
	}
	runstate_change(v, RUNSTATE_running, v->ran_from);
	do {
		if (v->domain->state != DOMAIN_RUNNING) {
			if (!vcpu_is_runnable(v))
				break;
			route_job(v->domain);
			continue;
		}
		if (v->pending)
			route_pending(v);
		if (!vcpu_is_runnable(v))
			break;
		act(v);
		check_locks();
	} while (!cpu->resched && byte() % 16);
	runstate_change(v, v->state == VCPU_RUNNABLE ? RUNSTATE_runnable :
						       RUNSTATE_blocked,
			mock.time);
	sched_put(cpu);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* A failed assertion is a crash. */
	return setenv("CMOCKA_TEST_ABORT", "1", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vm_spec spec = { .ram_frames = RAM_FRAMES };
	static const struct vm_spec two = { .ram_frames = RAM_FRAMES,
					    .vcpu_count = 2 };

	input = data;
	input_end = data + size;
	deep_checks = 2;
	world_start(VMS, (struct vm_spec[]){ two, spec, spec });
	world_allow(1, 2);
	world_allow(2, 3);
	for (unsigned int i = 0; i < STEPS_MAX && input < input_end; i++)
		turn(&world.cpu[0]);
	world_check();
	return 0;
}
