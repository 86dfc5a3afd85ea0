/* SPDX-License-Identifier: MIT */
/*
 * A 1 ms timer beside a VM that spins with interrupts off on the same CPU:
 * the sleeper wakes within LATE_MAX of its deadline, always. In QEMU's
 * instruction-counted time, so a loaded test host changes nothing.
 * Guards against: a guest that holds its CPU by not taking interrupts; a
 * woken vCPU that waits for the end of somebody's time slice.
 */
#include "test.h"

#define ROUNDS		300u
#define LATE_MAX	(2 * MILLISECOND)
#define LATE_MEAN	(MILLISECOND / 2)

int main(void)
{
	uint64_t sum = 0, worst = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t due = clock_now() + MILLISECOND, late;

		clock_sleep_until(due, NULL, 0);
		late = clock_now() - due;
		sum += late;
		if (late > worst)
			worst = late;
	}
	kprintf("late: mean %lu ns, worst %lu ns\n", sum / ROUNDS, worst);
	CHECK(worst <= LATE_MAX, "%lu ns", worst);
	CHECK(sum / ROUNDS <= LATE_MEAN, "%lu ns", sum / ROUNDS);
	test_end();
}
