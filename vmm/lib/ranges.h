/* SPDX-License-Identifier: MIT */
/*
 * Small sets of ranges, of bytes or of frames, kept sorted, apart and
 * non-empty: the memory map at boot, and what of it is free.
 */
#pragma once
#include "lib/types.h"

#define RANGES_MAX	256u

struct range { uint64_t start, end; };	/* end exclusive */

struct ranges {
	struct range range[RANGES_MAX];
	unsigned int count;
};

/* False, with nothing changed, if there is no room. */
bool ranges_add(struct ranges *set, struct range range);
/*
 * If there is no room for both halves of a range that is split, the smaller
 * one is given up as well.
 */
void ranges_remove(struct ranges *set, struct range range);
/* The largest range that lies below limit, clipped there; empty if none. */
struct range ranges_largest(const struct ranges *set, uint64_t limit);
