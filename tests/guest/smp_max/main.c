/* SPDX-License-Identifier: MIT */
/*
 * The largest VM: 32 vCPUs start, each with a timer and an IPI channel of its
 * own, wait for each other in turn, and are stopped.
 * Guards against: tables sized for fewer; a vCPU number used unchecked.
 */
#include "test.h"

#define CPUS	32u

static volatile uint64_t turn, done;

static void ap_main(unsigned int cpu)
{
	apic_enable();
	CHECK_EQ(apic_id(), cpu);
	CHECK_EQ(cpuid(xen_cpuid_base() + 4, 0).b, cpu);
	for (unsigned int i = 0; i < 3; i++)
		clock_sleep(MILLISECOND);
	CHECK(event_bind_ipi(cpu) > 0);
	/* One after the other, by number. */
	while (turn != cpu)
		sched_op(SCHEDOP_yield, NULL);
	turn = cpu + 1;
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
}

int main(void)
{
	uint64_t end;

	CHECK_EQ(smp_cpu_count(), CPUS);
	for (unsigned int c = 1; c < CPUS; c++)
		if (!CHECK(smp_start(c, ap_main), "cpu %u", c))
			test_end();
	turn = 1;
	for (end = clock_now() + 60 * SECOND;
	     done < CPUS - 1 && clock_now() < end;)
		clock_sleep(MILLISECOND);
	CHECK_EQ(done, CPUS - 1, "turn %lu", turn);
	CHECK(event_bind_ipi(CPUS) < 0);
	CHECK(event_bind_ipi(255) < 0);
	test_end();
}
