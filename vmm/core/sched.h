/* SPDX-License-Identifier: MIT */
/*
 * Proportional share by weight, one queue per physical CPU. A CPU's queue
 * and timers are touched by that CPU only; others put a vCPU into its mailbox
 * (a lock-free stack) and kick it. Invariants:
 *  S1  a vCPU is in at most one mailbox (vcpu.mailed) and one run heap;
 *  S2  the vCPU in cpu.current is not in the heap;
 *  S3  a runnable vCPU that is not current is in the heap, or in a mailbox,
 *      or throttled by its cap.
 */
#pragma once
#include "core/world.h"

#define SCHED_SLICE	(5 * NSEC_PER_MS)
#define SCHED_STRETCH	(NSEC_PER_MS / 5) /* before who woke may cut in */
#define SCHED_PERIOD	(30 * NSEC_PER_MS)	/* of caps */

/* Launch, on the boot CPU: id and heaps are set. */
void sched_init_cpu(struct cpu *cpu);
/* Launch: v->cpu is its home; v may be runnable from now on. */
void sched_add(struct vcpu *v);

/* Something about v changed: its CPU must look at it. Any CPU, no lock. */
void sched_mail(struct vcpu *v);

/* The rest on v's own CPU. */

/* Reads mail, expires timers, sets cpu->resched if someone else is due. */
void sched_poll(struct cpu *cpu);
/* Takes the vCPU that is due out of the queue, as current; NULL = idle. */
struct vcpu *sched_pick(struct cpu *cpu);
/* The current vCPU is charged and goes where its state says. */
void sched_put(struct cpu *cpu);
/* Sets the hardware timer if the earliest deadline has changed. */
void sched_arm(struct cpu *cpu);

/* The turn of what runs on cpu, the caller's, ends then at the latest. */
void sched_leave_by(struct cpu *cpu, nsec_t end);
/*
 * Current cannot go on until vcpu_notify(). False if something is pending
 * already: then it stays runnable.
 */
bool sched_block(struct vcpu *v);
/* Current lets others go first, once. */
void sched_pass(struct vcpu *v);
/* Current spins: a waiting vCPU of its own domain on this CPU goes first. */
void sched_yield_to_sibling(struct vcpu *v);
/* Whether v may be given the CPU: its state and its domain's. */
bool vcpu_is_runnable(const struct vcpu *v);

/*
 * Whether every CPU has passed its main loop since the first call, so that
 * none is still in an operation begun before: a bounded step, true when done.
 * *cursor and *seen start at 0.
 */
bool sched_all_passed(uint64_t *cursor, uint64_t *seen);

/* Operator path: all other CPUs stand still outside guests, then go on. */
void sched_stop_others(void);
void sched_resume_others(void);
