/* SPDX-License-Identifier: MIT */
/* Claims about sched_op: giving up the CPU for a while or for good. */
#include "abi_fixture.h"
#include <xen/sched.h>
#include "abi/hypercall.h"
#include "core/event.h"

static int setup(void **state)
{
	int result = abi_setup(state);

	vm(1, 0)->pending = 0;
	vm(1, 0)->info->evtchn_upcall_pending = 0;
	mock_vcpu(vm(1, 0))->interrupts_enabled = true;
	return result;
}

static evtchn_port_t new_port(struct vcpu *v)
{
	evtchn_port_t port;

	assert_int_equal(event_bind_ipi(v->domain, v->id, &port), 0);
	return port;
}

static int64_t poll(struct vcpu *v, const evtchn_port_t *port, uint32_t count,
		    nsec_t timeout)
{
	struct sched_poll poll = { .nr_ports = count, .timeout = timeout };

	guest_write(v, scratch(v, 4090), port,
		    MIN(count, 200u) * sizeof(port[0]));
	poll.ports.p = (void *)(uintptr_t)scratch(v, 4090);
	return call_with(v, 29, SCHEDOP_poll, poll);
}

static void block_sleeps_unless_an_event_is_due(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	v->info->evtchn_upcall_pending = 1;
	assert_int_equal(call(v, 29, SCHEDOP_block, 0, 0), 0);
	assert_int_equal(v->state, VCPU_RUNNABLE);
	v->info->evtchn_upcall_pending = 0;
	assert_int_equal(call(v, 29, SCHEDOP_block, 0, 0), 0);
	assert_int_equal(v->state, VCPU_BLOCKED);
}

static void yield_succeeds(void **state)
{
	(void)state;
	assert_int_equal(call(vm(1, 0), 29, SCHEDOP_yield, 0, 0), 0);
	assert_int_equal(vm(1, 0)->state, VCPU_RUNNABLE);
}

static void poll_returns_at_once_if_a_port_is_pending(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port[2] = { new_port(v), new_port(v) };

	(void)state;
	v->domain->shared->evtchn_mask[0] = ~0ul;
	event_raise(v->domain, port[1]);
	v->pending = 0;
	assert_int_equal(poll(v, port, 2, 0), 0);
	assert_int_equal(v->state, VCPU_RUNNABLE);
	assert_false(v->polling);
	assert_false(timer_is_armed(&v->timer[TIMER_POLL]));
	v->pending = 0;
	/* Of another port it knows nothing. */
	assert_int_equal(poll(v, port, 1, 0), 0);
	assert_int_equal(v->state, VCPU_BLOCKED);
}

static void polled_port_wakes_although_masked(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port = new_port(v);

	(void)state;
	v->domain->shared->evtchn_mask[0] = ~0ul;
	assert_int_equal(poll(v, &port, 1, 5000000), 0);
	assert_int_equal(v->state, VCPU_BLOCKED);
	assert_true(v->polling);
	assert_true(timer_is_armed(&v->timer[TIMER_POLL]));
	assert_int_equal(v->timer[TIMER_POLL].node.key, 5000000);
	event_raise(v->domain, port);
	assert_true(v->pending & VCPU_PENDING_POLL);
	runstate_change(v, RUNSTATE_running, 2000);
	assert_false(v->polling);
	assert_false(timer_is_armed(&v->timer[TIMER_POLL]));
}

static void poll_ends_by_its_timeout(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port = new_port(v);

	(void)state;
	set_time(1000);
	assert_int_equal(poll(v, &port, 1, 1000), 0);
	assert_int_equal(v->state, VCPU_RUNNABLE);
	assert_int_equal(poll(v, &port, 0, 3000), 0);
	assert_int_equal(v->state, VCPU_BLOCKED);
	set_time(3000);
	assert_int_equal(fire_timers(v), 1u << TIMER_POLL);
}

static void poll_with_interrupts_on_sees_a_due_event(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port = new_port(v);

	(void)state;
	v->info->evtchn_upcall_pending = 1;
	assert_int_equal(poll(v, &port, 1, 0), 0);
	assert_int_equal(v->state, VCPU_RUNNABLE);
	v->pending = 0;
	mock_vcpu(v)->interrupts_enabled = false;
	assert_int_equal(poll(v, &port, 1, 0), 0);
	assert_int_equal(v->state, VCPU_BLOCKED);
}

