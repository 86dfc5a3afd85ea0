/* SPDX-License-Identifier: MIT */
/*
 * Xen's CPUID leaves (xen-abi 2.5). The vector of an upcall is not offered
 * per vCPU: the domain-wide callback needs no end-of-interrupt, which in
 * x2APIC mode is an exit for each event. Of leaf 3 there is what has a use:
 * how the TSC and the clock relate is in vcpu_info.
 */
#include "abi/hypercall.h"
#include "abi/table.h"
#include <xen/arch-x86/cpuid.h>
#include "core/domain.h"

#define TSC_MODE_NATIVE		2u	/* never emulated */
#define TSC_HOST_RELIABLE	BIT32(1)

void upcall_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	       struct cpuid_regs *regs)
{
	*regs = (struct cpuid_regs){ 0 };
	switch (leaf) {
	case XEN_CPUID_LEAF(0):
		*regs = (struct cpuid_regs){
			XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES),
			XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
			XEN_CPUID_SIGNATURE_EDX };
		break;
	case XEN_CPUID_LEAF(1):
		regs->eax = ABI_VERSION;
		break;
	case XEN_CPUID_LEAF(2):
		regs->eax = 1;		/* page */
		regs->ebx = MSR_HYPERCALL_PAGE;
		break;
	case XEN_CPUID_LEAF(3):
		if (subleaf == 0)
			*regs = (struct cpuid_regs){
				arch_clock().flags ? TSC_HOST_RELIABLE : 0,
				TSC_MODE_NATIVE, arch_tsc_khz(), 0 };
		break;
	case XEN_CPUID_LEAF(4):
		if (subleaf == 0)
			*regs = (struct cpuid_regs){
				XEN_HVM_CPUID_VCPU_ID_PRESENT |
				XEN_HVM_CPUID_DOMID_PRESENT,
				v->id, v->domain->id, 0 };
		break;
	}
}
