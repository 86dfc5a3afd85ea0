/* SPDX-License-Identifier: MIT */
/*
 * Sixty-four VMs of 4 vCPUs on a machine of 512 MiB: all start, start their
 * vCPUs, keep time and end.
 * Guards against: tables that do not scale with the description.
 */
#include "test.h"

static volatile uint64_t up;

static void ap_main(unsigned int cpu)
{
	(void)cpu;
	__atomic_fetch_add(&up, 1, __ATOMIC_SEQ_CST);
}

int main(void)
{
	uint64_t end;

	for (unsigned int c = 1; c < 4; c++)
		CHECK(smp_start(c, ap_main), "cpu %u", c);
	for (end = clock_now() + 20 * SECOND; up < 3 && clock_now() < end;)
		clock_sleep(MILLISECOND);
	CHECK_EQ(up, 3);
	test_end();
}
