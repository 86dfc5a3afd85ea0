/* SPDX-License-Identifier: MIT */
/*
 * Page allocation, address-space holes and page tables.
 * The low 4 GiB are mapped one to one, writable, 2 MiB at a time, supervisor
 * only; page_map() changes that 4 KiB at a time.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define PAGE_SIZE	4096ul
#define PAGE_SHIFT	12u

#define PAGE_P		0x1ull
#define PAGE_W		0x2ull
#define PAGE_USER	0x4ull
#define PAGE_PCD	0x10ull
#define PAGE_NX		(1ull << 63)
#define PAGE_RW		(PAGE_P | PAGE_W)

void memory_init(void);

/* Zeroed pages from the RAM above the image, never given back. */
void *page_alloc(void);
void *page_alloc_many(unsigned long count);
/* RAM that page_alloc() has not handed out yet: the contiguous rest. */
uint64_t memory_rest_start(void);
uint64_t memory_rest_end(void);

/*
 * Frames with nothing behind them, above all that the memory map names;
 * their pages are mapped one to one, ready for what will be put there.
 */
uint64_t memory_hole(unsigned long frame_count);
/* Is this guest-physical page RAM according to the memory map? */
bool memory_is_ram(uint64_t gpa);
/* The number of RAM pages in the memory map. */
uint64_t memory_ram_pages(void);

/* Map one page; flags 0 unmaps. The address space is shared by all CPUs. */
void page_map(uint64_t va, uint64_t gpa, uint64_t flags);
/* A page-sized window of this CPU onto any guest-physical page. */
volatile void *page_window(uint64_t gpa);
/* Guest-physical address of an identity-mapped or page_map()ped address. */
uint64_t page_gpa(const volatile void *va);
