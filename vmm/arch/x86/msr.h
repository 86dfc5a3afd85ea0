/* SPDX-License-Identifier: MIT */
/*
 * The MSRs of guests: an allow-list. What the back end passes through (FS,
 * GS and KernelGS base, system-call and SYSENTER registers) never gets here.
 */
#pragma once
#include "lib/types.h"

struct vcpu;

enum msr_outcome {
	MSR_DONE,
	MSR_FAULT,		/* #GP */
	MSR_CORE,		/* x2APIC and Xen: the core's */
};

enum msr_outcome msr_read(struct vcpu *v, uint32_t index, uint64_t *value);
enum msr_outcome msr_write(struct vcpu *v, uint32_t index, uint64_t value);
/* Whether every byte is a memory type that PAT knows. Pure. */
bool msr_pat_is_valid(uint64_t value);
