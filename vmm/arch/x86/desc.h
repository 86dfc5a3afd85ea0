/* SPDX-License-Identifier: MIT */
/*
 * Segments, task state and interrupt descriptors (AMD APM volume 2, "Segmented
 * Virtual Memory" and "Exceptions and Interrupts"). Each CPU has a GDT and a
 * TSS of its own inside its struct cpu_local; the IDT is one for all.
 */
#pragma once

#define SELECTOR_CODE	0x08
#define SELECTOR_DATA	0x10
#define SELECTOR_TSS	0x18

/* Exceptions that push an error code: #DF, #TS-#PF, #AC, #CP, #VC, #SX */
#define PUSH_ERROR	0x60227d00

#ifndef __ASSEMBLY__
#include "lib/types.h"

/* Vectors of exceptions, and those that the VMM takes while it is open. */
enum {
	VECTOR_DB = 0x01, VECTOR_NMI = 0x02, VECTOR_UD = 0x06,
	VECTOR_DF = 0x08, VECTOR_GP = 0x0d, VECTOR_PF = 0x0e,
	VECTOR_AC = 0x11, VECTOR_MC = 0x12,
	VECTOR_DEVICE = 0x40,	/* 128 of them, of devices that VMs own */
	VECTOR_PIC = 0xe0,	/* 16 of them, where a stray 8259 would hit */
	VECTOR_TIMER = 0xf0, VECTOR_KICK = 0xf1, VECTOR_SPURIOUS = 0xff,
};

/*
 * The one stack in the TSS: of a double fault, whose own may be at its end.
 * NMI and #MC stay on the ordinary one. It is good at any moment, also right
 * after VMRUN, when TR and so the TSS are still the guest's.
 */
#define IST_DF	1

struct tss {
	uint32_t res0;
	uint64_t rsp[3];	/* 0x04 */
	uint64_t res1;
	uint64_t ist[7];	/* 0x24: ist[0] is IST 1 */
	uint64_t res2;
	uint16_t res3;
	uint16_t iopm_base;	/* 0x66 */
} __attribute__((packed));
static_assert(sizeof(struct tss) == 0x68, "TSS layout");
static_assert(offsetof(struct tss, ist) == 0x24, "TSS layout");

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;		/* 0x8e: present, interrupt gate */
	uint16_t offset_mid;
	uint32_t offset_high;
	uint32_t reserved;
};
static_assert(sizeof(struct gate) == 16, "IDT gate layout");

/* What the stubs in entry.S leave on the stack. */
struct trap_regs {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};
#endif
