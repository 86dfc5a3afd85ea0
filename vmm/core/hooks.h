/* SPDX-License-Identifier: MIT */
/*
 * What the core asks of the rooms above it: vdev/lapic.c, vdev/serial.c and
 * vmm/route.c answer, in this order. On the CPU of the vCPU meant.
 */
#pragma once
#include "core/domain.h"

/* TIMER_LAPIC fired. */
void hook_lapic_timer(struct vcpu *v);
/* The boot CPU's regular look at the ports, bounded; when to look again. */
nsec_t hook_serial(nsec_t now);
/* VCPU_PENDING_START is set and v does not run: INIT and SIPI take effect. */
void hook_start_vcpu(struct vcpu *v);
