/* SPDX-License-Identifier: MIT */
/*
 * Singleshot timers: in the past, far ahead, stopped, replaced, -ETIME when
 * asked for a future that is past; set_timer_op; never early, late within a
 * bound (instruction-counted time), and the calls that are not for oneself.
 * Guards against: a deadline that wraps, a stopped timer that fires, a timer
 * that survives its replacement.
 */
#include "test.h"

#define LATE_MAX	(MILLISECOND / 2)

static evtchn_port_t port;

static bool fired_within(uint64_t seen, uint64_t ns)
{
	uint64_t end = clock_now() + ns;

	while (clock_now() < end)
		if (event_count(port) > seen)
			return true;
	return event_count(port) > seen;
}

static void check_accuracy(void)
{
	uint64_t worst = 0;

	for (unsigned int i = 1; i < 40; i++) {
		uint64_t seen = event_count(port), late;
		uint64_t due = clock_now() + i * MILLISECOND / 8;

		CHECK_EQ(clock_timer_set(due, 0), 0);
		if (!CHECK(fired_within(seen, 100 * MILLISECOND), "%u", i))
			return;
		late = clock_now() - due;
		CHECK((long)late >= 0, "early by %ld ns", -(long)late);
		worst = late > worst ? late : worst;
		CHECK_EQ(event_count(port), seen + 1);
	}
	CHECK(worst < LATE_MAX, "%lu ns late", worst);
}

static void check_past(void)
{
	uint64_t seen = event_count(port);

	CHECK_EQ(clock_timer_set(1, 0), 0);
	CHECK(fired_within(seen, 10 * MILLISECOND), "past: at once");
	seen = event_count(port);
	CHECK_EQ(clock_timer_set(0, 0), 0);
	CHECK(fired_within(seen, 10 * MILLISECOND), "zero: at once");
	seen = event_count(port);
	CHECK_EQ(clock_timer_set(clock_now() - 1000, VCPU_SSHOTTMR_future),
		 -XEN_ETIME);
	CHECK(!fired_within(seen, 5 * MILLISECOND), "refused");
}

static void check_far(void)
{
	static const uint64_t far[] = { 3600 * SECOND, 1ull << 62, 1ull << 63,
					~0ull - 1, ~0ull };

	for (unsigned int i = 0; i < ARRAY_SIZE(far); i++) {
		uint64_t seen = event_count(port);

		CHECK_EQ(clock_timer_set(far[i], 0), 0, "%lx", far[i]);
		CHECK(!fired_within(seen, 5 * MILLISECOND), "%lx", far[i]);
		CHECK_EQ(clock_timer_stop(), 0);
	}
}

static void check_replaced(void)
{
	uint64_t seen = event_count(port);

	clock_timer_set(clock_now() + 3 * MILLISECOND, 0);
	clock_timer_set(clock_now() + 20 * MILLISECOND, 0);
	CHECK(!fired_within(seen, 10 * MILLISECOND), "the first is gone");
	CHECK(fired_within(seen, 20 * MILLISECOND));
	seen = event_count(port);
	clock_timer_set(clock_now() + 3 * MILLISECOND, 0);
	CHECK_EQ(clock_timer_stop(), 0);
	CHECK_EQ(clock_timer_stop(), 0, "twice");
	CHECK(!fired_within(seen, 10 * MILLISECOND), "stopped");
}

static void check_timer_op(void)
{
	uint64_t seen = event_count(port);

	CHECK_EQ(hypercall5(__HYPERVISOR_set_timer_op,
			    clock_now() + 2 * MILLISECOND, 0, 0, 0), 0);
	CHECK(fired_within(seen, 10 * MILLISECOND), "set_timer_op");
	seen = event_count(port);
	CHECK_EQ(hypercall5(__HYPERVISOR_set_timer_op,
			    clock_now() + 2 * MILLISECOND, 0, 0, 0), 0);
	CHECK_EQ(hypercall5(__HYPERVISOR_set_timer_op, 0, 0, 0, 0), 0);
	CHECK(!fired_within(seen, 10 * MILLISECOND), "0 cancels");
}

int main(void)
{
	struct vcpu_set_singleshot_timer arg = { 1, 0 };

	port = clock_timer_port();
	if (!CHECK(port))
		test_end();
	CHECK_EQ(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	check_accuracy();
	check_past();
	check_far();
	check_replaced();
	check_timer_op();
	CHECK(vcpu_op(VCPUOP_set_singleshot_timer, 1, &arg) < 0);
	CHECK_EQ(vcpu_op(VCPUOP_set_singleshot_timer, 0,
			 (void *)0x500000000000), -XEN_EFAULT);
	test_end();
}
