/* SPDX-License-Identifier: MIT */
/*
 * Timers of the calling vCPU, on its CPU. They raise VIRQ_TIMER, the poll
 * timer ends SCHEDOP_poll. Stopping what is not armed does nothing.
 */
#pragma once
#include "core/vcpu.h"

/* A deadline that has passed raises the interrupt at once. */
void timer_op_oneshot(struct vcpu *v, nsec_t deadline);
void timer_op_periodic(struct vcpu *v, nsec_t period);
void timer_op_poll(struct vcpu *v, nsec_t deadline);
void timer_op_stop(struct vcpu *v, enum timer_kind kind);
