/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader says, by Multiboot 1 or 2, turned into boot_info. The
 * loader is believed about where things are, not about their order, number
 * or overlap: what cannot be used stops the machine with a sentence.
 */
#pragma once
#include "core/boot_info.h"

#define MULTIBOOT1_MAGIC	0x2badb002u
#define MULTIBOOT2_MAGIC	0x36d76289u

/* Filled by multiboot_read(); lasts until launch is over. */
extern struct boot_info boot_info;

/*
 * Early: RAM, modules, command line. info.vmm gets low memory and the image.
 * Returns the address of the RSDP, as copied by the loader, or 0.
 */
uint64_t multiboot_read(uint32_t magic, uint32_t information);
