/* SPDX-License-Identifier: MIT */
#include "power.h"
#include "console.h"
#include "hypercall.h"
#include "xen.h"

void power_end(unsigned int reason)
{
	struct sched_shutdown arg = { .reason = reason };
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	console_flush();
	if (xen_present()) {
		sched_op(SCHEDOP_shutdown, &arg);
		kprintf("KIT: shutdown came back\n");
	} else {
		out8(0xf4, (uint8_t)reason);
	}
	__asm__ volatile("cli; lidt %0; int3" : : "m"(none));
	for (;;)
		__asm__ volatile("hlt");
}
