/* SPDX-License-Identifier: MIT */
/*
 * Sets of address ranges, for the memory map at boot: a few dozen entries,
 * so everything is a linear scan.
 */
#include "arch/x86/ranges.h"
#include "lib/string.h"

static void ranges_delete(struct ranges *set, unsigned int at)
{
	set->count--;
	memmove(&set->range[at], &set->range[at + 1],
		(set->count - at) * sizeof(set->range[0]));
}

static void ranges_insert(struct ranges *set, unsigned int at,
			  struct boot_range range)
{
	memmove(&set->range[at + 1], &set->range[at],
		(set->count - at) * sizeof(set->range[0]));
	set->range[at] = range;
	set->count++;
}

bool ranges_add(struct ranges *set, struct boot_range range)
{
	unsigned int at = 0;

	if (range.start >= range.end)
		return true;
	if (set->count == RANGES_MAX)
		return false;
	while (at < set->count && set->range[at].end < range.start)
		at++;
	/* Swallow all that touch. */
	while (at < set->count && set->range[at].start <= range.end) {
		range.start = MIN(range.start, set->range[at].start);
		range.end = MAX(range.end, set->range[at].end);
		ranges_delete(set, at);
	}
	ranges_insert(set, at, range);
	return true;
}

bool ranges_remove(struct ranges *set, struct boot_range range)
{
	if (range.start >= range.end)
		return true;
	if (set->count == RANGES_MAX)
		return false;	/* it might split one */
	for (unsigned int at = 0; at < set->count; at++) {
		struct boot_range *r = &set->range[at];
		struct boot_range upper = { range.end, r->end };

		if (r->end <= range.start || r->start >= range.end)
			continue;
		if (r->start < range.start) {
			r->end = range.start;
			if (upper.start < upper.end)
				ranges_insert(set, at + 1, upper);
		} else if (upper.start < upper.end) {
			r->start = upper.start;
		} else {
			ranges_delete(set, at--);
		}
	}
	return true;
}

struct boot_range ranges_largest(const struct ranges *set, uint64_t limit)
{
	struct boot_range best = { 0, 0 };

	for (unsigned int i = 0; i < set->count; i++) {
		struct boot_range r = set->range[i];

		r.end = MIN(r.end, limit);
		if (r.start < r.end && r.end - r.start > best.end - best.start)
			best = r;
	}
	return best;
}

void ranges_keep(struct ranges *set, unsigned int count)
{
	while (set->count > count) {
		unsigned int least = 0;

		for (unsigned int i = 1; i < set->count; i++) {
			const struct boot_range *a = &set->range[i];
			const struct boot_range *b = &set->range[least];

			if (a->end - a->start < b->end - b->start)
				least = i;
		}
		ranges_delete(set, least);
	}
}
