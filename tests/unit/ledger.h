/* SPDX-License-Identifier: MIT */
/* What a ledger asks of vmm/lib: is a lock held, is a heap in order? */
#pragma once
#include "lib/heap.h"
#include "lib/spinlock.h"

static inline bool spin_is_locked(struct spinlock *l)
{
	return atomic_load(&l->serving) != atomic_load(&l->next);
}

/* H1 and H2 of lib/heap.h. */
static inline bool heap_invariant(const struct heap *heap)
{
	for (uint32_t i = 0; i < heap->count; i++) {
		if (heap->node[i]->slot != i + 1)
			return false;
		if (i && heap->node[(i - 1) / 2]->key > heap->node[i]->key)
			return false;
	}
	return heap->count <= heap->size;
}
