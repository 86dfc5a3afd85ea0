/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's timers as calls set them. Deadlines are absolute system time. A
 * timer belongs to the CPU of its vCPU, so a vCPU sets only its own.
 */
#include "abi/table.h"
#include "core/event.h"
#include "core/world.h"

static struct cpu *cpu_of(const struct vcpu *v)
{
	return &world.cpu[atomic_load_relaxed(&v->cpu)];
}

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

void timer_op_stop(struct vcpu *v, enum timer_kind kind)
{
	timer_stop(cpu_of(v), &v->timer[kind]);
}

void timer_op_periodic(struct vcpu *v, nsec_t period)
{
	v->periodic = period;
	timer_set(cpu_of(v), &v->timer[TIMER_PERIODIC], arch_time() + period);
}

void timer_op_poll(struct vcpu *v, nsec_t deadline)
{
	timer_set(cpu_of(v), &v->timer[TIMER_POLL], deadline);
}

int64_t do_set_timer_op(struct vcpu *v, const uint64_t arg[5])
{
	if (arg[0] == 0)
		timer_op_stop(v, TIMER_SINGLESHOT);
	else
		timer_op_oneshot(v, arg[0]);
	return 0;
}
