/* SPDX-License-Identifier: MIT */
/*
 * The frames of a domain: its RAM as extents, and the page pool that its
 * nested page tables come from.
 */
#pragma once
#include "launch/plan.h"

/* Largest leaf level that maps gfn on mfn with count frames to go. */
unsigned int ram_leaf_level(gfn_t gfn, mfn_t mfn, uint64_t count);

/*
 * Takes all frames of d from the boot allocator and fills in the fields of
 * the group "partition". 0, or an error and a sentence in plan->text.
 */
int ram_create(const struct plan *plan, const struct blueprint *b,
	       struct domain *d);
