/* SPDX-License-Identifier: MIT */
/*
 * What the core and launch ask of the rooms above them. vmm/route.c joins:
 * it alone implements these. All on the CPU of the vCPU or domain meant.
 */
#pragma once
#include "core/domain.h"

/* TIMER_LAPIC fired. */
void hook_lapic_timer(struct vcpu *v);
/* The boot CPU's regular look at the serial ports; when to look again. */
nsec_t hook_serial(nsec_t now);
/* VCPU_PENDING_START is set and v does not run: INIT and SIPI take effect. */
void hook_start_vcpu(struct vcpu *v);
/* console_io: d's own text for its console. */
void hook_console_put(struct domain *d, const char *text, size_t size);
