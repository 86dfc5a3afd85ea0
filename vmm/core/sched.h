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

void sched_init_cpu(struct cpu *cpu);
/* Launch: makes vcpu->cpu its home. */
void sched_add(struct vcpu *v);

/* Something about v changed: its CPU must look at it. Any CPU, no lock. */
void sched_mail(struct vcpu *v);

/* The rest on v's own CPU. */
/* v cannot go on until vcpu_notify(): false if something is pending. */
bool sched_block(struct vcpu *v);
void sched_yield(struct vcpu *v);
/* v gives the rest of its slice to a vCPU of its own domain. */
void sched_yield_to(struct vcpu *v, struct vcpu *to);
/* Reads the mailbox, expires timers, picks who runs; NULL = idle. */
struct vcpu *sched_pick(struct cpu *cpu);
/* The vCPU that ran is charged and goes where its state says. */
void sched_put(struct cpu *cpu, struct vcpu *v);
/* Whether v may be given the CPU: its state and its domain's. */
bool vcpu_is_runnable(const struct vcpu *v);
