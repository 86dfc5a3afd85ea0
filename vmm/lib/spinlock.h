/* SPDX-License-Identifier: MIT */
/*
 * A ticket lock: fair, so that no guest can starve another of a lock. The
 * VMM is not preemptible and takes no lock in interrupt context, so a holder
 * always runs. Ranks (which lock may be taken inside which) are in
 * core/lock.h.
 */
#pragma once
#include "lib/atomic.h"

#if defined(__clang__)
#define LOCK_ANNOTATION(x)	__attribute__((x))
#else
#define LOCK_ANNOTATION(x)
#endif
#define CAPABILITY		LOCK_ANNOTATION(capability("lock"))
#define ACQUIRES(...)		LOCK_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASES(...)		LOCK_ANNOTATION(release_capability(__VA_ARGS__))
#define UNCHECKED_LOCKING	LOCK_ANNOTATION(no_thread_safety_analysis)

struct CAPABILITY spinlock {
	uint32_t next;		/* [A] ticket to hand out */
	uint32_t serving;	/* [A] ticket that holds the lock */
};

static inline void cpu_relax(void)
{
	__builtin_ia32_pause();
}

static inline void spin_lock(struct spinlock *l) ACQUIRES(*l)
	UNCHECKED_LOCKING
{
	uint32_t ticket = __atomic_fetch_add(&l->next, 1u, __ATOMIC_RELAXED);

	while (atomic_load_acquire(&l->serving) != ticket)
		cpu_relax();
}

static inline void spin_unlock(struct spinlock *l) RELEASES(*l)
	UNCHECKED_LOCKING
{
	atomic_store_release(&l->serving, l->serving + 1);
}
