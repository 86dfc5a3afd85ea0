/* SPDX-License-Identifier: MIT */
/*
 * What each physical CPU has of its own; found through the GS base, which in
 * the VMM always points to it. Invariants:
 *  L1  while GIF and the VMM's code are live, GS base = &cpu_local of the CPU
 *      (the back end restores it with VMLOAD before STGI);
 *  L2  only the owner writes [C] fields; interrupt handlers of the same CPU
 *      may change [A] ones at any point where IF is set.
 */
#pragma once
#include "arch/x86/desc.h"
#include "arch/x86/insn.h"

struct vcpu;

struct cpu_local {
	struct cpu_local *self;	/* [I] at GS:0 */
	uint32_t index;		/* [I] arch_cpu_id() */
	uint32_t apic_id;	/* [I] */
	uint64_t stack_top;	/* [I] end of the CPU's one ordinary stack */
	bool arrived;		/* [A] waits for arch_start_cpus(), or on */
	uint32_t stopped;	/* [A] halted for a panic */
	uint64_t arrival_tsc;	/* [C] TSC when it arrived */
	bool interrupted;	/* [A] see arch_take_interrupt_flag() */

	/* for the virtualisation back end */
	struct vcpu *loaded;	/* [C] whose lazy state is in the registers */
	void *virt;		/* [C] the back end's per-CPU area */
	uint32_t in_guest;	/* [A] inside VMRUN, as seen by other CPUs */
	uint32_t flush_ack;	/* [A] for arch_npt_flush() */

	uint64_t gdt[5];	/* [I] null, code, data, TSS (two entries) */
	struct tss tss;		/* [I] */
} __attribute__((aligned(512)));	/* CPU_LOCAL_SIZE */
static_assert(offsetof(struct cpu_local, self) == 0, "read by insn_gs_self()");

static inline struct cpu_local *this_cpu(void)
{
	return insn_gs_self();
}

/* The CPU with this index; it exists. Any CPU. */
struct cpu_local *cpu_local_at(unsigned int index);
unsigned int cpu_local_count(void);
