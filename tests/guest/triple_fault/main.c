/* SPDX-License-Identifier: MIT */
/*
 * A triple fault, and an exception that cannot be delivered because its
 * stack is nowhere, end the VM that made them and no other.
 * Guards against: the machine's own shutdown on a guest's triple fault.
 */
#include "test.h"

int main(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	if (test_role("faulty")) {
		kprintf("going\n");
		console_flush();
		__asm__ volatile("lidt %0; ud2" : : "m"(none));
	}
	if (test_role("double")) {
		kprintf("going\n");
		console_flush();
		write_cr3(0xf0000000);
		__asm__ volatile("ud2");
	}
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t start = clock_now();

		clock_sleep(2 * MILLISECOND);
		CHECK(clock_now() - start < SECOND);
	}
	test_end();
}
