/* SPDX-License-Identifier: MIT */
/*
 * Finding the hypervisor and the page shared with it.
 */
#include "xen.h"
#include <xen/arch-x86/cpuid.h>
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "memory.h"
#include "power.h"
#include "string.h"

bool hypercall_is_vmmcall;
struct shared_info *xen_shared;
uint8_t xen_shared_page[PAGE_SIZE] __attribute__((aligned(4096)));
static uint32_t cpuid_base;

void xen_detect(void)
{
	struct cpuid vendor = cpuid(0, 0);

	hypercall_is_vmmcall =
		vendor.b == 0x68747541 /* Auth */ ||
		vendor.b == 0x6f677948 /* Hygo */;
	if (!(cpuid(1, 0).c & 1u << 31))
		return;
	for (uint32_t base = 0x40000000; base < 0x40010000; base += 0x100) {
		struct cpuid leaf = cpuid(base, 0);

		if (leaf.b == XEN_CPUID_SIGNATURE_EBX &&
		    leaf.c == XEN_CPUID_SIGNATURE_ECX &&
		    leaf.d == XEN_CPUID_SIGNATURE_EDX && leaf.a >= base + 2) {
			cpuid_base = base;
			return;
		}
	}
}

bool xen_present(void)
{
	return cpuid_base != 0;
}

uint32_t xen_cpuid_base(void)
{
	return cpuid_base;
}

domid_t xen_domid(void)
{
	struct cpuid leaf = cpuid(cpuid_base + 4, 0);

	if (!cpuid_base || cpuid(cpuid_base, 0).a < cpuid_base + 4 ||
	    !(leaf.a & XEN_HVM_CPUID_DOMID_PRESENT))
		return DOMID_SELF;
	return (domid_t)leaf.c;
}

long hypercall5(uint64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
		uint64_t a4)
{
	struct hypercall_args args = { a1, a2, a3, a4, 0 };
	fault_t fault;
	long ret = hypercall_probe(number, &args, &fault);

	if (fault) {
		kprintf("KIT: hypercall %lu faulted: %lx\n", number, fault);
		power_end(SHUTDOWN_crash);
	}
	return ret;
}

long xen_add_to_physmap(unsigned int space, uint64_t index, uint64_t gfn)
{
	struct xen_add_to_physmap arg = {
		.domid = DOMID_SELF, .space = space, .idx = index, .gpfn = gfn
	};

	return memory_op(XENMEM_add_to_physmap, &arg);
}

void xen_init(void)
{
	uint64_t gfn = (uint64_t)xen_shared_page >> PAGE_SHIFT;
	long err = xen_add_to_physmap(XENMAPSPACE_shared_info, 0, gfn);

	if (err) {
		kprintf("KIT: shared_info: %ld\n", err);
		power_end(SHUTDOWN_crash);
	}
	xen_shared = (struct shared_info *)xen_shared_page;
	for (unsigned int i = 0; i < CPU_MAX; i++)
		cpu_table[i].vcpu = &xen_shared->vcpu_info[i];
}
