/* SPDX-License-Identifier: MIT */
/* A vCPU of the mock machine: what tests look at, no more. */
#include <stdio.h>
#include "arch/mock/mock.h"
#include "core/p2m.h"

#define VA_END	BIT64(40)

struct mock_vcpu *mock_vcpu(const struct vcpu *v)
{
	return v->arch;
}

size_t arch_vcpu_size(void)
{
	return PAGE_SIZE;
}

void arch_vcpu_init(struct vcpu *v)
{
	*mock_vcpu(v) = (struct mock_vcpu){ .is_64bit = true,
					    .interrupts_enabled = true };
}

void arch_vcpu_reset_pvh(struct vcpu *v, uint32_t entry, uint32_t start_info)
{
	arch_vcpu_init(v);
	v->regs = (struct guest_regs){ .rip = entry, .rbx = start_info,
				       .rflags = 2 };
}

void arch_vcpu_reset_sipi(struct vcpu *v, uint8_t vector)
{
	arch_vcpu_init(v);
	v->regs = (struct guest_regs){ .rflags = 2 };
}

void arch_vcpu_unload(struct vcpu *v)
{
}

void arch_vcpu_skip(struct vcpu *v, const struct vmexit *exit)
{
	v->regs.rip = exit->next_rip;
}

unsigned int arch_vcpu_cpl(const struct vcpu *v)
{
	return mock_vcpu(v)->cpl;
}

bool arch_vcpu_is_64bit(const struct vcpu *v)
{
	return mock_vcpu(v)->is_64bit;
}

bool arch_vcpu_interrupts_enabled(const struct vcpu *v)
{
	return mock_vcpu(v)->interrupts_enabled;
}

bool arch_vcpu_may_interrupt(const struct vcpu *v)
{
	return mock_vcpu(v)->interrupts_enabled;
}

bool arch_vcpu_may_nmi(const struct vcpu *v)
{
	return true;
}

void arch_vcpu_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	mock_vcpu(v)->injected = vector;
}

void arch_vcpu_inject_nmi(struct vcpu *v)
{
}

void arch_vcpu_inject_fault(struct vcpu *v, uint8_t vector, uint32_t error)
{
}

bool arch_vcpu_want_window(struct vcpu *v)
{
	return ++mock_vcpu(v)->windows && !mock_vcpu(v)->no_window;
}

void arch_vcpu_describe(const struct vcpu *v, char *text, size_t size)
{
	snprintf(text, size, "rip 0x%llx", (unsigned long long)v->regs.rip);
}

uint8_t *arch_guest_ptr(const struct vcpu *v, uint64_t va, bool write)
{
	uint8_t *page;

	if (mock.fail_at && --mock.fail_at == 0)
		return NULL;
	if (va >= VA_END || va / PAGE_SIZE == mock.fault_va / PAGE_SIZE ||
	    (write && va / PAGE_SIZE == mock.readonly_va / PAGE_SIZE))
		return NULL;
	page = p2m_ram_ptr(v->domain, gfn_of(va));
	return page ? page + va % PAGE_SIZE : NULL;
}
