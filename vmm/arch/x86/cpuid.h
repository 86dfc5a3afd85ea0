/* SPDX-License-Identifier: MIT */
/*
 * What guests see of the CPU: an allow-list per leaf, applied to the host's
 * answers once at boot, plus the few bits that depend on the vCPU. Leaves
 * and registers that are not named are 0.
 */
#pragma once
#include "arch/x86/insn.h"

#define CPUID_BASIC_COUNT	0xeu	/* leaves 0..0xd */
#define CPUID_EXTENDED_COUNT	9u	/* 0x80000000..8 */
#define CPUID_XSAVE_COUNT	3u	/* leaf 0xd: general, 1, AVX */

struct cpuid_policy {
	struct cpuid_regs basic[CPUID_BASIC_COUNT];
	struct cpuid_regs xsave[CPUID_XSAVE_COUNT];
	struct cpuid_regs extended[CPUID_BASIC_COUNT];	/* one clamp */
};

struct cpuid_vcpu {		/* what an answer depends on besides */
	uint32_t id, count;	/* vCPU and how many the domain has */
	uint64_t cr4, xcr0;
};

/* The host's answer cut down to what a guest may see. Pure. */
struct cpuid_regs cpuid_limit(uint32_t leaf, uint32_t subleaf,
			      struct cpuid_regs host);
/* A guest's answer, hypervisor leaves apart. Pure. */
struct cpuid_regs cpuid_lookup(const struct cpuid_policy *policy,
			       const struct cpuid_vcpu *vcpu, uint32_t leaf,
			       uint32_t subleaf);
/* CR4 bits whose features the policy shows. Pure. */
uint64_t cpuid_cr4_mask(const struct cpuid_policy *policy);

/* The host's answer, zeroes for a leaf that it does not have. */
static inline struct cpuid_regs cpuid_host(uint32_t leaf, uint32_t subleaf)
{
	if (leaf > insn_cpuid(leaf & BIT32(31), 0).eax)
		return (struct cpuid_regs){ 0, 0, 0, 0 };
	return insn_cpuid(leaf, subleaf);
}

/* Boot CPU: reads the host's leaves. */
void cpuid_init(void);
uint64_t cpuid_allowed_cr4(void);
/* Does v's CPUID: RAX and RCX ask, RAX..RDX answer. v is loaded. */
void cpuid_answer(struct vcpu *v);
/* Family, model and stepping as a fresh CPU has them in EDX. */
uint32_t cpuid_signature(void);
