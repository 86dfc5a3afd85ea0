/* SPDX-License-Identifier: MIT */
/* A thin layer over the heap; the hardware timer is armed in sched.c. */
#include "core/timer.h"
#include "core/world.h"

void timer_stop(struct cpu *cpu, struct timer *timer)
{
	if (timer_is_armed(timer))
		heap_remove(&cpu->timers, &timer->node);
}

void timer_set(struct cpu *cpu, struct timer *timer, nsec_t deadline)
{
	timer_stop(cpu, timer);
	if (deadline != NSEC_NEVER)
		heap_insert(&cpu->timers, &timer->node, deadline);
}

struct timer *timer_take_expired(struct cpu *cpu, nsec_t now)
{
	struct heap_node *first = heap_first(&cpu->timers);

	if (!first || first->key > now)
		return NULL;
	heap_remove(&cpu->timers, first);
	return container_of(first, struct timer, node);
}
