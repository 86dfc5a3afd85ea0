/* SPDX-License-Identifier: MIT */
/*
 * CPUID policy. Hidden because nobody switches their state or because guests
 * have no business with them: SVM and VMX, MONITOR, performance counters,
 * MTRR, PCID, LA57, PKU, CET, AVX-512, MPX, XSAVES, TSC_ADJUST, the TSC
 * deadline timer, SME and SEV, topology extensions, and for now the
 * speculation controls. Shown whatever the host says: x2APIC (the only mode
 * of the virtual APIC) and the hypervisor bit.
 */
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "arch/x86/virt.h"
#include "core/domain.h"

#define HYPERVISOR	0x40000000u
#define EXTENDED	0x80000000u
#define PHYSICAL_BITS	40u
#define LINEAR_BITS	48u

/* Leaf 1 */
#define ECX1_SHOWN	0x76d83203u	/* SSE3..SSE4.2, AES, AVX, RDRAND... */
#define ECX1_X2APIC	BIT32(21)
#define ECX1_XSAVE	BIT32(26)
#define ECX1_OSXSAVE	BIT32(27)
#define ECX1_GUEST	BIT32(31)
#define EDX1_SHOWN	0x078bebffu	/* no MTRR, PSN, DS, ACPI, HTT */
#define EDX1_HTT	BIT32(28)
/* Leaf 7: FSGSBASE, BMI, AVX2, SMEP, ERMS, RDSEED, ADX, SMAP, CLWB, SHA... */
#define EBX7_FSGSBASE	BIT32(0)
#define EBX7_SMEP	BIT32(7)
#define EBX7_SMAP	BIT32(20)
#define EBX7_SHOWN	0x219c03a9u
#define ECX7_UMIP	BIT32(2)
#define ECX7_SHOWN	(ECX7_UMIP | BIT32(9) | BIT32(10) | BIT32(22))
#define EDX7_SHOWN	BIT32(4)	/* FSRM */
/* Leaf 0x80000001 */
#define ECXE1_CMP_LEGACY	BIT32(1)
#define ECXE1_SHOWN	0x002109e1u	/* LAHF, ABM, SSE4A, XOP, FMA4... */
#define EDXE1_SHOWN	0xedd3ebffu	/* SYSCALL, NX, 1 GiB, RDTSCP, LM... */

#define ALL		UINT32_MAX

/* Bits that guests see if the host has them. */
static const struct {
	uint32_t leaf, subleaf;
	struct cpuid_regs keep;
} shown[] = {
	{ 0, 0, { ALL, ALL, ALL, ALL } },
	{ 1, 0, { ALL, 0x0000ff00, ECX1_SHOWN, EDX1_SHOWN } },
	{ 2, 0, { ALL, ALL, ALL, ALL } },
	{ 6, 0, { .eax = BIT32(2) } },	/* the APIC timer never stops */
	{ 7, 0, { 0, EBX7_SHOWN, ECX7_SHOWN, EDX7_SHOWN } },
	{ 0xd, 0, { .eax = 7 } },	/* sizes follow from XCR0 */
	{ 0xd, 1, { .eax = 7 } },	/* no XSAVES */
	{ 0xd, 2, { ALL, ALL, 0, 0 } },
	{ EXTENDED, 0, { ALL, ALL, ALL, ALL } },
	{ EXTENDED + 1, 0, { ALL, 0, ECXE1_SHOWN, EDXE1_SHOWN } },
	{ EXTENDED + 2, 0, { ALL, ALL, ALL, ALL } },	/* brand, caches */
	{ EXTENDED + 3, 0, { ALL, ALL, ALL, ALL } },
	{ EXTENDED + 4, 0, { ALL, ALL, ALL, ALL } },
	{ EXTENDED + 5, 0, { ALL, ALL, ALL, ALL } },
	{ EXTENDED + 6, 0, { ALL, ALL, ALL, ALL } },
	{ EXTENDED + 7, 0, { .edx = BIT32(8) } },	/* invariant TSC */
	{ EXTENDED + 8, 0, { 0xff, BIT32(0) | BIT32(2), 0, 0 } },
};

