/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: number in rax; rdi, rsi, rdx, r10, r8; result in rax (xen-abi
 * 1.1). One file per call beside this one, one const table. A call that is
 * denied by the launch description returns -XEN_EPERM, an unknown one
 * -XEN_ENOSYS, one from CPL > 0 or 32-bit code -XEN_EPERM or -XEN_ENOSYS.
 */
#pragma once
#include "core/upcall.h"
#include "core/vcpu.h"

struct domain;

/*
 * Runs the call in v->regs. True: finished, result is in v->regs.rax, skip
 * the instruction. False: the call wants to go on later (batch limit
 * reached; arguments in v->regs were moved on), or must not return to the
 * guest: do not skip.
 */
bool hypercall_dispatch(struct vcpu *v);

/* A write to this MSR; false = #GP. */
#define MSR_HYPERCALL_PAGE	0x40000000u
bool hypercall_page_write(struct vcpu *v, uint64_t value);

/* Keeps runstate and registered areas right; on v's CPU, at state changes. */
void runstate_change(struct vcpu *v, int state, nsec_t now);
/* v's clock and, for vCPU 0, the wall clock: once v->info has its place. */
void time_fill(struct vcpu *v);
/*
 * Build and rebuild, no vCPU running: forgets what the domain has set by
 * calls (areas, callback vector, assists), but not its HVM params.
 */
void hypercall_reset(struct domain *d);
