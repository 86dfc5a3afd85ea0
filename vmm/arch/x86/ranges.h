/* SPDX-License-Identifier: MIT */
/*
 * Small sets of address ranges, kept sorted, apart and non-empty.
 */
#pragma once
#include "core/boot_info.h"

#define RANGES_MAX	256u

struct ranges {
	struct boot_range range[RANGES_MAX];
	unsigned int count;
};

/* Both return false, with nothing changed, if there is no room. */
bool ranges_add(struct ranges *set, struct boot_range range);
bool ranges_remove(struct ranges *set, struct boot_range range);
/* The largest range that lies below limit, clipped there; empty if none. */
struct boot_range ranges_largest(const struct ranges *set, uint64_t limit);
/* Leaves the count largest ones. */
void ranges_keep(struct ranges *set, unsigned int count);
