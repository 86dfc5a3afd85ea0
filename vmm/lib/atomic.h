/* SPDX-License-Identifier: MIT */
/*
 * Atomic access to memory that other CPUs or guests write. Sequentially
 * consistent unless the name says otherwise. Guest-shared bits are always
 * changed with these, never with a plain read-modify-write.
 */
#pragma once
#include "lib/types.h"

#define atomic_load(p)		__atomic_load_n((p), __ATOMIC_SEQ_CST)
#define atomic_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_load_relaxed(p)	__atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_store(p, v)	__atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_store_release(p, v) \
	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_store_relaxed(p, v) \
	__atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_exchange(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_add(p, v)	__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v)	__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v)	__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
/* On failure *expected holds what was found. */
#define atomic_compare_exchange(p, expected, v) \
	__atomic_compare_exchange_n((p), (expected), (v), false, \
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define atomic_fence()		__atomic_thread_fence(__ATOMIC_SEQ_CST)

/* Sets bit n of a 64-bit word; returns whether it was set before. */
static inline bool atomic_test_and_set_bit(uint64_t *word, unsigned int n)
{
	return atomic_fetch_or(word, BIT64(n)) & BIT64(n);
}

/* Clears bit n of a 64-bit word; returns whether it was set before. */
static inline bool atomic_test_and_clear_bit(uint64_t *word, unsigned int n)
{
	return atomic_fetch_and(word, ~BIT64(n)) & BIT64(n);
}
