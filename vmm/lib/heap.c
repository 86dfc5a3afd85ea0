/* SPDX-License-Identifier: MIT */
/* Sift up, sift down; see heap.h. */
#include "lib/heap.h"

static void place(struct heap *heap, uint32_t at, struct heap_node *node)
{
	heap->node[at] = node;
	node->slot = at + 1;
}

static void sift_up(struct heap *heap, uint32_t at, struct heap_node *node)
{
	while (at) {
		uint32_t parent = (at - 1) / 2;

		if (heap->node[parent]->key <= node->key)
			break;
		place(heap, at, heap->node[parent]);
		at = parent;
	}
	place(heap, at, node);
}

static void sift_down(struct heap *heap, uint32_t at, struct heap_node *node)
{
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
		    heap->node[child + 1]->key < heap->node[child]->key)
			child++;
		if (heap->node[child]->key >= node->key)
			break;
		place(heap, at, heap->node[child]);
		at = child;
	}
	place(heap, at, node);
}

void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key)
{
	node->key = key;
	sift_up(heap, heap->count++, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	uint32_t at = node->slot - 1;
	struct heap_node *last = heap->node[--heap->count];

	node->slot = 0;
	if (last == node)
		return;
	if (at && heap->node[(at - 1) / 2]->key > last->key)
		sift_up(heap, at, last);
	else
		sift_down(heap, at, last);
}
