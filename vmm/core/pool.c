/* SPDX-License-Identifier: MIT */
/* The page pool of one domain: a stack that only grows until the rebuild. */
#include "core/pool.h"
#include "core/arch.h"

mfn_t pool_take(struct pool *pool)
{
	BUG_ON(pool->used >= pool->count);
	arch_frame_scrub(pool->page[pool->used]);
	return pool->page[pool->used++];
}

void pool_reset(struct pool *pool)
{
	pool->used = 0;
}
