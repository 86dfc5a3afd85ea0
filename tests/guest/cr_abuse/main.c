/* SPDX-License-Identifier: MIT */
/*
 * Control registers and EFER: what the architecture forbids is #GP(0), what
 * CPUID does not offer is forbidden, the rest reads back as written.
 * Guards against: values that only the VM entry rejects (and so kill or
 * confuse the VMM), SVME and VMXE within a guest's reach, a stale CR8.
 */
#include "test.h"

#define CR0_PE		(1ull << 0)
#define CR0_TS		(1ull << 3)
#define CR0_WP		(1ull << 16)
#define CR0_NW		(1ull << 29)
#define CR0_CD		(1ull << 30)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define CR4_LA57	(1ull << 12)
#define CR4_VMXE	(1ull << 13)
#define CR4_PCIDE	(1ull << 17)
#define CR4_OSXSAVE	(1ull << 18)
#define CR4_SMEP	(1ull << 20)
#define CR4_SMAP	(1ull << 21)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define EFER_NXE	(1ull << 11)
#define EFER_SVME	(1ull << 12)

static void check_cr0(void)
{
	uint64_t cr0 = read_cr0();

	CHECK_EQ(probe_write_cr0(cr0 & ~CR0_PE), FAULT_GP, "PG without PE");
	CHECK_EQ(probe_write_cr0(cr0 | CR0_NW), FAULT_GP, "NW without CD");
	for (unsigned int bit = 32; bit < 64; bit++) {
		/* #GP on a processor; QEMU ignores these bits. */
		fault_t f = probe_write_cr0(cr0 | 1ull << bit);

		CHECK(!f || f == FAULT_GP, "bit %u: %lx", bit, f);
		CHECK_EQ(read_cr0(), cr0, "bit %u", bit);
	}
	CHECK_EQ(probe_write_cr0(cr0 & ~CR0_WP), 0);
	CHECK_EQ(read_cr0(), cr0 & ~CR0_WP);
	CHECK_EQ(probe_write_cr0(cr0 | CR0_CD), 0);
	CHECK_EQ(probe_write_cr0(cr0 | CR0_TS), 0);
	CHECK_EQ(read_cr0() & CR0_TS, CR0_TS);
	__asm__ volatile("clts");
	CHECK_EQ(read_cr0() & CR0_TS, 0);
	__asm__ volatile("lmsw %w0" : : "r"(8));
	CHECK_EQ(read_cr0() & (CR0_TS | CR0_PE), CR0_TS | CR0_PE, "LMSW");
	write_cr0(cr0);
	CHECK_EQ(read_cr0(), cr0);
}

static void check_cr3(void)
{
	uint64_t cr3 = read_cr3();
	unsigned int width = cpuid(0x80000008, 0).a & 0xff;

	CHECK(width >= 36 && width <= 52, "%u address bits", width);
	for (unsigned int bit = width; bit < 63; bit++)
		CHECK_EQ(probe_write_cr3(cr3 | 1ull << bit), FAULT_GP,
			 "bit %u", bit);
	CHECK_EQ(read_cr3(), cr3);
	CHECK_EQ(probe_write_cr3(cr3), 0);
}

/* The CR4 bits whose permission is one CPUID bit. */
static bool cr4_offered(unsigned int bit)
{
	struct cpuid one = cpuid(1, 0), seven = cpuid(7, 0);

	switch (bit) {
	case 11: return seven.c & 1u << 2;	/* UMIP */
	case 12: return seven.c & 1u << 16;	/* LA57 */
	case 13: return false;			/* VMXE */
	case 14: return false;			/* SMXE */
	case 15: return false;
	case 16: return seven.b & 1u << 0;	/* FSGSBASE */
	case 17: return one.c & 1u << 17;	/* PCIDE */
	case 18: return one.c & 1u << 26;	/* OSXSAVE */
	case 19: return false;			/* KL */
	case 20: return seven.b & 1u << 7;	/* SMEP */
	case 21: return seven.b & 1u << 20;	/* SMAP */
	case 22: return seven.c & 1u << 3;	/* PKE */
	case 23: return cpuid(7, 1).d & 1u << 18; /* CET */
	case 24: return seven.c & 1u << 31;	/* PKS */
	}
	return bit < 11;
}

static void check_cr4(void)
{
	uint64_t cr4 = read_cr4();

	CHECK_EQ(probe_write_cr4(cr4 & ~CR4_PAE), FAULT_GP, "PAE is needed");
	CHECK_EQ(probe_write_cr4(cr4 | CR4_LA57), FAULT_GP, "LA57 while on");
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t want = cr4 | 1ull << bit;
		fault_t f;

		if (want == cr4 || want == (cr4 | CR4_LA57))
			continue;
		f = probe_write_cr4(want);
		CHECK_EQ(f, cr4_offered(bit) ? 0 : FAULT_GP, "bit %u", bit);
		CHECK_EQ(read_cr4(), f ? cr4 : want, "bit %u", bit);
		write_cr4(cr4);
	}
	/* OSXSAVE in CPUID follows CR4. */
	if (cr4_offered(18)) {
		CHECK_EQ(cpuid(1, 0).c >> 27 & 1, 0);
		write_cr4(cr4 | CR4_OSXSAVE);
		CHECK_EQ(cpuid(1, 0).c >> 27 & 1, 1);
		write_cr4(cr4);
	}
}

static void check_cr8(void)
{
	irq_off();
	for (uint64_t v = 0; v < 16; v++) {
		CHECK_EQ(probe_write_cr8(v), 0);
		CHECK_EQ(read_cr8(), v);
		CHECK_EQ(apic_read(APIC_TPR) >> 4, v, "TPR follows CR8");
	}
	CHECK_EQ(probe_write_cr8(16), FAULT_GP);
	CHECK_EQ(probe_write_cr8(1ull << 63), FAULT_GP);
	apic_write(APIC_TPR, 0x50);
	CHECK_EQ(read_cr8(), 5, "CR8 follows TPR");
	write_cr8(0);
	irq_on();
}

static void check_efer(void)
{
	uint64_t efer = rdmsr(MSR_EFER);

	CHECK_EQ(efer & EFER_SVME, 0, "SVME shows");
	CHECK_EQ(probe_wrmsr(MSR_EFER, efer | EFER_SVME), FAULT_GP);
	CHECK_EQ(probe_wrmsr(MSR_EFER, efer & ~EFER_LME), FAULT_GP,
		 "LME with paging on");
	for (unsigned int bit = 0; bit < 64; bit++) {
		if ((efer & 1ull << bit) || bit == 0 || bit == 14)
			continue;
		CHECK_EQ(probe_wrmsr(MSR_EFER, efer | 1ull << bit), FAULT_GP,
			 "bit %u", bit);
	}
	CHECK_EQ(probe_wrmsr(MSR_EFER, efer | 1), 0, "SCE");
	CHECK_EQ(rdmsr(MSR_EFER), efer | 1);
	probe_wrmsr(MSR_EFER, efer);
	CHECK_EQ(rdmsr(MSR_EFER), efer);
}

int main(void)
{
	check_cr0();
	check_cr3();
	check_cr4();
	check_cr8();
	check_efer();
	test_end();
}
