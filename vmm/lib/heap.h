/* SPDX-License-Identifier: MIT */
/*
 * A binary heap of nodes that live in their owners: the smallest key first,
 * O(log n), no allocation. Invariants:
 *  H1  node[i]->key >= node[(i - 1) / 2]->key;
 *  H2  node[i]->slot == i + 1; a node in no heap has slot 0.
 */
#pragma once
#include "lib/types.h"

struct heap_node {
	uint64_t key;
	uint32_t slot;
};

struct heap {
	struct heap_node **node;	/* room for size pointers */
	uint32_t count, size;
};

static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count ? heap->node[0] : NULL;
}

/* node->slot must be 0 and heap->count < heap->size. */
void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key);
/* node must be in this heap. */
void heap_remove(struct heap *heap, struct heap_node *node);
