/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader left, in one form for Multiboot 1 and 2 and for the
 * mock. Sorted, page-aligned, non-overlapping. Valid until launch is over.
 */
#pragma once
#include "lib/ranges.h"

#define BOOT_RAM_MAX	RANGES_MAX
#define BOOT_MODULE_MAX	128u

struct boot_module {
	const void *data;	/* VMM mapping */
	uint64_t address;	/* machine address, page-aligned */
	uint64_t size;		/* bytes */
};

struct boot_info {
	struct range ram[BOOT_RAM_MAX];	/* all usable, bytes */
	unsigned int ram_count;
	struct boot_module module[BOOT_MODULE_MAX];
	unsigned int module_count;
	struct range vmm[4];	/* image and what the machine took */
	unsigned int vmm_count;
	unsigned int cpu_count;
	unsigned int cpu_first;	/* CPUs below run no VM: 0 or 1 */
};
