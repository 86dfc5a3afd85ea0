/* SPDX-License-Identifier: MIT */
/*
 * XSETBV with every bit and illegal combinations: accepted only what CPUID
 * leaf 0xD offers, #GP for the rest, #UD without CR4.OSXSAVE; CPUID's size
 * follows.
 * Guards against: an XCR0 that the VMM itself cannot work under.
 */
#include "test.h"

#define CR4_OSXSAVE	(1ull << 18)

static fault_t xsetbv(uint32_t index, uint64_t v)
{
	fault_t f;

	PROBE(f, "xsetbv", (),
	      ("c"(index), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))));
	return f;
}

static uint64_t xgetbv(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

int main(void)
{
	struct cpuid d = cpuid(0xd, 0);
	uint64_t offered = d.a | (uint64_t)d.d << 32;

	if (!(cpuid(1, 0).c & 1u << 26)) {
		CHECK_EQ(probe_write_cr4(read_cr4() | CR4_OSXSAVE), FAULT_GP);
		test_end();
	}
	CHECK_EQ(xsetbv(0, 1), FAULT_UD, "without OSXSAVE");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	CHECK_EQ(xgetbv(), 1, "reset value");
	CHECK_EQ(xsetbv(0, 0), FAULT_GP, "x87 must be on");
	CHECK_EQ(xsetbv(0, 2), FAULT_GP);
	CHECK_EQ(xsetbv(0, 5), FAULT_GP, "AVX without SSE");
	CHECK_EQ(xsetbv(0, ~0ull), FAULT_GP);
	CHECK_EQ(xsetbv(1, 1), FAULT_GP, "no XCR1");
	CHECK_EQ(xsetbv(0xffffffff, 1), FAULT_GP);
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t v = 3 | 1ull << bit;
		fault_t f = xsetbv(0, v);

		if (!(offered & 1ull << bit))
			CHECK_EQ(f, FAULT_GP, "bit %u", bit);
		CHECK_EQ(f ? FAULT_GP : 0, f, "bit %u", bit);
		if (!f)
			CHECK_EQ(xgetbv(), v, "bit %u", bit);
		xsetbv(0, 3);
	}
	CHECK_EQ(xsetbv(0, 3), 0);
	CHECK_EQ(cpuid(0xd, 0).b, 576);
	if (offered & 4) {
		CHECK_EQ(xsetbv(0, 7), 0);
		CHECK_EQ(cpuid(0xd, 0).b, 832);
	}
	/* Left in an odd state on purpose; the VMM must not care. */
	xsetbv(0, 1);
	clock_sleep(2 * MILLISECOND);
	CHECK_EQ(xgetbv(), 1);
	test_end();
}
