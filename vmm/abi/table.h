/* SPDX-License-Identifier: MIT */
/*
 * The hypercall table: one function per number, each in a file of its name.
 * A function gets the caller's arguments as they were in its registers and
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

typedef int64_t hypercall_fn(struct vcpu *v, const uint64_t arg[5]);

hypercall_fn do_memory_op, do_multicall, do_set_timer_op, do_xen_version,
	do_console_io, do_grant_table_op, do_vm_assist, do_vcpu_op,
	do_sched_op, do_event_channel_op, do_hvm_op;

/*
 * One call on behalf of v: permission and bounds are checked. For the
 * dispatcher and for multicall.
 */
int64_t hypercall_call(struct vcpu *v, uint64_t number,
		       const uint64_t arg[5]);

/* The edition of the Xen ABI that we claim; major must be at least 4. */

#define ABI_MAJOR	4u
#define ABI_MINOR	17u
#define ABI_VERSION	(ABI_MAJOR << 16 | ABI_MINOR)

/*
 * Timers of the calling vCPU, on its CPU. They raise VIRQ_TIMER, the poll
 * timer ends SCHEDOP_poll. Stopping what is not armed does nothing.
 */

/* A deadline that has passed raises the interrupt at once. */
void timer_op_oneshot(struct vcpu *v, nsec_t deadline);
void timer_op_periodic(struct vcpu *v, nsec_t period);
void timer_op_poll(struct vcpu *v, nsec_t deadline);
void timer_op_stop(struct vcpu *v, enum timer_kind kind);

/*
 * Areas of guest memory that the VMM keeps up to date for a vCPU. An area is
 * resolved when it is registered, by the vCPU's page tables of that moment,
 * and stays the domain's own RAM for as long as the domain lives.
 */

/* At most a page, in at most two pieces. 0 or -XEN_EFAULT. */
int area_resolve(struct vcpu *v, uint64_t va, uint32_t size,
		 struct guest_area *area);
/* The first size bytes of an area that is registered. */
void area_write(const struct guest_area *area, const void *from, size_t size);

/* On v's CPU. va 0 takes the registration back. 0 or -XEN_EFAULT. */
int runstate_register(struct vcpu *v, uint64_t va);
int time_register(struct vcpu *v, uint64_t va);
