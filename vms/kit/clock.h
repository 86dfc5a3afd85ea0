/* SPDX-License-Identifier: MIT */
/*
 * Time: the pvclock of this vCPU and its singleshot timer (VIRQ_TIMER).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

/* Nanoseconds since the domain's time 0. */
uint64_t clock_now(void);
/* From any copy of the time information. */
uint64_t clock_read(const volatile struct vcpu_time_info *t);

/* Bind VIRQ_TIMER of this vCPU; done on first use by the sleepers. */
evtchn_port_t clock_timer_port(void);
/* Absolute deadline; flags as in struct vcpu_set_singleshot_timer. */
long clock_timer_set(uint64_t ns, uint32_t flags);
long clock_timer_stop(void);

/* Halt this CPU until then; interrupts are served meanwhile. */
void clock_sleep(uint64_t ns);
/* The same, but come back early once *word > seen. */
void clock_sleep_until(uint64_t when, const volatile uint64_t *word,
		       uint64_t seen);