struct cpuid_regs cpuid_limit(uint32_t leaf, uint32_t subleaf,
			      struct cpuid_regs r)
{
	struct cpuid_regs keep = { 0, 0, 0, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (shown[i].leaf == leaf && shown[i].subleaf == subleaf)
			keep = shown[i].keep;
	r.eax &= keep.eax;
	r.ebx &= keep.ebx;
	r.ecx &= keep.ecx;
	r.edx &= keep.edx;
	if (leaf == 0)
		r.eax = MIN(r.eax, CPUID_BASIC_COUNT - 1);
	else if (leaf == 1)
		r.ecx |= ECX1_X2APIC | ECX1_GUEST;
	else if (leaf == EXTENDED)
		r.eax = MIN(r.eax, EXTENDED + CPUID_EXTENDED_COUNT - 1);
	else if (leaf == EXTENDED + 8)
		r.eax = MIN(r.eax, PHYSICAL_BITS) | LINEAR_BITS << 8;
	return r;
}

/* Bits that number count things. */
static uint32_t id_bits(uint32_t count)
{
	uint32_t bits = 0;

	while (BIT32(bits) < count)
		bits++;
	return bits;
}

/* One thread in each core, one package. */
static struct cpuid_regs topology(const struct cpuid_vcpu *v, uint32_t subleaf)
{
	if (subleaf == 0)
		return (struct cpuid_regs){ 0, 1, 0x100, v->id };
	if (subleaf == 1)
		return (struct cpuid_regs){ id_bits(v->count), v->count,
					    0x201, v->id };
	return (struct cpuid_regs){ 0, 0, subleaf & 0xff, v->id };
}

static struct cpuid_regs xsave(const struct cpuid_policy *p,
			       const struct cpuid_vcpu *v, uint32_t subleaf)
{
	const uint32_t avx_end = p->xsave[2].ebx + p->xsave[2].eax;
	struct cpuid_regs r = { 0, 0, 0, 0 };

	if (subleaf >= CPUID_XSAVE_COUNT)
		return r;
	r = p->xsave[arch_index_nospec(subleaf, CPUID_XSAVE_COUNT)];
	if (subleaf < 2)
		r.ebx = v->xcr0 & 4 ? avx_end : 512 + 64;
	if (subleaf == 0)
		r.ecx = r.eax & 4 ? avx_end : 512 + 64;
	return r;
}

struct cpuid_regs cpuid_lookup(const struct cpuid_policy *p,
			       const struct cpuid_vcpu *v, uint32_t leaf,
			       uint32_t subleaf)
{
	bool extended = leaf >= EXTENDED;
	const struct cpuid_regs *group = extended ? p->extended : p->basic;
	uint32_t index = leaf & ~EXTENDED;
	struct cpuid_regs r = { 0, 0, 0, 0 };

	if (leaf > group->eax)
		return r;
	r = group[arch_index_nospec(index, CPUID_BASIC_COUNT)];
	switch (leaf) {
	case 1:
		r.ebx |= v->id << 24 | v->count << 16;
		if (v->cr4 & CR4_OSXSAVE)
			r.ecx |= ECX1_OSXSAVE;
		if (v->count > 1)
			r.edx |= EDX1_HTT;
		return r;
	case 7:
		return subleaf ? (struct cpuid_regs){ 0, 0, 0, 0 } : r;
	case 0xb:
		return topology(v, subleaf);
	case 0xd:
		return xsave(p, v, subleaf);
	case EXTENDED + 1:
		if (v->count > 1)
			r.ecx |= ECXE1_CMP_LEGACY;
		return r;
	case EXTENDED + 8:
		r.ecx = id_bits(v->count) << 12 | (v->count - 1);
		return r;
	default:
		return r;
	}
}

uint64_t cpuid_cr4_mask(const struct cpuid_policy *p)
{
	const struct cpuid_regs *seven = &p->basic[7];

	return CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE |
	       CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT |
	       (p->basic[1].ecx & ECX1_XSAVE ? CR4_OSXSAVE : 0) |
	       (seven->ebx & EBX7_FSGSBASE ? CR4_FSGSBASE : 0) |
	       (seven->ebx & EBX7_SMEP ? CR4_SMEP : 0) |
	       (seven->ebx & EBX7_SMAP ? CR4_SMAP : 0) |
	       (seven->ecx & ECX7_UMIP ? CR4_UMIP : 0);
}

/* --- the policy in force --- */

static struct cpuid_policy policy;	/* [I] */

static struct cpuid_regs host_limited(uint32_t leaf, uint32_t subleaf)
{
	return cpuid_limit(leaf, subleaf, cpuid_host(leaf, subleaf));
}

void cpuid_init(void)
{
	for (uint32_t i = 0; i < CPUID_BASIC_COUNT; i++)
		policy.basic[i] = host_limited(i, 0);
	for (uint32_t i = 0; i < CPUID_EXTENDED_COUNT; i++)
		policy.extended[i] = host_limited(EXTENDED + i, 0);
	for (uint32_t i = 0; i < CPUID_XSAVE_COUNT; i++)
		policy.xsave[i] = host_limited(0xd, i);
	/* Leaf 0xb is ours: x2APIC ids need it. */
	policy.basic[0].eax = MAX(policy.basic[0].eax, 0xbu);
}

uint64_t cpuid_allowed_cr4(void)
{
	return cpuid_cr4_mask(&policy);
}

uint32_t cpuid_signature(void)
{
	return policy.basic[1].eax;
}

void cpuid_answer(struct vcpu *v)
{
	uint32_t leaf = (uint32_t)v->regs.rax, subleaf = (uint32_t)v->regs.rcx;
	struct cpuid_regs r = { 0, 0, 0, 0 };

	if (leaf - HYPERVISOR < 0x10000) {
		upcall_cpuid(v, leaf, subleaf, &r);
	} else {
		struct cpuid_vcpu c = { .id = v->id,
					.count = v->domain->vcpu_count,
					.cr4 = vcpu_arch(v)->cr4 };

		if (leaf == 0xd)
			c.xcr0 = insn_xgetbv(0);
		r = cpuid_lookup(&policy, &c, leaf, subleaf);
	}
	v->regs.rax = r.eax;
	v->regs.rbx = r.ebx;
	v->regs.rcx = r.ecx;
	v->regs.rdx = r.edx;
}
