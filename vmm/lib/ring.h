/* SPDX-License-Identifier: MIT */
/* A queue of bytes with one writer and one reader, on any CPUs; no lock. */
#pragma once
#include "lib/atomic.h"

#define RING_SIZE	8192u

struct ring {
	uint32_t head, tail;	/* [A] bytes ever written, ever read */
	char byte[RING_SIZE];
};

static inline uint32_t ring_room(const struct ring *r)
{
	return RING_SIZE - (atomic_load(&r->head) - atomic_load(&r->tail));
}

/* There must be room. */
static inline void ring_put(struct ring *r, const void *data, size_t size)
{
	uint32_t head = r->head;

	for (const char *byte = data; size; size--)
		r->byte[head++ % RING_SIZE] = *byte++;
	atomic_store(&r->head, head);
}

/* At most size bytes; returns how many. */
static inline size_t ring_take(struct ring *r, void *buffer, size_t size)
{
	uint32_t tail = r->tail, head = atomic_load(&r->head);
	size_t count = 0;

	for (char *byte = buffer; tail != head && count < size; count++)
		byte[count] = r->byte[tail++ % RING_SIZE];
	atomic_store(&r->tail, tail);
	return count;
}
