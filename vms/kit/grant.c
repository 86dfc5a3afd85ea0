/* SPDX-License-Identifier: MIT */
/*
 * Grant table operations of a guest.
 *
 *  G1  an entry's flags are written last, so it is never half valid;
 *  G2  withdrawal is a compare-and-swap: it cannot hide a live mapping.
 */
#include "grant.h"
#include "console.h"
#include "hypercall.h"
#include "memory.h"
#include "xen.h"

struct grant_entry_v1 *grant_table;

bool grant_init(unsigned int frame_count)
{
	uint64_t gfn = memory_hole(frame_count);

	for (unsigned int i = frame_count; i-- > 0;) {
		long err = xen_add_to_physmap(XENMAPSPACE_grant_table, i,
					      gfn + i);

		if (err)
			return false;
	}
	grant_table = (struct grant_entry_v1 *)(gfn << PAGE_SHIFT);
	return true;
}

void grant_offer(grant_ref_t ref, domid_t to, uint64_t gfn, uint16_t flags)
{
	struct grant_entry_v1 *e = &grant_table[ref];

	WRITE_ONCE(e->domid, to);
	WRITE_ONCE(e->frame, (uint32_t)gfn);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(e->flags, (uint16_t)(GTF_permit_access | flags));
}

bool grant_withdraw(grant_ref_t ref)
{
	struct grant_entry_v1 *e = &grant_table[ref];
	uint16_t old = READ_ONCE(e->flags);

	while (!(old & (GTF_reading | GTF_writing)))
		if (__atomic_compare_exchange_n(&e->flags, &old, 0, false,
						__ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return true;
	return false;
}

uint16_t grant_in_use(grant_ref_t ref)
{
	return READ_ONCE(grant_table[ref].flags) & (GTF_reading | GTF_writing);
}

int grant_map(domid_t from, grant_ref_t ref, uint64_t gpa, uint32_t flags,
	      struct grant_map *map)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = gpa, .flags = flags, .ref = ref, .dom = from,
		.status = 1
	};

	if (grant_op(GNTTABOP_map_grant_ref, &op, 1))
		return GNTST_general_error;
	*map = (struct grant_map){ op.handle, gpa };
	return op.status;
}

int grant_unmap(const struct grant_map *map)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = map->gpa, .handle = map->handle, .status = 1
	};

	if (grant_op(GNTTABOP_unmap_grant_ref, &op, 1))
		return GNTST_general_error;
	return op.status;
}

int grant_copy(struct gnttab_copy *op)
{
	op->status = 1;
	if (grant_op(GNTTABOP_copy, op, 1))
		return GNTST_general_error;
	return op->status;
}
