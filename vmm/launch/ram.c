/* SPDX-License-Identifier: MIT */
/*
 * Gives a domain its frames. Runs of RAM begin at machine addresses that are
 * aligned as the guest-physical ones, so that the nested tables can use large
 * leaves: 1 GiB, then 2 MiB, and 4 KiB for what remains.
 */
#include "launch/plan.h"
#include "core/platform.h"
#include "launch/boot_alloc.h"

#define EXTENT_MAX	64u
#define POOL_SLACK	32u	/* tables for what a guest maps by the way */

struct draft {
	struct extent extent[EXTENT_MAX];
	uint32_t count;
};

/* Joins the run to the last extent if it continues it. */
static bool append(struct draft *draft, gfn_t gfn, struct run run)
{
	if (draft->count) {
		struct extent *last = &draft->extent[draft->count - 1];

		if (last->gfn.n + last->count == gfn.n &&
		    last->mfn.n + last->count == run.mfn.n) {
			last->count += run.count;
			return true;
		}
	}
	if (draft->count == EXTENT_MAX)
		return false;
	draft->extent[draft->count++] = (struct extent){ gfn, run.mfn,
							 run.count };
	return true;
}

/* The largest aligned run that is free for gfn. */
static struct run take_run(gfn_t gfn, uint64_t count, uint16_t owner)
{
	for (unsigned int level = arch_npte_max_level(); level > 1; level--) {
		unsigned int order = 9 * (level - 1);
		uint64_t unit = UINT64_C(1) << order;
		struct run run = { MFN_NONE, 0 };

		if (gfn.n % unit == 0 && count >= unit)
			run = boot_take(unit, count, order, owner, FRAME_RAM);
		if (run.count)
			return run;
	}
	/* Up to where a large one may be tried. */
	return boot_take(1, MIN(count, 512 - gfn.n % 512), ORDER_4K, owner,
			 FRAME_RAM);
}

static bool take_ram(struct draft *draft, gfn_t gfn, uint64_t count,
		     uint16_t owner)
{
	while (count) {
		struct run run = take_run(gfn, count, owner);

		if (!run.count || !append(draft, gfn, run))
			return false;
		gfn.n += run.count;
		count -= run.count;
	}
	return true;
}

unsigned int ram_leaf_level(gfn_t gfn, mfn_t mfn, uint64_t count)
{
	for (unsigned int level = arch_npte_max_level(); level > 1; level--) {
		uint64_t unit = UINT64_C(1) << 9 * (level - 1);

		if (count >= unit && (gfn.n | mfn.n) % unit == 0)
			return level;
	}
	return 1;
}

/* Table pages that mapping the extents takes. */
static uint64_t tables_needed(const struct draft *draft)
{
	uint64_t last[4] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
	uint64_t tables = 1;	/* for the special pages, beside ACPI's */

	for (uint32_t i = 0; i < draft->count; i++) {
		struct extent e = draft->extent[i];

		while (e.count) {
			unsigned int level = ram_leaf_level(e.gfn, e.mfn,
							    e.count);
			uint64_t unit = UINT64_C(1) << 9 * (level - 1);

			/* A table of level l covers 2^9l frames. */
			for (unsigned int l = level; l <= 3; l++) {
				tables += last[l] != e.gfn.n >> 9 * l;
				last[l] = e.gfn.n >> 9 * l;
			}
			e.gfn.n += unit;
			e.mfn.n += unit;
			e.count -= unit;
		}
	}
	return tables;
}

static int fill_pool(const struct plan *plan, const struct blueprint *b,
		     struct pool *pool, uint64_t needed)
{
	uint64_t count = b->pool_kib / 4;

	needed += 1;		/* the first frame of the grant table */
	if (!count)		/* all of RAM may be split into 4 KiB */
		count = needed + b->ram_frames / 512 + b->grant_frames +
			b->grant_maps / 512 + POOL_SLACK;
	if (count < needed)
		return plan_refuse(plan, b->node,
				   "bulkhead,pool = %u KiB is too small: %lu "
				   "KiB are needed", b->pool_kib, needed * 4);
	if (!BOOT_ARRAY(pool->page, count))
		return -XEN_ENOMEM;
	while (pool->count < count) {
		struct run run = boot_take(1, count - pool->count, ORDER_4K,
					   (uint16_t)b->domid, FRAME_POOL);

		if (!run.count)
			return -XEN_ENOMEM;
		for (uint64_t i = 0; i < run.count; i++)
			pool->page[pool->count++] = MFN(run.mfn.n + i);
	}
	return 0;
}

static bool take_page(mfn_t *mfn, const struct domain *d, enum frame_kind kind)
{
	struct run run = boot_take(1, 1, ORDER_4K, d->id, kind);

	*mfn = run.mfn;
	return run.count;
}

int ram_create(const struct plan *plan, const struct blueprint *b,
	       struct domain *d)
{
	uint64_t low = MIN(b->ram_frames, GPA_RAM_LOW_END >> PAGE_SHIFT);
	uint64_t free = boot_free_frames();
	struct draft draft = { .count = 0 };
	int err;

	d->ram_frames = b->ram_frames + 1;	/* ACPI */
	if (!take_ram(&draft, GFN(0), low, d->id) ||
	    !take_ram(&draft, gfn_of(GPA_ACPI), 1, d->id) ||
	    !take_ram(&draft, gfn_of(GPA_RAM_HIGH), b->ram_frames - low,
		      d->id) ||
	    !take_page(&d->p2m.root, d, FRAME_POOL) ||
	    !take_page(&d->p2m.blank, d, FRAME_POOL) ||
	    !take_page(&d->shared_mfn, d, FRAME_SHARED) ||
	    !take_page(&d->xenstore_mfn, d, FRAME_SHARED) ||
	    !take_page(&d->console.ring, d, FRAME_SHARED))
		goto full;
	err = fill_pool(plan, b, &d->pool, tables_needed(&draft));
	if (err == -XEN_EINVAL)
		return err;
	if (err || !BOOT_ARRAY(d->extent, draft.count))
		goto full;
	memcpy(d->extent, draft.extent, draft.count * sizeof(d->extent[0]));
	d->extent_count = draft.count;
	arch_frame_scrub(d->p2m.root);	/* maps nothing before the build */
	d->shared = arch_frame_ptr(d->shared_mfn);
	d->shared_gfn = GFN(UINT64_MAX);
	d->xenstore_gfn = gfn_of(GPA_XENSTORE);
	d->console.ring_gfn = gfn_of(GPA_CONSOLE);
	return 0;
full:
	plan_refuse(plan, b->node, "memory = %lu KiB does not fit: %lu KiB "
		    "are free", b->ram_frames * 4, free * 4);
	return -XEN_ENOMEM;
}
