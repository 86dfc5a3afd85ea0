/* SPDX-License-Identifier: MIT */
/* A guest's own page tables, as the guest's registers say. */
#pragma once
#include "lib/types.h"

struct vcpu;

/*
 * Guest-virtual to guest-physical. 0 and *gpa, or -XEN_EFAULT; the rest as
 * for arch_guest_ptr().
 */
int guest_translate(const struct vcpu *v, uint64_t va, bool write,
		    uint64_t *gpa);
/*
 * Copies the code bytes that v is about to execute, at most size; returns how
 * many could be read (0: the page is not v's own RAM).
 */
size_t guest_fetch(const struct vcpu *v, uint8_t *bytes, size_t size);