static void what_cannot_be_delivered_does_not_keep_a_poller_awake(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port = new_port(v);

	(void)state;
	mock_vcpu(v)->interrupts_enabled = false;
	v->pending = VCPU_PENDING_LOOK | VCPU_PENDING_UPCALL;
	assert_int_equal(poll(v, &port, 1, 0), 0);
	assert_int_equal(v->state, VCPU_BLOCKED);
	v->state = VCPU_RUNNABLE;
	v->pending = VCPU_PENDING_NMI | VCPU_PENDING_UPCALL;
	assert_int_equal(poll(v, &port, 1, 0), 0);
	assert_true(v->pending & VCPU_PENDING_LOOK);
	assert_int_equal(v->state, VCPU_RUNNABLE);
	assert_false(v->polling);
}

static void bad_poll_is_refused(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port[200] = { 0 };
	struct sched_poll bad = { .nr_ports = 1 };

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		port[i] = i == 0 ? new_port(v) : port[0];
	assert_int_equal(poll(v, port, 129, 0), -XEN_EINVAL);
	assert_int_equal(poll(v, port, UINT32_MAX, 0), -XEN_EINVAL);
	port[1] = 0;
	assert_int_equal(poll(v, port, 2, 0), -XEN_EINVAL);
	port[1] = v->domain->port_count;
	assert_int_equal(poll(v, port, 2, 0), -XEN_EINVAL);
	port[1] = v->domain->port_count - 1;		/* free */
	assert_int_equal(poll(v, port, 2, 0), -XEN_EINVAL);
	bad.ports.p = (void *)NOWHERE;
	assert_int_equal(call_with(v, 29, SCHEDOP_poll, bad), -XEN_EFAULT);
	assert_int_equal(call(v, 29, SCHEDOP_poll, NOWHERE, 0), -XEN_EFAULT);
	assert_int_equal(v->state, VCPU_RUNNABLE);
	assert_false(v->polling);
}

static void shutdown_ends_the_domain_and_does_not_return(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct sched_shutdown shutdown = { SHUTDOWN_reboot };

	(void)state;
	v->domain->on_reboot = ACTION_PRESERVE;
	world.cpu[v->cpu].current = v;
	guest_write(v, scratch(v, 0), &shutdown, sizeof(shutdown));
	v->regs.rax = 29;
	v->regs.rdi = SCHEDOP_shutdown;
	v->regs.rsi = scratch(v, 0);
	assert_false(hypercall_dispatch(v));
	assert_int_equal(v->domain->shutdown_reason, SHUTDOWN_reboot);
	assert_int_not_equal(v->domain->state, DOMAIN_RUNNING);
	assert_true(world.cpu[v->cpu].resched);
	assert_int_equal(vm(2, 0)->domain->state, DOMAIN_RUNNING);
}

static void unknown_reason_is_refused(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct sched_shutdown shutdown = { SHUTDOWN_MAX + 1 };

	(void)state;
	assert_int_equal(call_with(v, 29, SCHEDOP_shutdown, shutdown),
			 -XEN_EINVAL);
	assert_int_equal(call(v, 29, SCHEDOP_shutdown, NOWHERE, 0),
			 -XEN_EFAULT);
	assert_int_equal(v->domain->state, DOMAIN_RUNNING);
}

static void calls_for_others_are_refused(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	assert_int_equal(call(v, 29, SCHEDOP_remote_shutdown, 0, 0),
			 -XEN_EPERM);
	assert_int_equal(call(v, 29, SCHEDOP_pin_override, 0, 0), -XEN_EPERM);
	assert_int_equal(call(v, 29, SCHEDOP_watchdog, 0, 0), -XEN_ENOSYS);
	assert_int_equal(call(v, 29, SCHEDOP_shutdown_code, 0, 0),
			 -XEN_ENOSYS);
	assert_int_equal(call(v, 29, 1ull << 32 | 9, 0, 0), -XEN_ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(block_sleeps_unless_an_event_is_due),
		T(yield_succeeds),
		T(poll_returns_at_once_if_a_port_is_pending),
		T(polled_port_wakes_although_masked),
		T(poll_ends_by_its_timeout),
		T(poll_with_interrupts_on_sees_a_due_event),
		T(what_cannot_be_delivered_does_not_keep_a_poller_awake),
		T(bad_poll_is_refused),
		T(shutdown_ends_the_domain_and_does_not_return),
		T(unknown_reason_is_refused),
		T(calls_for_others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
