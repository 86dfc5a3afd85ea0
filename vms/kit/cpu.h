/* SPDX-License-Identifier: MIT */
/*
 * What the kit keeps for each virtual CPU, found through GS.
 */
#pragma once
#include <stdint.h>
#include <xen/xen.h>
#include "trap.h"

#define CPU_MAX		32u

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint8_t reserved2[10];
	uint16_t iomap;
} __attribute__((packed));

struct cpu {
	struct cpu *self;		/* first: this_cpu() reads it */
	unsigned int index;
	volatile uint32_t online;
	struct vcpu_info *vcpu;		/* NULL until xen_init() */
	uint64_t user_rsp;
	struct user_result user;
	uint64_t nmi_count;
	uint64_t upcall_count;
	uint64_t gdt[9];
	struct tss tss;
	uint8_t ist_stack[3][4096] __attribute__((aligned(16)));
};

extern struct cpu cpu_table[CPU_MAX];

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(c));
	return c;
}
