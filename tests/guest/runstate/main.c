/* SPDX-License-Identifier: MIT */
/*
 * The runstate record: its four times add up to the time since it began, it
 * says running when looked at, blocked time grows in sleep, and runnable
 * time grows while another VM has the CPU; areas across pages and at bad
 * addresses.
 * Guards against: stolen time that goes nowhere; records written through
 * stale translations.
 */
#include "test.h"

static struct vcpu_runstate_info info __attribute__((aligned(64)));

static long area(void *at)
{
	struct vcpu_register_runstate_memory_area arg;

	memset(&arg, 0, sizeof(arg));
	arg.addr.v = at;
	return vcpu_op(VCPUOP_register_runstate_memory_area, 0, &arg);
}

static uint64_t total(const struct vcpu_runstate_info *r)
{
	return r->time[0] + r->time[1] + r->time[2] + r->time[3];
}

static void check_sums(const volatile struct vcpu_runstate_info *r)
{
	struct vcpu_runstate_info before, after;
	uint64_t sum;

	memcpy(&before, (const void *)r, sizeof(before));
	CHECK_EQ(before.state, RUNSTATE_running);
	clock_sleep(20 * MILLISECOND);
	memcpy(&after, (const void *)r, sizeof(after));
	CHECK_EQ(after.state, RUNSTATE_running);
	CHECK(after.time[RUNSTATE_blocked] - before.time[RUNSTATE_blocked] >=
	      15 * MILLISECOND, "blocked %lu",
	      after.time[RUNSTATE_blocked] - before.time[RUNSTATE_blocked]);
	sum = total(&after) - total(&before);
	CHECK_EQ(after.state_entry_time - before.state_entry_time, sum,
		 "the times add up to the time");
	/* Compete with the busy VM for a while. */
	for (uint64_t end = clock_now() + 100 * MILLISECOND;
	     clock_now() < end;)
		cpuid(0, 0);
	clock_sleep(MILLISECOND);
	memcpy(&before, (const void *)r, sizeof(before));
	CHECK(before.time[RUNSTATE_runnable] >
	      after.time[RUNSTATE_runnable] + 10 * MILLISECOND,
	      "somebody else had the CPU: %lu",
	      before.time[RUNSTATE_runnable] - after.time[RUNSTATE_runnable]);
	CHECK(before.time[RUNSTATE_running] > after.time[RUNSTATE_running]);
	CHECK_EQ(before.time[RUNSTATE_offline], after.time[RUNSTATE_offline]);
}

int main(void)
{
	uint8_t *pages = page_alloc_many(2);
	struct vcpu_runstate_info *across =
		(struct vcpu_runstate_info *)(pages + PAGE_SIZE - 20);
	struct vcpu_runstate_info *told = page_alloc();

	CHECK_EQ(area(&info), 0);
	check_sums(&info);
	CHECK_EQ(area(across), 0, "across two pages");
	check_sums(across);
	CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 0, told), 0);
	CHECK_EQ(told->state, RUNSTATE_running);
	CHECK_EQ(area((void *)0x500000000000), -XEN_EFAULT);
	CHECK_EQ(area((void *)0x8000000000000000), -XEN_EFAULT);
	CHECK(area((void *)(memory_hole(1) << PAGE_SHIFT)) < 0,
	      "no memory there");
	clock_sleep(2 * MILLISECOND);
	test_end();
}
