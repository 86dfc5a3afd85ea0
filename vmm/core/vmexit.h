/* SPDX-License-Identifier: MIT */
/*
 * What a vendor back end reports when a guest stops: neutral, decoded, with
 * nothing emulated yet. CR, DR, EFER, XSETBV and architectural MSRs are
 * settled inside arch/x86 and do not appear here.
 */
#pragma once
#include "lib/types.h"

enum exit_reason {
	EXIT_NONE,		/* handled in arch, or only an interrupt */
	EXIT_HYPERCALL,
	EXIT_CPUID,
	EXIT_MSR_READ,		/* MSRs that arch/x86 does not own */
	EXIT_MSR_WRITE,
	EXIT_IO,
	EXIT_HLT,
	EXIT_PAUSE,		/* spinning too long */
	EXIT_MEMORY,		/* nested page fault */
	EXIT_WINDOW,		/* can take what was refused before */
	EXIT_TRIPLE_FAULT,
	EXIT_FATAL,		/* entry refused: the guest's state is broken */
};

struct vmexit {
	enum exit_reason reason;
	uint64_t next_rip;	/* after the instruction; see arch_vcpu_skip */
	union {
		struct vmexit_io {
			uint16_t port;
			uint8_t size;		/* 1, 2, 4 */
			bool in, string, repeat;
		} io;
		struct {
			uint32_t index;
			uint64_t value;		/* for writes */
		} msr;
		struct vmexit_memory {
			uint64_t address;	/* guest-physical, full */
			bool write, execute;
			bool table_walk;	/* by the guest's own walk */
			/* A plain MOV: bytes, register, or what is stored. */
			uint8_t size, gpr;	/* size 0: not one */
			uint64_t value;
		} memory;
		uint64_t fatal_code;	/* vendor's number, for log */
	};
};
