/* SPDX-License-Identifier: MIT */
/*
 * Where things are in the VMM's address space. Shared by C, assembly and the
 * reader; the linker script repeats IMAGE_BASE.
 *
 *   IMAGE_BASE  + physical   the image: text RX, rodata R, data RW
 *   DIRECT_BASE + physical   all RAM, never executable; the image's constant
 *                            part and the boot modules read-only
 *   MMIO_BASE   + physical   registers of devices, uncached
 *   SLOT_BASE   + page       registers of devices that VMs own, uncached
 *   STACK_BASE  + slot       stacks with unmapped pages between them
 *
 * During boot the first two show the lowest 4 GiB with no protection.
 */
#pragma once

#define IMAGE_BASE	0xffff800000000000
#define DIRECT_BASE	0xffff810000000000
#define MMIO_BASE	0xffffc80000000000
#define SLOT_BASE	0xffffd00000000000
#define STACK_BASE	0xfffff00000000000
#define EARLY_LIMIT	0x100000000	/* what boot maps */
#define LOW_LIMIT	0x100000	/* the VMM keeps RAM below */

/* One CPU's slot; bit n: page n is mapped. The others are guards. */
#define STACK_SLOT		0x10000
#define STACK_PAGES		0x00de
#define STACK_MAIN_END		0x5000	/* the ordinary stack: 4 pages */
#define STACK_DF_END		0x8000	/* that of double faults: 2 pages */

/* Offsets in struct cpu_local that assembly uses; checked in smp.c. */
#define CPU_LOCAL_APIC_ID	12
#define CPU_LOCAL_STACK_TOP	16
#define CPU_LOCAL_SIZE		512

#ifndef __ASSEMBLY__
#include "lib/types.h"

/* The VMM's view of RAM, and during boot of anything below EARLY_LIMIT. */
static inline void *phys_ptr(uint64_t address)
{
	return (void *)(DIRECT_BASE + address);
}

static inline uint64_t phys_of(const void *address)
{
	return (uint64_t)address - DIRECT_BASE;
}

static inline uint64_t stack_slot(unsigned int index)
{
	return STACK_BASE + index * (uint64_t)STACK_SLOT;
}

/* Limits of the image, from vmm.lds; page-aligned, VMM addresses. */
extern char boot_stack[], boot_stack_end[];
extern char image_start[], image_text_end[], image_rodata_end[], image_end[];

static inline uint64_t image_phys(const void *address)
{
	return (uint64_t)address - IMAGE_BASE;
}
#endif
