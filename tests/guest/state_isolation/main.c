/* SPDX-License-Identifier: MIT */
/*
 * Three VMs on one CPU keep different values in every register that VM entry
 * does not switch by itself: x87, XMM, YMM, XCR0, debug registers, FS and GS
 * bases, TSC_AUX, PAT. Each finds its own after every sleep and every spin.
 * Guards against: state restored lazily to the wrong VM, or leaked to it.
 */
#include "test.h"

#define CR4_OSXSAVE	(1ull << 18)
#define ROUNDS		300u

static uint64_t seed;
static bool has_avx;
static uint8_t image[832] __attribute__((aligned(64)));
static uint8_t found[832] __attribute__((aligned(64)));

static void xcr0_set(uint64_t v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)v),
			 "d"((uint32_t)(v >> 32)));
}

static uint64_t xcr0_get(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

static void vectors_load(void)
{
	if (has_avx)
		__asm__ volatile("xrstor64 %0" : : "m"(image), "a"(7), "d"(0));
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(image));
}

static void vectors_check(unsigned int round)
{
	if (has_avx)
		__asm__ volatile("xsave64 %0" : "+m"(found) : "a"(7), "d"(0));
	else
		__asm__ volatile("fxsave64 %0" : "+m"(found));
	/* XMM0-15 at 160, MXCSR at 24, upper halves at 576. */
	CHECK(!memcmp(found + 160, image + 160, 256), "XMM, round %u", round);
	CHECK(!memcmp(found + 24, image + 24, 4), "MXCSR, round %u", round);
	CHECK(!memcmp(found + 32, image + 32, 10), "x87, round %u", round);
	if (has_avx)
		CHECK(!memcmp(found + 576, image + 576, 256),
		      "YMM, round %u", round);
}

static void setup(void)
{
	uint32_t mxcsr = 0x1f80 | (uint32_t)(seed & 3) << 13;

	has_avx = (cpuid(1, 0).c & 1u << 26) && (cpuid(1, 0).c & 1u << 28);
	if (has_avx) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		xcr0_set(7);
		has_avx = cpuid(0xd, 0).c <= sizeof(image);
	}
	__asm__ volatile("fninit; fxsave64 %0" : "=m"(image));
	for (unsigned int i = 0; i < 256; i++) {
		image[160 + i] = (uint8_t)(test_random() ^ seed * 37);
		image[576 + i] = (uint8_t)(test_random() ^ seed * 91);
	}
	memcpy(image + 24, &mxcsr, 4);
	image[4] = 0xff;			/* all x87 registers in use */
	for (unsigned int i = 0; i < 8; i++)
		image[32 + i] = (uint8_t)(seed * 11 + i);
	image[39] |= 0x80;			/* a normal number */
	image[40] = (uint8_t)(seed + 1);
	image[41] = 0x3f;
	memset(image + 512, 0, 64);
	image[512] = 7;				/* XSTATE_BV */
}

static void others_set(void)
{
	probe_write_dr0(0x1000 * seed);
	probe_write_dr1(0x2000 * seed);
	probe_write_dr2(0x3000 * seed);
	probe_write_dr3(0x4000 * seed);
	wrmsr(MSR_FS_BASE, 0x1110000 * seed);
	wrmsr(MSR_KERNEL_GS, 0x2220000 * seed);
	wrmsr(0x277, seed == 1 ? 0x0007040600070406 :
		     seed == 2 ? 0x0007010600070106 : 0x0606060606060606);
	probe_wrmsr(0xc0000103, 100 + seed);
}

static void others_check(unsigned int round)
{
	uint64_t aux;

	CHECK_EQ(read_dr0(), 0x1000 * seed, "round %u", round);
	CHECK_EQ(read_dr1(), 0x2000 * seed, "round %u", round);
	CHECK_EQ(read_dr2(), 0x3000 * seed, "round %u", round);
	CHECK_EQ(read_dr3(), 0x4000 * seed, "round %u", round);
	CHECK_EQ(rdmsr(MSR_FS_BASE), 0x1110000 * seed, "round %u", round);
	CHECK_EQ(rdmsr(MSR_KERNEL_GS), 0x2220000 * seed, "round %u", round);
	CHECK_EQ(rdmsr(0x277), seed == 1 ? 0x0007040600070406 :
			       seed == 2 ? 0x0007010600070106 :
					   0x0606060606060606);
	if (!probe_rdmsr(0xc0000103, &aux) && aux)
		CHECK_EQ(aux, 100 + seed, "TSC_AUX, round %u", round);
}

int main(void)
{
	uint64_t mask;

	seed = boot_number("seed", 1);
	for (uint64_t i = 0; i < seed * 1000; i++)
		test_random();
	setup();
	others_set();
	mask = has_avx ? (seed == 2 ? 3 : 7) : 0;
	for (unsigned int i = 0; i < ROUNDS && !test_failures(); i++) {
		if (has_avx)
			xcr0_set(7);
		vectors_load();
		if (has_avx)
			xcr0_set(mask);
		if (i % 2)
			clock_sleep(MILLISECOND / 2);
		else
			for (unsigned int n = 0; n < 40; n++) {
				cpuid(0, 0);
				sched_op(SCHEDOP_yield, NULL);
			}
		if (has_avx) {
			CHECK_EQ(xcr0_get(), mask, "round %u", i);
			xcr0_set(7);
		}
		vectors_check(i);
		others_check(i);
	}
	test_end();
}
