/* SPDX-License-Identifier: MIT */
/*
 * SCHEDOP_poll and SCHEDOP_block: return at once when a listed port is
 * pending, at the timeout when none becomes, on an event in between; bad
 * lists are refused.
 * Guards against: a poller that sleeps past its event or for ever.
 */
#include "test.h"

static evtchn_port_t list[256];

static long poll(evtchn_port_t *ports, unsigned int count, uint64_t timeout)
{
	struct sched_poll arg = { .nr_ports = count, .timeout = timeout };

	set_xen_guest_handle(arg.ports, ports);
	return sched_op(SCHEDOP_poll, &arg);
}

static void check_refused(void)
{
	list[0] = 0xffffffff;
	CHECK_EQ(poll(list, 1, 1), -XEN_EINVAL);
	list[0] = 4096;
	CHECK_EQ(poll(list, 1, 1), -XEN_EINVAL);
	list[0] = 1;
	CHECK_EQ(poll(list, 129, 1), -XEN_EINVAL);
	CHECK_EQ(poll(list, 0xffffffff, 1), -XEN_EINVAL);
	CHECK_EQ(poll((evtchn_port_t *)0x500000000000, 1, 1), -XEN_EFAULT);
	CHECK_EQ(poll((evtchn_port_t *)0x8000000000000000, 1, 1),
		 -XEN_EFAULT);
}

static void check_timeout(evtchn_port_t quiet)
{
	uint64_t start = clock_now(), took;

	list[0] = quiet;
	CHECK_EQ(poll(list, 1, start + 5 * MILLISECOND), 0);
	took = clock_now() - start;
	CHECK(took >= 5 * MILLISECOND && took < 20 * MILLISECOND, "%lu ns",
	      took);
	start = clock_now();
	CHECK_EQ(poll(list, 1, 1), 0, "a timeout that is past");
	CHECK(clock_now() - start < 5 * MILLISECOND);
	start = clock_now();
	CHECK_EQ(poll(list, 0, start + 3 * MILLISECOND), 0, "no port");
	CHECK(clock_now() - start >= 3 * MILLISECOND);
}

/* Pending although masked: the mask does not count. */
static void check_pending(evtchn_port_t quiet, evtchn_port_t loud)
{
	uint64_t start = clock_now();

	event_mask(loud);
	event_send(loud);
	list[0] = quiet;
	list[1] = loud;
	CHECK_EQ(poll(list, 2, 0), 0);
	CHECK(clock_now() - start < MILLISECOND);
	event_clear(loud);
}

static void check_woken(evtchn_port_t quiet)
{
	evtchn_port_t timer = clock_timer_port();
	uint64_t start = clock_now(), took;

	list[0] = quiet;
	list[1] = timer;
	event_mask(timer);
	event_clear(timer);
	clock_timer_set(start + 4 * MILLISECOND, 0);
	CHECK_EQ(poll(list, 2, start + SECOND), 0);
	took = clock_now() - start;
	CHECK(took >= 4 * MILLISECOND && took < 20 * MILLISECOND, "%lu ns",
	      took);
	CHECK(event_pending(timer));
	event_clear(timer);
	event_unmask(timer);
}

/* block enables upcalls by itself: the timer's event must end it. */
static void check_block(void)
{
	uint64_t start = clock_now(), took;

	clock_timer_set(start + 3 * MILLISECOND, 0);
	CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
	took = clock_now() - start;
	CHECK(took >= 3 * MILLISECOND && took < 20 * MILLISECOND, "%lu ns",
	      took);
	for (unsigned int i = 0; i < 1000; i++)
		CHECK_EQ(sched_op(SCHEDOP_yield, NULL), 0);
}

int main(void)
{
	evtchn_port_t quiet = (evtchn_port_t)event_offer(DOMID_SELF);
	evtchn_port_t loud = (evtchn_port_t)event_bind_ipi(0);

	CHECK(quiet && loud && clock_timer_port());
	check_refused();
	check_timeout(quiet);
	check_pending(quiet, loud);
	check_woken(quiet);
	check_block();
	test_end();
}
