/* SPDX-License-Identifier: MIT */
/*
 * Two VMs, one of them of 64 MiB, are torn down, scrubbed and built again
 * without end on the CPU of a third, whose 1 ms timer stays within LATE_MAX
 * (instruction-counted time).
 * Guards against: building and scrubbing that cannot be preempted.
 */
#include "test.h"

#define ROUNDS		500u
#define LATE_MAX	(2 * MILLISECOND)

int main(void)
{
	uint64_t worst = 0, sum = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t due = clock_now() + MILLISECOND, late;

		clock_sleep_until(due, NULL, 0);
		late = clock_now() - due;
		sum += late;
		worst = late > worst ? late : worst;
	}
	kprintf("late: mean %lu us, worst %lu us\n", sum / ROUNDS / 1000,
		worst / 1000);
	CHECK(worst <= LATE_MAX, "%lu us", worst / 1000);
	test_end();
}
