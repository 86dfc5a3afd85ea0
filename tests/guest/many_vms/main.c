/* SPDX-License-Identifier: MIT */
/*
 * Sixteen VMs of 4 MiB on two CPUs: all run, keep time and end.
 * Guards against: tables sized for two, start-up that serialises.
 */
#include "test.h"

int main(void)
{
	CHECK_EQ(memory_ram_pages(), 1024);
	for (unsigned int i = 0; i < 30; i++) {
		uint64_t start = clock_now();

		clock_sleep(MILLISECOND);
		CHECK(clock_now() - start >= MILLISECOND);
	}
	test_end();
}
