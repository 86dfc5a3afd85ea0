/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of each CPU, in x2APIC mode where offered, else xAPIC. It
 * carries the timer and the signals between CPUs; the 8259 and the I/O APICs
 * are silenced, for no device interrupts the VMM.
 */
#pragma once
#include "lib/types.h"

/* Boot CPU, once: mode, mapping; silences the other controllers. */
void apic_init(void);
/* Each CPU. */
void apic_init_cpu(void);
uint32_t apic_id(void);
void apic_eoi(void);
/* Start-up signals to one CPU. */
void apic_send_init(uint32_t id);
void apic_send_startup(uint32_t id, uint8_t page);
void apic_send_nmi(uint32_t id);
/* The timer counts down from count to an interrupt; 0 stops it. */
void apic_timer_start(uint32_t count);
uint32_t apic_timer_left(void);
/* The timer fires when the TSC passes deadline; 0 stops it. */
void apic_timer_deadline(uint64_t deadline);
bool apic_has_deadline(void);
