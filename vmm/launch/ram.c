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

/* What is known of a domain's frames while they are taken. */
struct draft {
	const struct plan *plan;
	const struct blueprint *b;
	uint64_t free;		/* frames, at first */
	struct extent extent[EXTENT_MAX];
	uint32_t count;
};

/* Frames for the domain; count is 0 only if those beyond 4 KiB are fewer. */
static struct run take(const struct draft *draft, uint64_t max,
		       unsigned int order, enum frame_kind kind)
{
	struct run run = boot_take(UINT64_C(1) << order, max, order,
				   (uint16_t)draft->b->domid, kind);

	if (!run.count && order == ORDER_4K)
		plan_refuse(draft->plan, draft->b->node, "memory = %u KiB does "
			    "not fit: %lu KiB are free", draft->b->memory_kib,
			    draft->free * 4);
	return run;
}

/* The largest aligned run that is free for gfn. */
static struct run take_run(const struct draft *draft, gfn_t gfn, uint64_t count)
{
	for (unsigned int level = arch_npte_max_level(); level > 1; level--) {
		unsigned int order = 9 * (level - 1);
		uint64_t unit = UINT64_C(1) << order;
		struct run run = { MFN_NONE, 0 };

		if (gfn.n % unit == 0 && count >= unit)
			run = take(draft, count, order, FRAME_RAM);
		if (run.count)
			return run;
	}
	/* Up to where a large one may be tried. */
	return take(draft, MIN(count, 512 - gfn.n % 512), ORDER_4K, FRAME_RAM);
}

/* Joins the runs that continue each other. */
static void take_ram(struct draft *draft, gfn_t gfn, uint64_t count)
{
	while (count) {
		struct run run = take_run(draft, gfn, count);
		struct extent *e = &draft->extent[draft->count];

		if (draft->count && e[-1].gfn.n + e[-1].count == gfn.n &&
		    e[-1].mfn.n + e[-1].count == run.mfn.n)
			e[-1].count += run.count;
		else if (draft->count == EXTENT_MAX)
			plan_refuse(draft->plan, draft->b->node, "memory is "
				    "free in too many pieces");
		else
			draft->extent[draft->count++] =
				(struct extent){ gfn, run.mfn, run.count };
		gfn.n += run.count;
		count -= run.count;
	}
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

static void fill_pool(const struct draft *draft, struct pool *pool,
		      uint64_t more)
{
	const struct blueprint *b = draft->b;
	uint64_t count = b->pool_kib / 4;
	/* Tables, and the first frame of the grant table. */
	uint64_t needed = tables_needed(draft) + more + 1;

	if (!count)		/* all of RAM may be split into 4 KiB */
		count = needed + b->ram_frames / 512 + b->grant_frames +
			b->grant_maps / 512 + POOL_SLACK;
	if (count < needed)
		plan_refuse(draft->plan, b->node, "bulkhead,pool = %u KiB is "
			    "too small: %lu KiB are needed", b->pool_kib,
			    needed * 4);
	pool->page = BOOT_ARRAY(pool->page, count);
	while (pool->count < count) {
		struct run run = take(draft, count - pool->count, ORDER_4K,
				      FRAME_POOL);

		for (uint64_t i = 0; i < run.count; i++)
			pool->page[pool->count++] = MFN(run.mfn.n + i);
	}
}

void ram_create(const struct plan *plan, const struct blueprint *b,
		struct domain *d, uint64_t tables)
{
	uint64_t low = MIN(b->ram_frames, GPA_RAM_LOW_END >> PAGE_SHIFT);
	struct draft draft = { .plan = plan, .b = b,
			       .free = boot_free_frames() };

	d->ram_frames = b->ram_frames + 1;	/* ACPI */
	take_ram(&draft, GFN(0), low);
	take_ram(&draft, gfn_of(GPA_ACPI), 1);
	take_ram(&draft, gfn_of(GPA_RAM_HIGH), b->ram_frames - low);
	d->p2m.root = take(&draft, 1, ORDER_4K, FRAME_POOL).mfn;
	d->p2m.blank = take(&draft, 1, ORDER_4K, FRAME_POOL).mfn;
	d->shared_mfn = take(&draft, 1, ORDER_4K, FRAME_SHARED).mfn;
	d->xenstore_mfn = take(&draft, 1, ORDER_4K, FRAME_SHARED).mfn;
	d->console.ring = take(&draft, 1, ORDER_4K, FRAME_SHARED).mfn;
	fill_pool(&draft, &d->pool, tables);
	d->extent = BOOT_ARRAY(d->extent, draft.count);
	memcpy(d->extent, draft.extent, draft.count * sizeof(d->extent[0]));
	d->extent_count = draft.count;
	arch_frame_scrub(d->p2m.root);	/* maps nothing before the build */
	d->shared = arch_frame_ptr(d->shared_mfn);
	d->shared_gfn = GFN(UINT64_MAX);
	d->xenstore_gfn = gfn_of(GPA_XENSTORE);
	d->console.ring_gfn = gfn_of(GPA_CONSOLE);
}
