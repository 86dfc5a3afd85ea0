/* SPDX-License-Identifier: MIT */
/*
 * Three busy VMs on one CPU get time by weight (600, 200, 200), and one of
 * them no more than its cap of 15 %; within a tolerance of a tenth of the
 * machine (instruction-counted time).
 * Guards against: a scheduler that shares by arrival; a cap that is ignored.
 */
#include "test.h"

#define SPAN	(400 * MILLISECOND)

int main(void)
{
	struct vcpu_runstate_info r0, r1;
	uint64_t want = boot_number("share", 0), got, start;

	/* All three must be running before the measurement. */
	clock_sleep(50 * MILLISECOND);
	CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 0, &r0), 0);
	for (start = clock_now(); clock_now() < start + SPAN;)
		;
	CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 0, &r1), 0);
	got = (r1.time[RUNSTATE_running] - r0.time[RUNSTATE_running]) * 100 /
	      (clock_now() - start);
	kprintf("%lu %% of the CPU\n", got);
	if (boot_number("cap", 0))
		CHECK(got <= 17, "%lu %%", got);
	else
		CHECK(got + 10 >= want, "%lu %%", got);
	/* Stay until the others have measured too. */
	for (uint64_t end = clock_now() + SPAN; clock_now() < end;)
		;
	test_end();
}
