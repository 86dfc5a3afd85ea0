/* SPDX-License-Identifier: MIT */
/*
 * Virtual local APIC, x2APIC mode only (MSRs 0x800-0x83f); APIC id = vCPU
 * index. Intel SDM 3A "Advanced Programmable Interrupt Controller", x2APIC.
 */
#pragma once
#include "core/vcpu.h"

void lapic_reset(struct vcpu *v);
/* False = #GP. index is the MSR, 0x800..0x83f. On v's CPU. */
bool lapic_msr_read(struct vcpu *v, uint32_t index, uint64_t *value);
bool lapic_msr_write(struct vcpu *v, uint32_t index, uint64_t value);
/* Highest vector that may be delivered now, or -1. On v's CPU. */
int lapic_pending_vector(const struct vcpu *v);
/* The vector is being injected: IRR to ISR. */
void lapic_accept(struct vcpu *v, uint8_t vector);
/* A message of a device to d's APICs, as PC-compatible ones take it. Same. */
void lapic_message(struct domain *d, uint32_t address, uint32_t data);
/* A fixed, edge-triggered interrupt from anywhere; any CPU, no lock. */
void lapic_raise(struct vcpu *v, uint8_t vector);
