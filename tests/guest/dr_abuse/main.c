/* SPDX-License-Identifier: MIT */
/*
 * Debug registers: the guest's breakpoints work in the guest, hold their
 * values over exits, and never fire in the VMM, whatever addresses they name.
 * Guards against: guest breakpoints that stay armed in the host (a #DB loop
 * there), DR7 values that only the VM entry rejects.
 */
#include "test.h"

#define CR4_DE		(1ull << 3)
#define DR7_WRITE0	0xd0402ull	/* G0, LE.., write, 4 bytes */

static volatile uint64_t debug_count, debug_dr6;
static volatile uint32_t watched;

static void on_debug(struct trap_frame *f)
{
	debug_count++;
	debug_dr6 = read_dr6();
	probe_write_dr6(0xffff0ff0);
	f->rflags &= ~0x100ull;		/* TF */
}

static void exits(unsigned int count)
{
	while (count--) {
		cpuid(0, 0);
		event_status(DOMID_SELF, 1, NULL);
	}
}

static void check_values(void)
{
	CHECK_EQ(probe_write_dr0(0x123456789a), 0);
	CHECK_EQ(probe_write_dr1(0xffff800012345678ull), 0);
	CHECK_EQ(probe_write_dr2(~0ull), 0);
	CHECK_EQ(probe_write_dr3(0x100000), 0);
	exits(10);
	CHECK_EQ(read_dr0(), 0x123456789a);
	CHECK_EQ(read_dr1(), 0xffff800012345678ull);
	CHECK_EQ(read_dr2(), ~0ull);
	CHECK_EQ(read_dr3(), 0x100000);
	CHECK_EQ(probe_write_dr7(1ull << 32), FAULT_GP);
	CHECK_EQ(probe_write_dr6(1ull << 32), FAULT_GP);
}

static void check_alias(void)
{
	uint64_t value;
	fault_t f;

	write_cr4(read_cr4() | CR4_DE);
	PROBE(f, "movq %%dr4, %[v]", (, [v] "=r"(value)), ());
	CHECK_EQ(f, FAULT_UD, "DR4 with CR4.DE");
	write_cr4(read_cr4() & ~CR4_DE);
	PROBE(f, "movq %%dr5, %[v]", (, [v] "=r"(value)), ());
	CHECK_EQ(f, 0, "DR5 is DR7 without CR4.DE");
}

static void check_watch(void)
{
	debug_count = 0;
	CHECK_EQ(probe_write_dr0((uint64_t)&watched), 0);
	CHECK_EQ(probe_write_dr7(DR7_WRITE0), 0);
	exits(5);
	watched = 1;
	CHECK_EQ(debug_count, 1, "write breakpoint");
	CHECK_EQ(debug_dr6 & 0xf, 1);
	CHECK_EQ(probe_write_dr7(0x400), 0);
	watched = 2;
	CHECK_EQ(debug_count, 1);
}

/* Breakpoints of all kinds over everything that the VMM may use. */
static void check_host_addresses(void)
{
	static const uint64_t high[] = {
		0xffffffff80000000ull, 0xffff800000000000ull, 0xfed00000ull,
		0xfee000b0ull, 0x100000, 0,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(high); i++) {
		probe_write_dr0(high[i]);
		probe_write_dr1(high[i] + 0x1000);
		probe_write_dr2(high[i] + 0x10000);
		probe_write_dr3(high[i] + 0x100000);
		CHECK_EQ(probe_write_dr7(0xfffd04aaull & ~0x2000ull), 0);
		exits(50);
	}
	CHECK_EQ(probe_write_dr7(0x400), 0);
}

static void check_single_step(void)
{
	debug_count = 0;
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop"
			 : : : "memory", "cc");
	CHECK(debug_count >= 1, "single step over NOP");
	/* Over an instruction that exits: late or not, the guest lives. */
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n\t"
			 "cpuid; nop; nop"
			 : : "a"(0), "c"(0) : "memory", "cc", "rbx", "rdx");
	CHECK(debug_count >= 2, "single step over CPUID");
}

int main(void)
{
	trap_set_handler(1, on_debug);
	check_values();
	check_alias();
	check_watch();
	check_host_addresses();
	check_single_step();
	test_end();
}
