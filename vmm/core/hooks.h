/* SPDX-License-Identifier: MIT */
/*
 * What the core asks of the rooms above it: vdev/lapic.c answers the first,
 * vmm/route.c the others. All on the CPU of the vCPU or domain meant.
 */
#pragma once
#include "core/domain.h"

/* TIMER_LAPIC fired. */
void hook_lapic_timer(struct vcpu *v);
/* The boot CPU's regular look at the serial ports; when to look again. */
nsec_t hook_serial(nsec_t now);
/* VCPU_PENDING_START is set and v does not run: INIT and SIPI take effect. */
void hook_start_vcpu(struct vcpu *v);
