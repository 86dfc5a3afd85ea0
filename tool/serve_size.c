/* SPDX-License-Identifier: MIT */
/*
 * What devices take of each VM's tables, from what Linux's drivers can have
 * in flight at most (xen-abi of block and network: rings, requests of 32
 * segments, persistent grants). The launch description bounds all of it, so
 * a VM that is busier than that waits; it takes nothing from others.
 */
#include "serve.h"
#include "store_vm.h"

/* blkback: a ring of 32 requests and what it may keep mapped; per queue. */
#define DISK_QUEUES 4u
#define DISK_MAPS   (1056u + 32u + 16u)
/* netback maps what is sent, 256 slots and two rings; per queue. */
#define VIF_QUEUES 8u
#define VIF_MAPS   (256u + 2u)
#define VIF_GRANTS (256u + 256u + 2u)
#define FRAMES_MIN 16u
#define FRAMES_MAX 64u
#define PORTS_MIN  1024u
#define PORTS_MAX  4096u

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t queues(const struct machine *m, const struct vm *front,
		       unsigned int back, uint64_t limit)
{
	const struct vm *b = &m->vm[back - 1];

	return least(limit, least(front->vcpus, b->vcpus));
}

struct need {
	uint64_t maps, grants, ports;
};

/* What the devices between front and back take, on each side. */
static void need_add(const struct machine *m, const struct vm *front,
		     unsigned int back, struct need *n)
{
	uint64_t disks = serve_disks(m, front->domid, back);
	uint64_t vifs = serve_vifs(m, front->domid, back);

	disks *= queues(m, front, back, DISK_QUEUES);
	vifs *= queues(m, front, back, VIF_QUEUES);
	n->maps += disks * DISK_MAPS + vifs * VIF_MAPS;
	n->grants += disks * DISK_MAPS + vifs * VIF_GRANTS;
	n->ports += disks + 2 * vifs;
}

static struct need need_of(const struct machine *m, const struct vm *vm)
{
	struct need as_front = { 0 }, as_back = { 0 };

	for (unsigned int id = 1; id <= m->vm_count; id++) {
		if (vm_is_client(vm))
			need_add(m, vm, id, &as_front);
		if (vm->driver_domain)
			need_add(m, &m->vm[id - 1], vm->domid, &as_back);
	}
	return (struct need){ as_back.maps, as_front.grants,
			      as_front.ports + as_back.ports };
}

/*
 * Page tables for maps: Linux puts them into address space of its own, in
 * sections of 128 MiB, each of which takes 64 tables.
 */
static uint64_t map_pool(uint64_t maps)
{
	return maps ? ((maps + 32767) / 32768 + 1) * 64 * 4 : 0;
}

static void size_vm(const struct machine *m, struct vm *vm)
{
	struct need n = need_of(m, vm);

	if (vm->grant_maps == VM_UNSET)
		vm->grant_maps = least(n.maps, VM_MAPS_MAX);
	/* A quarter more, for what is not yet given back. */
	if (!vm->grant_frames)
		vm->grant_frames = least(
			FRAMES_MAX,
			most(FRAMES_MIN, (n.grants * 5 / 4 + 511) / 512 + 1));
	if (!vm->event_ports)
		vm->event_ports = least(
			PORTS_MAX,
			most(PORTS_MIN, (n.ports + 512 + 63) / 64 * 64));
	if (!vm->pool)
		vm->pool = 1024 + (vm->memory + 511) / 512 * 8 +
			   map_pool(vm->grant_maps) +
			   (vm->grant_frames > FRAMES_MIN
				    ? (vm->grant_frames - FRAMES_MIN) * 4
				    : 0);
}

void serve_size(struct machine *m)
{
	if (m->store_domid)
		store_vm_size(m);
	for (size_t i = 0; i < m->vm_count; i++)
		size_vm(m, &m->vm[i]);
}
