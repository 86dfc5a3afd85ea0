/* SPDX-License-Identifier: MIT */
/*
 * The VMM's own address space (layout.h). Invariants:
 *  A1  no page is both writable and executable through any mapping;
 *  A2  the image's constant part and the boot modules are read-only through
 *      every mapping;
 *  A3  below and above every stack lies a page that is not mapped;
 *  A4  after smp_start() nothing is mapped below IMAGE_BASE.
 */
#pragma once
#include "lib/types.h"

/*
 * Boot only: zeroed frames for tables and stacks, next to each other; they
 * are reported as VMM memory in boot_info. Returns the VMM's mapping.
 */
void *paging_take(unsigned int count);
/*
 * After multiboot_read(): chooses where paging_take() takes from; moves boot
 * modules out of low memory.
 */
void paging_init(void);
/* Builds the final tables, except stacks and MMIO. */
void paging_build(void);
/* Maps the stacks of the next CPU: indices in order; see layout.h. */
void paging_add_stacks(unsigned int index);
/* The page with a device's registers, uncached; boot only. */
void *paging_map_mmio(uint64_t address);
/*
 * The same for one page, until the launch is over: into the next of 512 slots
 * that paging_seal() keeps a table for. NULL if all are taken.
 */
void *paging_map_slot(uint64_t address);
/* boot_info.vmm gets what was taken; nothing may be taken any more. */
void paging_seal(void);
/* Whether address is in an unmapped page next to some stack. */
bool paging_is_guard(uint64_t address);
/* Whether an aligned 64-bit word at address is in some stack. */
bool paging_is_stack(uint64_t address);
extern uint64_t paging_root;	/* physical address of the final tables */
/* boot.S: the boot CPU goes on in boot_finish(), on the final tables. */
_Noreturn void paging_enter(uint64_t root, uint64_t stack);
