/* SPDX-License-Identifier: MIT */
/*
 * The way of an exit to the room that answers it, and of pending events into
 * the guest. Runs on the vCPU's CPU, from main.c's loop.
 */
#pragma once
#include "core/vcpu.h"
#include "core/vmexit.h"

/* Before an entry: turns v->pending into at most one injection. */
void route_pending(struct vcpu *v);
void route_exit(struct vcpu *v, const struct vmexit *exit);
/* One bounded step of building d or taking it apart, on vCPU 0's time. */
void route_job(struct domain *d);
