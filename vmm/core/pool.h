/* SPDX-License-Identifier: MIT */
/*
 * Page pool of one domain: nested page tables, grant-table frames and the
 * like come from it, so running out is that domain's error. Pages are given
 * out and only come back all together, when the domain is rebuilt.
 */
#pragma once
#include "core/arch.h"

struct pool {
	mfn_t *page;		/* [I] the frames that belong to the pool */
	uint32_t count;		/* [I] */
	uint32_t used;		/* [L] page[0..used) are out */
};

static inline uint32_t pool_free_count(const struct pool *pool)
{
	return pool->count - pool->used;
}

/* The next page, zeroed. pool_free_count() must not be 0 (checked before). */
static inline mfn_t pool_take(struct pool *pool)
{
	BUG_ON(pool->used >= pool->count);
	arch_frame_scrub(pool->page[pool->used]);
	return pool->page[pool->used++];
}
