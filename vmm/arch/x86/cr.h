/* SPDX-License-Identifier: MIT */
/*
 * What a guest may write to CR0, CR4 and EFER. The checks are those of the
 * CPU (APM volume 2, "System Resources") plus our policy, so that a state
 * that VMRUN would refuse gives the guest its #GP at the instruction.
 */
#pragma once
#include "lib/types.h"

struct vcpu;

struct cr_state {
	uint64_t cr0, cr4, efer;
	bool code64;
};

/* False = #GP. On success the state is what the CPU would have then. */
bool cr0_write(struct cr_state *s, uint64_t value);
bool cr4_write(struct cr_state *s, uint64_t value, uint64_t allowed);
bool efer_write(struct cr_state *s, uint64_t value);

/* The same on a vCPU. */
enum control { CONTROL_CR0, CONTROL_CR4, CONTROL_EFER };
bool vcpu_write_control(struct vcpu *v, enum control which, uint64_t value);
