/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers, a heap per physical CPU. A timer belongs to one CPU from
 * arming to firing and is touched by that CPU only, so there is no lock.
 * Invariants: those of lib/heap.h; node.key is the deadline.
 */
#pragma once
#include "lib/heap.h"

enum timer_kind {
	TIMER_SINGLESHOT,	/* VCPUOP_set_singleshot_timer */
	TIMER_LAPIC,		/* the virtual local APIC's */
	TIMER_POLL,		/* SCHEDOP_poll's time-out */
	TIMER_KIND_COUNT,	/* those above live in struct vcpu */
	TIMER_SLICE,		/* end of a time slice; lives in struct cpu */
	TIMER_SERIAL,		/* the serial ports are looked at */
	TIMER_REFILL,		/* caps start a new period */
};
#define TIMERS_PER_CPU	3u

struct timer {
	struct heap_node node;	/* [C] key: deadline */
	uint32_t kind;		/* [I] enum timer_kind */
};

struct cpu;

/* Arms or re-arms; deadline NSEC_NEVER disarms. On the timer's CPU only. */
void timer_set(struct cpu *cpu, struct timer *timer, nsec_t deadline);
void timer_stop(struct cpu *cpu, struct timer *timer);
static inline bool timer_is_armed(const struct timer *timer)
{
	return timer->node.slot != 0;
}
/* Removes and returns a timer whose deadline is <= now, or NULL. */
struct timer *timer_take_expired(struct cpu *cpu, nsec_t now);
