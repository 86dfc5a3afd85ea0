/* SPDX-License-Identifier: MIT */
/*
 * Calls with hostile arguments, made from a fuzzer's input: mostly plausible
 * numbers, because that is where things are, with edges and nonsense between.
 * For one program; the input is consumed from the front.
 */
#pragma once
#include "../unit/world_fixture.h"
#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define RAM_FRAMES	40u	/* of each VM */
#define ARG		0x1f80ull	/* arguments cross a page end */
#define LIST		0x3000ull	/* what arguments point to */

static const uint8_t *input, *input_end;

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

/* A port, reference, handle or vCPU: nearly always a low one. */
static uint32_t low(void)
{
	uint32_t first = byte();

	return first < 0xe8 ? first % 8 : (uint32_t)number(4);
}

/* Where a handle points to. */
static uint64_t handle(uint64_t good)
{
	switch (byte() % 64) {
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
	const uint32_t by_domid = BIT32(EVTCHNOP_bind_interdomain) |
				  BIT32(EVTCHNOP_status) |
				  BIT32(EVTCHNOP_alloc_unbound) |
				  BIT32(EVTCHNOP_reset);
	uint32_t field[6];

	r->op = __HYPERVISOR_event_channel_op;
	r->a = byte() % 16;
	for (unsigned int i = 0; i < ARRAY_SIZE(field); i++)
		field[i] = low();
	if (by_domid & BIT32(r->a))
		field[0] = domid() | (uint32_t)domid() << 16;
	r->b = argument(v, field, sizeof(field));
}

static void memory_call(struct vcpu *v, struct request *r)
{
	static const uint8_t often[] = {
		XENMEM_decrease_reservation, XENMEM_populate_physmap,
		XENMEM_add_to_physmap, XENMEM_remove_from_physmap
	};
	struct xen_memory_reservation reservation = {
		.nr_extents = byte() % 8 ? byte() % 24 : number(8),
		.domid = byte() % 4 ? DOMID_SELF : domid(),
		.extent_order = byte() % 8 ? 0 : (uint32_t)number(4),
	};
	struct xen_add_to_physmap add = {
		.domid = byte() % 4 ? DOMID_SELF : domid(),
		.space = byte() % 4 ? byte() % 2 : byte() % 6, .idx = low(),
		.gpfn = number(8),
	};
	struct xen_remove_from_physmap gone = { .domid = DOMID_SELF,
						.gpfn = number(8) };

	r->op = __HYPERVISOR_memory_op;
	r->a = byte() % 4 ? often[byte() % ARRAY_SIZE(often)] : word(1);
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
	r->a = byte() % 4 ? byte() % 2 : byte() % 13;
	r->c = byte() < 0xf0 ? byte() % 20 : number(4);
	for (uint64_t i = 0; i < r->c && i < 20 && input < input_end; i++) {
		struct gnttab_map_grant_ref map = {
			.host_addr = number(8) << 12, .flags = byte() % 64,
			.ref = low(), .dom = domid(),
		};
		struct gnttab_unmap_grant_ref unmap = {
			.host_addr = byte() % 4 ? 0 : number(8) << 12,
			.handle = low(),
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
	r->b = byte() % 8 ? v->id : low();
	r->c = argument(v, field, sizeof(field));
}

static void sched_call(struct vcpu *v, struct request *r)
{
	struct sched_poll poll = { .nr_ports = low(),
				   .timeout = number(8) };
	uint32_t port[8];

	for (unsigned int i = 0; i < ARRAY_SIZE(port); i++)
		port[i] = low();
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
