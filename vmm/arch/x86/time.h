/* SPDX-License-Identifier: MIT */
/*
 * System time is the TSC, scaled; it starts at 0 in time_init(). The contract
 * of arch_time() and its relatives is in core/arch.h.
 */
#pragma once
#include "lib/types.h"

/* Boot CPU, after apic_init_cpu(): finds the speeds of TSC and APIC timer. */
void time_init(void);
/* The TSCs of the CPUs were found to disagree. */
void time_distrust(void);
/* Waits; for the start of other CPUs only. */
void time_wait(nsec_t ns);
