/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's timers as calls set them. Deadlines are absolute system time. A
 * timer belongs to the CPU of its vCPU, so a vCPU sets only its own.
 */
#include "abi/table.h"
#include "core/event.h"
#include "core/world.h"

void timer_op_oneshot(struct vcpu *v, nsec_t deadline)
{
	struct timer *timer = &v->timer[TIMER_SINGLESHOT];

	if (deadline <= arch_time()) {
		timer_stop(cpu_of(v), timer);
		event_raise_virq(v, VIRQ_TIMER);
	} else {
		timer_set(cpu_of(v), timer, deadline);
	}
}

int64_t do_set_timer_op(struct vcpu *v)
{
	if (v->regs.rdi == 0)
		timer_stop(cpu_of(v), &v->timer[TIMER_SINGLESHOT]);
	else
		timer_op_oneshot(v, v->regs.rdi);
	return 0;
}
