/* SPDX-License-Identifier: MIT */
/*
 * A machine made of variables: one domain with a few pages of RAM, one vCPU,
 * a back end that keeps registers in an array.
 */
#pragma once
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "arch/x86/virt.h"
#include "core/domain.h"
#include "core/p2m.h"

#define MACHINE_PAGES	16u

struct machine {
	uint8_t ram[MACHINE_PAGES][PAGE_SIZE];
	uint64_t ram_base;		/* guest frame of ram[0] */
	struct domain domain;
	struct vcpu vcpu;
	struct vcpu_arch arch;
	uint64_t reg[8];		/* by enum virt_reg */
	unsigned int syncs, flushes, windows;
	uint64_t injected;	/* the event as last told to the back end */
	bool iret_watched, shadow_cleared;
	uint64_t tsc_aux;
	unsigned int upcalls;
	enum p2m_kind kind;		/* of what is in RAM */
	unsigned int lookups, unloads;
};
extern struct machine machine;

/* Everything zero, RAM at frame 0. */
int machine_reset(void **state);
/* A 64-bit word of guest RAM. */
uint64_t *machine_word(uint64_t gpa);
