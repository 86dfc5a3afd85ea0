/* SPDX-License-Identifier: MIT */
/* A guest's own page tables, as the guest's registers say. */
#pragma once
#include "lib/types.h"

struct domain;
struct vcpu;
struct walk_cache;

struct walk {			/* what decides about a translation */
	const struct domain *domain;
	struct walk_cache *cache;
	uint64_t cr0, cr3, cr4, efer;
};

/* 0 and *gpa, or -XEN_EFAULT. See arch_guest_translate(). */
int guest_walk(const struct walk *walk, uint64_t va, bool write,
	       uint64_t *gpa);
/*
 * Copies the code bytes that v is about to execute, at most size; returns how
 * many could be read (0: the page is not v's own RAM).
 */
size_t guest_fetch(const struct vcpu *v, uint8_t *bytes, size_t size);
