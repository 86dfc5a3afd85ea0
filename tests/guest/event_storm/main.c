/* SPDX-License-Identifier: MIT */
/*
 * Two VMs send each other events without end on the CPU of a third, whose
 * timer stays within LATE_MAX all the same (instruction-counted time).
 * Guards against: an event flood that starves a VM not concerned by it.
 */
#include "test.h"

#define ROUNDS		200u
#define LATE_MAX	(4 * MILLISECOND)

static void on_event(evtchn_port_t p)
{
	event_send(p);
}

_Noreturn static void storm(void)
{
	/* The lower number offers, the other binds. */
	long p = test_peer() == 2 ? event_offer(test_peer())
				  : event_bind_any(test_peer(), 10 * SECOND);

	if (p <= 0)
		test_error("no channel");
	event_attach((evtchn_port_t)p, on_event);
	kprintf("storming\n");
	for (;;)
		event_send((evtchn_port_t)p);
}

int main(void)
{
	uint64_t worst = 0;

	if (test_role("storm"))
		storm();
	clock_sleep(20 * MILLISECOND);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t due = clock_now() + MILLISECOND, late;

		clock_sleep_until(due, NULL, 0);
		late = clock_now() - due;
		if (late > worst)
			worst = late;
	}
	kprintf("worst %lu ns\n", worst);
	CHECK(worst <= LATE_MAX, "%lu ns", worst);
	test_end();
}
