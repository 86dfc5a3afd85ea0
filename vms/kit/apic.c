/* SPDX-License-Identifier: MIT */
#include "apic.h"
#include "insn.h"

#define BASE_X2APIC	(1u << 10)
#define XAPIC		0xfee00000ul

bool apic_is_x2apic(void)
{
	return rdmsr(MSR_APIC_BASE) & BASE_X2APIC;
}

static volatile uint32_t *xapic_at(unsigned int reg)
{
	return (volatile uint32_t *)(XAPIC + reg * 16ul);
}

uint32_t apic_read(unsigned int reg)
{
	if (apic_is_x2apic())
		return (uint32_t)rdmsr(MSR_X2APIC + reg);
	return *xapic_at(reg);
}

void apic_write(unsigned int reg, uint32_t value)
{
	if (apic_is_x2apic())
		wrmsr(MSR_X2APIC + reg, value);
	else
		*xapic_at(reg) = value;
}

void apic_send(uint32_t id, uint32_t command)
{
	if (apic_is_x2apic()) {
		wrmsr(MSR_X2APIC + APIC_ICR, (uint64_t)id << 32 | command);
		return;
	}
	*xapic_at(APIC_ICR + 1) = id << 24;
	*xapic_at(APIC_ICR) = command;
}

void apic_enable(void)
{
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, 0x1ff);
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return apic_is_x2apic() ? id : id >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}
