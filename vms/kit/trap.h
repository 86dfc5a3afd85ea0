/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables, interrupts, exceptions with fixup, and CPL 3.
 */
#pragma once
#include <stdint.h>
#include "insn.h"

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

typedef void (*trap_fn)(struct trap_frame *frame);

#define VECTOR_NMI	2u
#define VECTOR_USER	0x80u	/* int 0x80 comes back from user_run() */
#define VECTOR_EVENT	0xf3u

#define SEL_CODE32	0x08u
#define SEL_CODE64	0x10u
#define SEL_DATA	0x18u

/* Load GDT, IDT, TSS and GS base of this CPU; boot.c and smp.c call it. */
void trap_init_cpu(unsigned int index);

/* Install a handler (NULL: an unexpected vector ends the guest). */
void trap_set_handler(unsigned int vector, trap_fn fn);

struct user_result {
	unsigned int vector;	/* VECTOR_USER or the exception */
	uint32_t error;
	uint64_t rax, rip;
};

/*
 * Run code at CPL 3 until int 0x80 or an exception. entry and stack must be
 * mapped with PAGE_USER; argument arrives in rdi.
 */
struct user_result user_run(void *entry, void *stack, uint64_t argument);
