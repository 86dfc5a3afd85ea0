/* SPDX-License-Identifier: MIT */
/*
 * Areas of guest memory that the VMM keeps up to date for a vCPU. An area is
 * resolved when it is registered, by the vCPU's page tables of that moment,
 * and stays the domain's own RAM for as long as the domain lives.
 */
#pragma once
#include "core/vcpu.h"

/* At most a page, in at most two pieces. 0 or -XEN_EFAULT. */
int area_resolve(struct vcpu *v, uint64_t va, uint32_t size,
		 struct guest_area *area);
/* The first size bytes of an area that is registered. */
void area_write(const struct guest_area *area, const void *from, size_t size);

/* On v's CPU. va 0 takes the registration back. 0 or -XEN_EFAULT. */
int runstate_register(struct vcpu *v, uint64_t va);
int time_register(struct vcpu *v, uint64_t va);
