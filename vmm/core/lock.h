/* SPDX-License-Identifier: MIT */
/*
 * Lock order. A lock may be taken while holding locks of a lower rank only:
 *   1  domain.lock, two at once: lower domid first (domains_lock)
 *   2  console.lock
 *   3  log lock
 *   4  device.lock
 * The scheduler and the timers have no lock: each CPU owns its queues, and
 * others send it mail (core/sched.h).
 */
#pragma once
#include "core/domain.h"

struct domains_locked { struct domain *self, *peer; };	/* both locks held */

static inline struct domains_locked domains_lock(struct domain *self,
						 struct domain *peer)
	UNCHECKED_LOCKING
{
	spin_lock(self->id < peer->id ? &self->lock : &peer->lock);
	if (self != peer)
		spin_lock(self->id < peer->id ? &peer->lock : &self->lock);
	return (struct domains_locked){ self, peer };
}

static inline void domains_unlock(struct domains_locked both)
	UNCHECKED_LOCKING
{
	if (both.self != both.peer)
		spin_unlock(&both.peer->lock);
	spin_unlock(&both.self->lock);
}
