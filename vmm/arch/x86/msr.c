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

bool msr_is_core(uint32_t index)
{
	return (index >= MSR_X2APIC_FIRST && index <= MSR_X2APIC_LAST) ||
	       index == MSR_XEN_HYPERCALL;
}

bool msr_read(struct vcpu *v, uint32_t index, uint64_t *value)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(constant) && constant[i].index != index)
		i++;
	if (i < ARRAY_SIZE(constant))
		*value = constant[i].value;
	else if (index == MSR_TSC)
		*value = insn_rdtsc();
	else if (index == MSR_APIC_BASE)
		*value = apic_base(v);
	else if (index == MSR_EFER)
		*value = vcpu_arch(v)->efer;
	else if (index == MSR_PAT)
		*value = virt_get(v, REG_GUEST_PAT);
	else if (index == MSR_TSC_AUX)
		*value = vcpu_arch(v)->tsc_aux;
	else
		return false;
	return true;
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

bool msr_write(struct vcpu *v, uint32_t index, uint64_t value)
{
	switch (index) {
	case MSR_EFER:
		return vcpu_write_control(v, CONTROL_EFER, value);
	case MSR_PAT:
		if (!msr_pat_is_valid(value))
			return false;
		virt_set(v, REG_GUEST_PAT, value);
		return true;
	case MSR_TSC_AUX:
		return fpu_write_tsc_aux(v, value);
	case MSR_APIC_BASE:
		return value == apic_base(v);
	case MSR_DEBUGCTL:
		return value == 0;
	case MSR_TSC:		/* one clock for all: not adjustable */
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(constant); i++)
		if (constant[i].index == index)
			return constant[i].writable;
	return false;
}
