/* SPDX-License-Identifier: MIT */
/*
 * Starting virtual CPUs one after the other.
 *
 *  S1  one CPU at a time is between SIPI and C code: they share head_cpu and
 *      head_stack;
 *  S2  the trampoline page is below 1 MiB and RAM.
 */
#include "smp.h"
#include "acpi.h"
#include "apic.h"
#include "clock.h"
#include "cpu.h"
#include "event.h"
#include "memory.h"
#include "string.h"
#include "xen.h"

#define TRAMPOLINE	0x8000ul
#define STACK_PAGES	4u
#define START_NS	20000000000ull	/* a crowded machine takes long */

extern uint32_t head_cpu, head_stack;
extern const uint8_t trampoline_start[], trampoline_end[];
void smp_ap_main(unsigned int index);

static smp_fn start_fn[CPU_MAX];

void smp_ap_main(unsigned int index)
{
	trap_init_cpu(index);
	if (xen_present()) {
		cpu_table[index].vcpu = &xen_shared->vcpu_info[index];
		event_init_cpu();
	}
	__atomic_store_n(&cpu_table[index].online, 1, __ATOMIC_SEQ_CST);
	irq_on();
	start_fn[index](index);
	for (;;)
		__asm__ volatile("sti; hlt");
}

bool smp_start(unsigned int index, smp_fn fn)
{
	uint8_t *stack = page_alloc_many(STACK_PAGES);
	uint64_t end = clock_now() + START_NS;

	memcpy((void *)TRAMPOLINE, trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	head_cpu = index;
	head_stack = (uint32_t)(uint64_t)(stack + STACK_PAGES * PAGE_SIZE);
	start_fn[index] = fn;
	__atomic_store_n(&cpu_table[index].online, 0, __ATOMIC_SEQ_CST);
	apic_send(index, ICR_ASSERT | ICR_INIT);
	apic_send(index, ICR_ASSERT | ICR_SIPI |
				 (uint32_t)(TRAMPOLINE >> PAGE_SHIFT));
	while (!__atomic_load_n(&cpu_table[index].online, __ATOMIC_SEQ_CST))
		if (clock_now() > end)
			return false;
		else
			cpu_pause();
	return true;
}

unsigned int smp_cpu_count(void)
{
	const struct acpi_madt *madt = acpi_find("APIC");
	unsigned int count = 0;

	if (!madt)
		return 1;
	for (const uint8_t *at = madt->entry,
			   *end = (const uint8_t *)madt + madt->head.length;
	     at + 2 <= end && at[1] >= 2; at += at[1])
		if ((at[0] == 0 && (at[4] & 1)) || (at[0] == 9 && (at[8] & 1)))
			count++;
	return count;
}
