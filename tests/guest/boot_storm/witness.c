/* SPDX-License-Identifier: MIT */
/* Sleeps and computes beside the storm, and says when it is over. */
#include "test.h"

#define SPAN	(4 * SECOND)

int main(void)
{
	uint64_t end = clock_now() + SPAN, sum = 0, again, late, worst = 0;

	for (uint64_t i = 0; i < 10000; i++)
		sum = sum * 31 + i;
	while (clock_now() < end) {
		uint64_t due = clock_now() + MILLISECOND;

		clock_sleep_until(due, NULL, 0);
		late = clock_now() - due;
		worst = late > worst ? late : worst;
		again = 0;
		for (uint64_t i = 0; i < 10000; i++)
			again = again * 31 + i;
		CHECK_EQ(again, sum);
	}
	kprintf("late by %lu us at worst\n", worst / 1000);
	test_end();
}
