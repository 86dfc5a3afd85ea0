/* SPDX-License-Identifier: MIT */
/*
 * Six VMs on two CPUs do nothing but boot, start their other vCPUs, sleep
 * for a moment and reboot, until the witness has had its time; a crash of
 * one fails the test.
 * Guards against: state of the former life or of another VM in the new one,
 * races between building, moving between CPUs and tearing down.
 */
#include "test.h"

static void ap_main(unsigned int cpu)
{
	(void)cpu;
}

int main(void)
{
	unsigned int count = smp_cpu_count();

	for (unsigned int i = 1; i < count; i++)
		CHECK(smp_start(i, ap_main), "cpu %u", i);
	clock_sleep(MILLISECOND / 4);
	power_end(test_failures() ? SHUTDOWN_crash : SHUTDOWN_reboot);
}
