/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader left, in one form for Multiboot 1 and 2 and for the
 * mock. Sorted, page-aligned, non-overlapping. Valid until launch is over.
 */
#pragma once
#include "lib/types.h"

#define BOOT_RAM_MAX	64u
#define BOOT_MODULE_MAX	128u

struct boot_range { uint64_t start, end; };	/* bytes, end exclusive */

struct boot_module {
	const void *data;	/* VMM mapping */
	uint64_t address;	/* machine address, page-aligned */
	uint64_t size;		/* bytes */
};

struct boot_info {
	struct boot_range ram[BOOT_RAM_MAX];	/* all usable RAM */
	unsigned int ram_count;
	struct boot_module module[BOOT_MODULE_MAX];
	unsigned int module_count;
	struct boot_range vmm[4];	/* image and what the machine took */
	unsigned int vmm_count;
	unsigned int cpu_count;
	char command_line[256];
};
