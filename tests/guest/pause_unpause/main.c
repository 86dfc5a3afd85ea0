/* SPDX-License-Identifier: MIT */
/*
 * An operator pauses one VM for 0.3 s and lets it go on: it finds its memory
 * and registers, its clock has not stopped, a timer due meanwhile fires; a VM
 * described as paused starts only when told to; a third notices nothing.
 * Guards against: timers lost over a pause; a pause that stops others.
 */
#include "test.h"

#define GAP_PAUSED	(200 * MILLISECOND)

int main(void)
{
	uint64_t last = clock_now(), now, gap = 0;
	uint64_t end = last + 8 * SECOND;
	evtchn_port_t port = clock_timer_port();

	if (test_role("late"))
		test_end();
	if (test_role("paused"))
		kprintf("running\n");
	/* The paused one goes on until it has seen the gap. */
	while (clock_now() < end && gap < GAP_PAUSED) {
		uint64_t seen = event_count(port);

		clock_timer_set(last + 2 * MILLISECOND, 0);
		CHECK(event_wait(port, seen, SECOND), "timer lost");
		now = clock_now();
		gap = now - last > gap ? now - last : gap;
		last = now;
		if (test_role("witness") && now > end - 6 * SECOND)
			break;
	}
	kprintf("largest gap %lu us\n", gap / 1000);
	if (test_role("paused"))
		CHECK(gap >= GAP_PAUSED, "the clock stopped, or no pause");
	test_end();
}
