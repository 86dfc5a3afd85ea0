/* SPDX-License-Identifier: MIT */
/*
 * Xen's CPUID leaves (xen-abi 2.5). The vector of an upcall is not offered
 * per vCPU: the domain-wide callback needs no end-of-interrupt, which in
 * x2APIC mode is an exit for each event. The call is there for guests that
 * want it all the same.
 */
#include "abi/hypercall.h"
#include "abi/version.h"
#include <xen/arch-x86/cpuid.h>
#include "core/arch.h"
#include "core/domain.h"

#define TSC_MODE_NATIVE		2u	/* never emulated */
#define TSC_HOST_RELIABLE	BIT32(1)
#define MSR_HYPERCALL_PAGE	0x40000000u

static struct cpuid_regs time_leaf(uint32_t subleaf)
{
	struct arch_clock clock = arch_clock();

	switch (subleaf) {
	case 0:
		return (struct cpuid_regs){
			.eax = clock.tsc_stable ? TSC_HOST_RELIABLE : 0,
			.ebx = TSC_MODE_NATIVE,
			.ecx = arch_tsc_khz(),
		};
	case 1:		/* offset (none), factor, shift */
		return (struct cpuid_regs){
			.ecx = clock.tsc_to_system_mul,
			.edx = (uint8_t)clock.tsc_shift,
		};
	case 2:
		return (struct cpuid_regs){ .eax = arch_tsc_khz() };
	default:
		return (struct cpuid_regs){ 0 };
	}
}

void cpuid_xen(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	       struct cpuid_regs *regs)
{
	*regs = (struct cpuid_regs){ 0 };
	switch (leaf) {
	case XEN_CPUID_LEAF(0):
		regs->eax = XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES);
		regs->ebx = XEN_CPUID_SIGNATURE_EBX;
		regs->ecx = XEN_CPUID_SIGNATURE_ECX;
		regs->edx = XEN_CPUID_SIGNATURE_EDX;
		break;
	case XEN_CPUID_LEAF(1):
		regs->eax = ABI_VERSION;
		break;
	case XEN_CPUID_LEAF(2):
		regs->eax = 1;		/* page */
		regs->ebx = MSR_HYPERCALL_PAGE;
		break;
	case XEN_CPUID_LEAF(3):
		*regs = time_leaf(subleaf);
		break;
	case XEN_CPUID_LEAF(4):
		if (subleaf != 0)
			break;
		regs->eax = XEN_HVM_CPUID_VCPU_ID_PRESENT |
			    XEN_HVM_CPUID_DOMID_PRESENT;
		regs->ebx = v->id;
		regs->ecx = v->domain->id;
		break;
	default:
		break;
	}
}
