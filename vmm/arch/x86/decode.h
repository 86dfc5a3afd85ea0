/* SPDX-License-Identifier: MIT */
/*
 * Lengths and operands of the few instructions that a guest exits on, for
 * CPUs that do not report them. Pure: compiled in user space for tests.
 */
#pragma once
#include "lib/types.h"

#define INSN_BYTES_MAX	15u

enum insn_what {
	INSN_OTHER,		/* none of those below */
	INSN_CPUID, INSN_HLT, INSN_PAUSE, INSN_RDMSR, INSN_WRMSR,
	INSN_VMMCALL, INSN_INVD, INSN_WBINVD, INSN_XSETBV,
	INSN_READ_CR,		/* MOV r, CRn */
	INSN_WRITE_CR,		/* MOV CRn, r */
	INSN_CLTS,
	INSN_LMSW,		/* register form only */
	INSN_LOAD,		/* MOV r, m of 4 or 8 bytes */
	INSN_STORE,		/* MOV m, r */
	INSN_STORE_CONSTANT,	/* MOV m, imm32 */
};

struct insn {
	enum insn_what what;
	uint8_t length;		/* with prefixes */
	uint8_t cr;		/* MOV CR: which */
	uint8_t gpr;		/* MOV, LMSW: hardware number of the GPR */
	uint8_t size;		/* MOV of memory: bytes */
	uint64_t value;		/* MOV m, imm32: what is stored */
};

/*
 * MOV of memory is known in 64-bit code only. Never reads past count bytes;
 * what they do not decide is INSN_OTHER.
 */
struct insn insn_decode(const uint8_t *bytes, size_t count, bool code64);
