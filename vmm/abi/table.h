/* SPDX-License-Identifier: MIT */
/*
 * The hypercall table: one function per number, each in a file of its name.
 * A function finds its arguments in v->regs, in rdi, rsi, rdx, r10 and r8, and
 * returns the result for rax: 0 or more, or -XEN_Exxx. What Xen declares as
 * an int has 32 bits: the upper half of its register means nothing. It copies
 * what the arguments point to before it looks at it. What it refuses it
 * leaves unchanged.
 */
#pragma once
#include "core/vcpu.h"

/*
 * Run the call again later: v->regs holds the moved-on arguments, or the
 * vCPU must not go on.
 */
#define HYPERCALL_AGAIN		INT64_MIN
#define HYPERCALL_COUNT		64u	/* numbers that a deny bitmap covers */

typedef int64_t hypercall_fn(struct vcpu *v);

hypercall_fn do_memory_op, do_multicall, do_set_timer_op, do_xen_version,
	do_console_io, do_grant_table_op, do_vm_assist, do_vcpu_op,
	do_sched_op, do_event_channel_op, do_hvm_op;

/*
 * One call on behalf of v: permission and bounds are checked. For the
 * dispatcher and for multicall.
 */
int64_t hypercall_call(struct vcpu *v, uint64_t number);

/* The edition of the Xen ABI that we claim, 4.17; at least 4 it must be. */
#define ABI_VERSION	(4u << 16 | 17u)

/*
 * The calling vCPU's timer for VIRQ_TIMER, on its CPU. A deadline that has
 * passed raises the interrupt at once.
 */
void timer_op_oneshot(struct vcpu *v, nsec_t deadline);

/* v's runstate to where the guest wants it kept, if it does; on v's CPU. */
void runstate_publish(const struct vcpu *v);
