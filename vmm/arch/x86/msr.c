/* SPDX-License-Identifier: MIT */
/*
 * MSR policy. Everything that is not named here gives #GP. What is read-only
 * accepts writes that change nothing, where real kernels do that. Linux
 * reads SEV_STATUS and HWCR before it can take a fault.
 */
#include "arch/x86/virt.h"
#include "arch/x86/insn.h"
#include "arch/x86/regs.h"

#define APIC_BASE_VALUE	0xfee00c00ull	/* enabled, x2APIC */
#define APIC_BASE_BSP	BIT64(8)
#define HWCR_TSC_FREQ	BIT64(24)	/* the TSC counts at P0's rate */
#define DE_CFG_LFENCE	BIT64(1)	/* LFENCE serialises dispatch */
#define NB_CFG_CF8_EXT	BIT64(46)

static uint64_t apic_base(const struct vcpu *v)
{
	return APIC_BASE_VALUE | (v->id == 0 ? APIC_BASE_BSP : 0);
}

static bool is_core_msr(uint32_t index)
{
	return (index >= MSR_X2APIC_FIRST && index <= MSR_X2APIC_LAST) ||
	       index == MSR_XEN_HYPERCALL;
}

/* Those that always read the same; writes of some are ignored. */
static const struct {
	uint32_t index;
	bool writable;
	uint64_t value;
} constant[] = {
	{ MSR_PLATFORM_ID, false, 0 }, { MSR_PATCH_LEVEL, true, 0 },
	{ MSR_MCG_CAP, false, 0 }, { MSR_MCG_STATUS, true, 0 },
	{ MSR_MISC_ENABLE, true, 1 },	/* fast strings */
	{ MSR_SYSCFG, false, 0 }, { MSR_HWCR, true, HWCR_TSC_FREQ },
	{ MSR_TOP_MEM, false, 0 }, { MSR_TOP_MEM2, false, 0 },
	{ MSR_NB_CFG, false, NB_CFG_CF8_EXT }, { MSR_SEV_STATUS, false, 0 },
	{ MSR_DE_CFG, true, DE_CFG_LFENCE }, { MSR_DEBUGCTL, false, 0 },
};

enum msr_outcome msr_read(struct vcpu *v, uint32_t index, uint64_t *value)
{
	const struct vcpu_arch *a = vcpu_arch(v);

	if (is_core_msr(index))
		return MSR_CORE;
	switch (index) {
	case MSR_TSC:
		*value = insn_rdtsc();
		return MSR_DONE;
	case MSR_APIC_BASE:
		*value = apic_base(v);
		return MSR_DONE;
	case MSR_EFER:
		*value = a->efer;
		return MSR_DONE;
	case MSR_PAT:
		*value = virt->get(v, REG_GUEST_PAT);
		return MSR_DONE;
	case MSR_TSC_AUX:
		*value = a->tsc_aux;
		return MSR_DONE;
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(constant); i++)
		if (constant[i].index == index) {
			*value = constant[i].value;
			return MSR_DONE;
		}
	return MSR_FAULT;
}

bool msr_pat_is_valid(uint64_t value)
{
	for (; value; value >>= 8) {
		unsigned int type = value & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

enum msr_outcome msr_write(struct vcpu *v, uint32_t index, uint64_t value)
{
	if (is_core_msr(index))
		return MSR_CORE;
	switch (index) {
	case MSR_EFER:
		return vcpu_write_control(v, CONTROL_EFER, value) ? MSR_DONE
								 : MSR_FAULT;
	case MSR_PAT:
		if (!msr_pat_is_valid(value))
			return MSR_FAULT;
		virt->set(v, REG_GUEST_PAT, value);
		return MSR_DONE;
	case MSR_TSC_AUX:
		return fpu_write_tsc_aux(v, value) ? MSR_DONE : MSR_FAULT;
	case MSR_APIC_BASE:
		return value == apic_base(v) ? MSR_DONE : MSR_FAULT;
	case MSR_DEBUGCTL:
		return value ? MSR_FAULT : MSR_DONE;
	case MSR_TSC:		/* one clock for all: not adjustable */
		return MSR_DONE;
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(constant); i++)
		if (constant[i].index == index && constant[i].writable)
			return MSR_DONE;
	return MSR_FAULT;
}
