/* SPDX-License-Identifier: MIT */
/* Wakes each millisecond until the storm is over; late= ms are forgiven. */
#include "test.h"

#define LATE_MAX	2u	/* ms, as in keep_time */
#define LATE_MEAN	(MILLISECOND / 2)

int main(void)
{
	uint64_t sum = 0, worst = 0, count = 0;
	long port = event_offer(test_peer());

	if (!CHECK(port > 0, "%ld", port))
		test_end();
	event_attach((evtchn_port_t)port, NULL);
	for (; !event_count((evtchn_port_t)port); count++) {
		uint64_t due = clock_now() + MILLISECOND, late;

		clock_sleep_until(due, NULL, 0);
		late = clock_now() - due;
		sum += late;
		if (late > worst)
			worst = late;
	}
	kprintf("%lu times late: mean %lu ns, worst %lu ns\n", count,
		sum / count, worst);
	CHECK(count > 50);
	CHECK(worst <= boot_number("late", LATE_MAX) * MILLISECOND, "%lu ns",
	      worst);
	CHECK(sum / count <= LATE_MEAN, "%lu ns", sum / count);
	test_end();
}
