/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical and virtual memory of a kit guest.
 *
 *  M1  page_alloc() never returns memory that the loader's map does not call
 *      RAM, nor the image, nor a module;
 *  M2  holes lie above everything the map names, so a grant mapped there
 *      covers nothing;
 *  M3  upper-level entries allow everything; the leaf decides.
 */
#include "memory.h"
#include "boot.h"
#include "console.h"
#include "cpu.h"
#include "power.h"
#include "string.h"

#define PTE_LARGE	0x80ull
#define PTE_ADDRESS	0x000ffffffffff000ull
#define TABLE_FLAGS	(PAGE_P | PAGE_W | PAGE_USER)
#define LOADER_MAX	0x10000ull	/* start_info and what it names */
#define WINDOW_BASE	0x400000000000ull

extern uint64_t head_pml4[512];

static uint64_t rest_start, rest_end;
static uint64_t hole_next;
static volatile uint32_t table_lock;

/* The end of what the loader put right behind the image, if it did. */
static uint64_t loader_end(void)
{
	const struct hvm_start_info *i = &boot.info;
	const uint64_t end[] = {
		entry_state.ebx + sizeof(*i),
		i->cmdline_paddr + strlen(boot.command) + 1,
		i->modlist_paddr + i->nr_modules * sizeof(boot.module[0]),
		i->memmap_paddr + boot.memmap_count * sizeof(boot.memmap[0]),
	};
	uint64_t last = (uint64_t)image_end;

	for (unsigned int n = 0; n < ARRAY_SIZE(end); n++)
		if (end[n] > last && end[n] < last + LOADER_MAX)
			last = end[n];
	return (last + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

void memory_init(void)
{
	uint64_t top = 0;

	rest_start = loader_end();
	for (unsigned int i = 0; i < boot.memmap_count; i++) {
		const struct hvm_memmap_table_entry *e = &boot.memmap[i];
		uint64_t end = e->addr + e->size;

		if (end > top && end <= 1ull << 36)
			top = end;
		if (e->type == XEN_HVM_MEMMAP_TYPE_RAM &&
		    e->addr <= rest_start && end > rest_start)
			rest_end = end;
	}
	if (rest_end > 1ull << 32)
		rest_end = 1ull << 32;
	for (unsigned int i = 0; i < boot.module_count; i++) {
		uint64_t start = boot.module[i].paddr;
		uint64_t end = start + boot.module[i].size;

		/* Modules sit just above the image or at the top of RAM. */
		if (start >= rest_start && end <= rest_end) {
			if (start - rest_start < rest_end - end)
				rest_start = (end + PAGE_SIZE - 1) &
					     ~(PAGE_SIZE - 1);
			else
				rest_end = start & ~(PAGE_SIZE - 1);
		}
	}
	hole_next = (top + (128ul << 20) - 1) & ~((128ul << 20) - 1);
}

void *page_alloc_many(unsigned long count)
{
	void *at = (void *)rest_start;

	if (rest_start + count * PAGE_SIZE > rest_end) {
		kprintf("KIT: out of memory for %lu pages\n", count);
		power_end(3);
	}
	rest_start += count * PAGE_SIZE;
	return memset(at, 0, count * PAGE_SIZE);
}

void *page_alloc(void)
{
	return page_alloc_many(1);
}

uint64_t memory_rest_start(void)
{
	return rest_start;
}

uint64_t memory_rest_end(void)
{
	return rest_end;
}

uint64_t memory_hole(unsigned long frame_count)
{
	uint64_t frame = hole_next >> PAGE_SHIFT;

	hole_next += frame_count << PAGE_SHIFT;
	for (uint64_t at = frame << PAGE_SHIFT; at < hole_next; at += PAGE_SIZE)
		page_map(at, at, PAGE_RW | PAGE_NX);
	return frame;
}

bool memory_is_ram(uint64_t gpa)
{
	for (unsigned int i = 0; i < boot.memmap_count; i++) {
		const struct hvm_memmap_table_entry *e = &boot.memmap[i];

		if (e->type == XEN_HVM_MEMMAP_TYPE_RAM && gpa >= e->addr &&
		    gpa - e->addr < e->size)
			return true;
	}
	return false;
}

uint64_t memory_ram_pages(void)
{
	uint64_t pages = 0;

	for (unsigned int i = 0; i < boot.memmap_count; i++)
		if (boot.memmap[i].type == XEN_HVM_MEMMAP_TYPE_RAM)
			pages += boot.memmap[i].size >> PAGE_SHIFT;
	return pages;
}

/* The table below an entry, made or split from a 2 MiB page as needed. */
static uint64_t *table_below(uint64_t *entry)
{
	uint64_t old = *entry;
	uint64_t *table;

	if ((old & PAGE_P) && !(old & PTE_LARGE))
		return (uint64_t *)(old & PTE_ADDRESS);
	table = page_alloc();
	if (old & PAGE_P)
		for (unsigned int i = 0; i < 512; i++)
			table[i] = (old & ~PTE_LARGE) + i * PAGE_SIZE;
	WRITE_ONCE(*entry, (uint64_t)table | TABLE_FLAGS);
	return table;
}

static uint64_t *leaf_of(uint64_t va)
{
	uint64_t *t = head_pml4;

	t = table_below(&t[va >> 39 & 511]);
	t = table_below(&t[va >> 30 & 511]);
	t = table_below(&t[va >> 21 & 511]);
	return &t[va >> 12 & 511];
}

void page_map(uint64_t va, uint64_t gpa, uint64_t flags)
{
	while (__atomic_exchange_n(&table_lock, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
	WRITE_ONCE(*leaf_of(va), flags ? (gpa & PTE_ADDRESS) | flags : 0);
	__atomic_store_n(&table_lock, 0, __ATOMIC_RELEASE);
	invlpg((void *)va);
}

volatile void *page_window(uint64_t gpa)
{
	uint64_t va = WINDOW_BASE + this_cpu()->index * PAGE_SIZE;

	page_map(va, gpa, PAGE_RW | PAGE_NX);
	return (volatile void *)(va + (gpa & (PAGE_SIZE - 1)));
}

uint64_t page_gpa(const volatile void *at)
{
	uint64_t va = (uint64_t)at;

	if (va < 1ull << 32)
		return va;	/* page_map() elsewhere below 4 GiB: not ours */
	return (*leaf_of(va) & PTE_ADDRESS) | (va & (PAGE_SIZE - 1));
}
