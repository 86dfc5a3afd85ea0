/* SPDX-License-Identifier: MIT */
/*
 * Three VMs that do as they please: calls with hostile arguments, MSRs of the
 * local APIC, ports, scribbling over whatever they share with the VMM. VMs 1
 * and 2 may share channels, and 2 and 3; 1 and 3 may not. The input says who
 * does what. What must hold:
 *  F1  a call ends in a bounded number of slices, with no lock held;
 *  F2  a call that is refused changes nothing (set_version, which answers
 *      with the version in use, apart);
 *  F3  nothing that VM 1 does changes VM 3;
 *  F4  at the end every invariant holds and the audit is clean.
 */
#include "hostile.h"
#include <stdio.h>
#include <stdlib.h>
#include <xen/errno.h>
#include "abi/hypercall.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "ledger.h"
#include "route.h"
#include "vdev/console.h"
#include "vdev/lapic.h"
#include "vdev/ports.h"

#define VMS		3u
#define SLICES_MAX	24u
#define STEPS_MAX	200u
#define DEEP_CHECKS	2u	/* each copies the world */

static unsigned int deep_checks;	/* that this input may still have */

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
	/* Places in the queues of their CPU, which VMs share. */
	memset(image->vcpu.timer, 0, sizeof(image->vcpu.timer));
	image->vcpu.run.slot = 0;
	image->vcpu.mail_next = NULL;
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

static bool answers_when_refused(const struct request *r)
{
	return r->op == __HYPERVISOR_multicall ||
	       (r->op == __HYPERVISOR_grant_table_op &&
		r->a == GNTTABOP_set_version);
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
	bool alone = v->domain->id == 1 && byte() % 4 == 0;
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
	    !answers_when_refused(r)) {
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

	static const uint8_t often[] = { 0x0b, 0x08, 0x0f, 0x30, 0x30, 0x3f,
					 0x32, 0x38, 0x37, 0x39 };

	exit.msr.index = 0x800u + often[byte() % ARRAY_SIZE(often)];
	if (byte() % 4 == 0)
		exit.msr.index = byte() % 16 ? 0x800 + byte() : 0x40000000;
	exit.msr.value = byte() % 2 ? number(8) : word(8);
	if (exit.msr.index == 0x830)
		exit.msr.value = (uint64_t)low() << 32 | word(3);
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
		vm_grant(d->id, low() % 24, domid(), number(4), byte() % 64);
	} else if (where == 1) {
		((uint8_t *)d->shared)[word(2) % sizeof(*d->shared)] =
			(uint8_t)byte();
	} else if (where == 2) {
		uint32_t *index = (uint32_t *)arch_frame_ptr(d->console.ring);

		index[768 + byte() % 4] = (uint32_t)number(4);
		atomic_fetch_or(&d->device_pending, 1ull);
	} else {
		grant_entry(d, byte() % 8)->flags = (uint16_t)word(2);
	}
}

/* Other reasons to leave the guest, seldom the fatal ones. */
static void do_exit(struct vcpu *v)
{
	static const uint8_t reason[] = { EXIT_HLT, EXIT_HLT, EXIT_PAUSE,
					  EXIT_NONE, EXIT_WINDOW, EXIT_CPUID };
	struct vmexit exit = { .reason = reason[byte() % sizeof(reason)] };
	struct cpuid_regs regs;

	if (byte() == 0xff)
		exit.reason = EXIT_TRIPLE_FAULT;
	if (exit.reason == EXIT_CPUID)
		upcall_cpuid(v, 0x40000000 + byte() % 8, byte() % 4, &regs);
	route_exit(v, &exit);
}

/* The people at the console, who may do anything to anybody. */
static void operate(void)
{
	struct domain *d = vm_at(1 + byte() % VMS);

	switch (byte() % 8) {
	case 0:
		domain_pause(d);
		break;
	case 1:
		if (byte() % 16 == 0)
			domain_destroy(d);
		break;
	case 2:
	case 3:
		console_input(d, (char)byte());
		break;
	default:
		domain_unpause(d);
	}
}

static void act(struct vcpu *v)
{
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
		do_exit(v);
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
		operate();
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
	if (byte() % 8 == 0)
		operate();
}

/* Something to begin with: a channel, timers, loans, interrupts on. */
static void furnish(void)
{
	evtchn_port_t port, other;

	assert_int_equal(event_alloc_unbound(vm_at(1), 2, &port), 0);
	assert_int_equal(event_bind_interdomain(vm_at(2), 1, port, &other), 0);
	for (unsigned int i = 1; i <= VMS; i++) {
		struct domain *d = vm_at(i);

		d->callback_vector = 0xf3;
		for (uint32_t n = 0; n < d->vcpu_count; n++) {
			struct vcpu *v = &d->vcpu[n];

			assert_true(lapic_msr_write(v, 0x80f, 0x1ff));
			assert_int_equal(event_bind_virq(d, VIRQ_TIMER, n,
							 &port), 0);
		}
		for (uint32_t ref = 1; ref < 6; ref++)
			vm_grant(i, ref, i == 2 ? 1 + ref % 2 * 2 : 2, ref + 8,
				 GTF_permit_access |
				 (ref % 3 ? 0 : GTF_readonly));
	}
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
	deep_checks = DEEP_CHECKS;
	world_start(VMS, (struct vm_spec[]){ two, spec, spec });
	world_allow(1, 2);
	world_allow(2, 3);
	furnish();
	for (unsigned int i = 0; i < STEPS_MAX && input < input_end; i++)
		turn(&world.cpu[0]);
	world_check();
	return 0;
}
