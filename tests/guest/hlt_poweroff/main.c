/* SPDX-License-Identifier: MIT */
/*
 * Ways to power off without a hypercall: HLT with interrupts off on every
 * vCPU (but not on some of them only), and the ACPI sleep control register.
 * The machine ends in time, and as powered off, only if each of them works.
 * Guards against: a VM that is dead but never ends.
 */
#include "test.h"

#define SLEEP_CONTROL	0xb004u
#define SLEEP_S5	0x34u		/* SLP_TYP 5, SLP_EN */

static volatile uint64_t down;

static void ap_main(unsigned int cpu)
{
	(void)cpu;
	irq_off();
	__atomic_fetch_add(&down, 1, __ATOMIC_SEQ_CST);
	for (;;)
		__asm__ volatile("hlt");
}

int main(void)
{
	char how[16] = "";

	boot_argument("how", how, sizeof(how));
	for (unsigned int c = 1; c < smp_cpu_count(); c++)
		CHECK(smp_start(c, ap_main), "cpu %u", c);
	for (uint64_t end = clock_now() + SECOND;
	     down + 1 < smp_cpu_count() && clock_now() < end;)
		cpu_pause();
	/* The others are down; this one still keeps the VM up. */
	clock_sleep(30 * MILLISECOND);
	CHECK_EQ(down + 1, smp_cpu_count());
	test_verdict();
	if (!strcmp(how, "hlt") || !strcmp(how, "partial")) {
		irq_off();
		for (;;)
			__asm__ volatile("hlt");
	}
	out8(SLEEP_CONTROL, SLEEP_S5);
	kprintf("FAILED still here after the sleep register\n");
	for (;;)
		__asm__ volatile("hlt");
}
