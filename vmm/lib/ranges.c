/* SPDX-License-Identifier: MIT */
/* A few dozen entries, so everything is a linear scan. */
#include "lib/ranges.h"
#include "lib/string.h"

static void ranges_delete(struct ranges *set, unsigned int at)
{
	set->count--;
	memmove(&set->range[at], &set->range[at + 1],
		(set->count - at) * sizeof(set->range[0]));
}

static void ranges_insert(struct ranges *set, unsigned int at,
			  struct range range)
{
	memmove(&set->range[at + 1], &set->range[at],
		(set->count - at) * sizeof(set->range[0]));
	set->range[at] = range;
	set->count++;
}

bool ranges_add(struct ranges *set, struct range range)
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

void ranges_remove(struct ranges *set, struct range range)
{
	for (unsigned int at = 0; at < set->count; at++) {
		struct range *r = &set->range[at];
		struct range low = { r->start, range.start };
		struct range high = { range.end, r->end };
		bool low_left = low.start < low.end;
		bool high_left = high.start < high.end;
		bool full = set->count == RANGES_MAX;

		if (range.start >= range.end || r->end <= range.start ||
		    r->start >= range.end)
			continue;
		*r = low_left ? low : high;
		if (!low_left && !high_left)
			ranges_delete(set, at--);
		else if (low_left && high_left && !full)
			ranges_insert(set, at + 1, high);
		else if (high_left &&
			 high.end - high.start >= r->end - r->start)
			*r = high;
	}
}

struct range ranges_largest(const struct ranges *set, uint64_t limit)
{
	struct range best = { 0, 0 };

	for (unsigned int i = 0; i < set->count; i++) {
		struct range r = set->range[i];

		r.end = MIN(r.end, limit);
		if (r.start < r.end && r.end - r.start > best.end - best.start)
			best = r;
	}
	return best;
}
