/* SPDX-License-Identifier: MIT */
/*
 * The kit's own ground: entry, paging, traps with fixup, CPL 3, formatting,
 * application processors. Runs on a plain emulator too (no hypervisor), where
 * it separates a broken kit from a broken VMM.
 * Guards against: a test that passes because its tool does nothing.
 */
#include "test.h"

static volatile uint64_t ap_ran[CPU_MAX];

static void ap_main(unsigned int cpu)
{
	apic_enable();
	ap_ran[cpu] = 1 + (this_cpu() == &cpu_table[cpu]);
}

static void check_format(void)
{
	char text[64];

	ksnprintf(text, sizeof(text), "%d %5u %-4x| %08lx %s %.2s %c%%", -12,
		  34u, 0xabu, 0x1234ul, "text", "xyz", 'q');
	CHECK(!strcmp(text, "-12    34 ab  | 00001234 text xy q%"), "%s",
	      text);
}

static void check_faults(void)
{
	uint64_t value;
	uint32_t word;
	fault_t f;

	PROBE(f, "ud2", (), ());
	CHECK_EQ(f, FAULT_UD);
	PROBE(f, "nop", (), ());
	CHECK_EQ(f, 0);
	/* A non-canonical address is #GP(0) or, through the stack, #SS. */
	f = probe_read32((void *)0x8000000000000000ul, &word);
	CHECK_EQ(f, FAULT_GP);
	page_map(0x500000000000, 0, 0);
	f = probe_read32((void *)0x500000000000, &word);
	CHECK_EQ(f, FAULT(14, 0));
	CHECK_EQ(read_cr2(), 0x500000000000);
	f = probe_rdmsr(MSR_EFER, &value);
	CHECK_EQ(f, 0);
	CHECK(value & 1u << 10, "EFER %lx", value);
}

static void check_pages(void)
{
	uint32_t *page = page_alloc();
	volatile uint32_t *window = page_window(page_gpa(page));

	page[3] = 0x12345678;
	CHECK_EQ(window[3], 0x12345678);
	window[4] = 77;
	CHECK_EQ(page[4], 77);
	page_map((uint64_t)page, page_gpa(page), PAGE_P);
	CHECK_EQ(probe_write32(page, 1), FAULT(14, 3));
	page_map((uint64_t)page, page_gpa(page), PAGE_RW);
	CHECK_EQ(probe_write32(page, 1), 0);
}

static void check_user(void)
{
	/* mov %edi,%eax; int $0x80 -- then, at 16, hlt */
	static const uint8_t code[] = { 0x89, 0xf8, 0xcd, 0x80, [16] = 0xf4 };
	uint8_t *page = page_alloc();
	struct user_result r;

	memcpy(page, code, sizeof(code));
	page_map((uint64_t)page, page_gpa(page), PAGE_RW | PAGE_USER);
	r = user_run(page, page + PAGE_SIZE, 4711);
	CHECK_EQ(r.vector, VECTOR_USER);
	CHECK_EQ(r.rax, 4711);
	r = user_run(page + 16, page + PAGE_SIZE, 0);
	CHECK_EQ(r.vector, 13);
}

int main(void)
{
	unsigned int count = smp_cpu_count();

	check_format();
	check_faults();
	check_pages();
	check_user();
	for (unsigned int i = 1; i < count && i < CPU_MAX; i++) {
		if (!CHECK(smp_start(i, ap_main), "cpu %u", i))
			continue;
		for (uint64_t end = clock_now() + SECOND;
		     clock_now() < end && !ap_ran[i];)
			cpu_pause();
		CHECK_EQ(ap_ran[i], 2, "cpu %u", i);
	}
	kprintf("kit: %u CPUs, %lu RAM pages\n", count, memory_ram_pages());
	test_end();
}
