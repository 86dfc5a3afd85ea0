/* SPDX-License-Identifier: MIT */
/* What the tests of grants share: four VMs, two grants, maps and unmaps. */
#pragma once
#include "world_fixture.h"
#include <xen/errno.h>
#include <xen/grant_table.h>
#include "core/grant.h"
#include "core/p2m.h"

#define HOLE	0x100000ull	/* a guest-physical address without memory */
#define RW	GTF_permit_access
#define RO	(GTF_permit_access | GTF_readonly)

/* 1 lends to 2 and 3; 2 and 3 are strangers to each other. 4 knows none. */
static inline int setup(void **state)
{
	(void)state;
	world_start(4, NULL);
	world_allow(1, 2);
	world_allow(1, 3);
	vm_grant(1, 8, 2, 7, RW);
	vm_grant(1, 9, 2, 9, RO);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static inline struct gnttab_map_grant_ref map(unsigned int domid,
					      uint64_t address,
					      unsigned int from, uint32_t ref,
					      unsigned int flags)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = address, .flags = GNTMAP_host_map | flags,
		.ref = ref, .dom = (domid_t)from, .status = 1
	};

	grant_map(vm_at(domid), &op);
	return op;
}

static inline int map_status(unsigned int domid, uint64_t address,
			     unsigned int from, uint32_t ref,
			     unsigned int flags)
{
	return map(domid, address, from, ref, flags).status;
}

static inline int unmap(unsigned int domid, uint64_t address, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = address,
					     .handle = handle, .status = 1 };
	struct grant_pin pin;

	grant_give_back(vm_at(domid), &pin,
			grant_unmap(vm_at(domid), &op, &pin));
	return op.status;
}

static inline uint32_t loans(unsigned int domid, uint64_t gfn)
{
	return frame_at(p2m_lookup(vm_at(domid), GFN(gfn)).mfn)->loans;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
