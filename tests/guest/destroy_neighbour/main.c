/* SPDX-License-Identifier: MIT */
/*
 * A busy two-vCPU VM is restarted again and again and destroyed while the
 * witness computes over its memory and keeps time; the audit is clean at
 * every step.
 * Guards against: a teardown that reaches into the neighbour or stops it.
 */
#include "test.h"

#define WORK_NS	(3 * SECOND)

static volatile uint64_t work[CPU_MAX];

static void spin(unsigned int cpu)
{
	for (;;)
		work[cpu]++;
}

_Noreturn static void victim(void)
{
	smp_start(1, spin);
	event_offer(2);
	kprintf("busy\n");
	irq_off();
	spin(0);
	for (;;)
		;
}

static uint64_t sum(const uint64_t *from, const uint64_t *to)
{
	uint64_t s = 0;

	while (from < to)
		s = s * 31 + *from++;
	return s;
}

int main(void)
{
	uint64_t *from, *to, want, end, rounds = 0;

	if (test_role("victim"))
		victim();
	from = (uint64_t *)memory_rest_start();
	to = (uint64_t *)memory_rest_end();
	for (uint64_t *at = from; at < to; at++)
		*at = test_random();
	want = sum(from, to);
	for (end = clock_now() + WORK_NS; clock_now() < end; rounds++) {
		uint64_t start = clock_now();

		clock_sleep(2 * MILLISECOND);
		CHECK(clock_now() - start < SECOND);
		if (!CHECK_EQ(sum(from, to), want, "round %lu", rounds))
			break;
	}
	CHECK(rounds > 5, "%lu rounds", rounds);
	test_end();
}
