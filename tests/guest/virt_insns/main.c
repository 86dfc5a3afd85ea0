/* SPDX-License-Identifier: MIT */
/*
 * The instructions of SVM, VMX, SMX and MONITOR are #UD in a guest.
 * Guards against: a guest that stops the host's interrupts with CLGI, loads
 * host state with VMLOAD or runs a VMCB of its own.
 */
#include "test.h"

#define UD(insn)							\
	do {								\
		fault_t f;						\
									\
		PROBE(f, insn, (), ("a"(page), "c"(0), "d"(0)));	\
		CHECK_EQ(f, FAULT_UD, insn);				\
	} while (0)

static void check_kernel(uint64_t page)
{
	UD("vmrun");
	UD("vmload");
	UD("vmsave");
	UD("stgi");
	UD("clgi");
	UD("invlpga");
	UD("skinit");
	UD("monitor");
	UD("mwait");
	UD(".byte 0xf3, 0x0f, 0xc7, 0x30");	/* vmxon (%rax) */
	UD(".byte 0x66, 0x0f, 0xc7, 0x30");	/* vmclear (%rax) */
	UD(".byte 0x0f, 0xc7, 0x30");		/* vmptrld (%rax) */
	UD(".byte 0x0f, 0x01, 0xc4");		/* vmxoff */
	UD(".byte 0x0f, 0x01, 0xc2");		/* vmlaunch */
	UD(".byte 0x0f, 0x78, 0xc0");		/* vmread */
	UD(".byte 0x0f, 0xaa");			/* rsm */
	UD(".byte 0x0f, 0x37");			/* getsec */
}

static void check_user(void)
{
	static const uint8_t insn[][3] = {
		{ 0x0f, 0x01, 0xd8 }, { 0x0f, 0x01, 0xda },
		{ 0x0f, 0x01, 0xdb }, { 0x0f, 0x01, 0xdc },
		{ 0x0f, 0x01, 0xdd }, { 0x0f, 0x01, 0xde },
		{ 0x0f, 0x01, 0xdf },
	};
	uint8_t *page = page_alloc();
	struct user_result r;

	page_map((uint64_t)page, (uint64_t)page, PAGE_RW | PAGE_USER);
	for (unsigned int i = 0; i < ARRAY_SIZE(insn); i++) {
		memcpy(page, insn[i], 3);
		r = user_run(page, page + PAGE_SIZE, 0);
		CHECK(r.vector == 6 || r.vector == 13, "0f 01 %x: vector %u",
		      insn[i][2], r.vector);
	}
}

int main(void)
{
	uint64_t page = (uint64_t)page_alloc();
	fault_t f;
	uint32_t lo, hi;

	check_kernel(page);
	check_user();
	/* These may work but must not harm. */
	PROBE(f, "wbinvd", (), ());
	CHECK_EQ(f, 0, "wbinvd");
	PROBE(f, "rdpmc", (, "=a"(lo), "=d"(hi)), ("c"(0)));
	CHECK(!f || f == FAULT_GP, "rdpmc %lx", f);
	PROBE(f, "rdtscp", (, "=a"(lo), "=d"(hi)), (), "rcx");
	CHECK(!f || f == FAULT_UD, "rdtscp %lx", f);
	PROBE(f, "pause", (), ());
	CHECK_EQ(f, 0);
	/* The rest of the machine still takes interrupts. */
	clock_sleep(3 * MILLISECOND);
	test_end();
}
