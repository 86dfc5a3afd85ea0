/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: x2APIC by MSR; xAPIC by memory only where the former is
 * missing (a plain emulator). Register numbers are x2APIC's (0x00..0x3f).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define APIC_ID		0x02u
#define APIC_VERSION	0x03u
#define APIC_TPR	0x08u
#define APIC_EOI	0x0bu
#define APIC_LDR	0x0du
#define APIC_SVR	0x0fu
#define APIC_ISR	0x10u
#define APIC_IRR	0x20u
#define APIC_ESR	0x28u
#define APIC_ICR	0x30u
#define APIC_LVT_TIMER	0x32u
#define APIC_LVT_LINT0	0x35u
#define APIC_TIMER_INIT	0x38u
#define APIC_TIMER_NOW	0x39u
#define APIC_TIMER_DIV	0x3eu
#define APIC_SELF_IPI	0x3fu

#define ICR_FIXED	0x000u
#define ICR_NMI		0x400u
#define ICR_INIT	0x500u
#define ICR_SIPI	0x600u
#define ICR_ASSERT	0x4000u
#define ICR_SELF	0x40000u
#define ICR_ALL		0x80000u
#define ICR_OTHERS	0xc0000u

bool apic_is_x2apic(void);
uint32_t apic_read(unsigned int reg);
void apic_write(unsigned int reg, uint32_t value);
/* Send to one APIC id, or with a shorthand in command. */
void apic_send(uint32_t id, uint32_t command);
/* Software enable, spurious vector 0xff, all priorities. */
void apic_enable(void);
uint32_t apic_id(void);
void apic_eoi(void);
