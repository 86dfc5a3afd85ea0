/* SPDX-License-Identifier: MIT */
/*
 * Building the VMM's page tables at boot. Afterwards nothing that is mapped
 * changes, so no CPU ever has to be told to forget a translation.
 */
#include "arch/x86/paging.h"
#include "arch/x86/acpi.h"
#include "arch/x86/desc.h"
#include "arch/x86/insn.h"
#include "arch/x86/layout.h"
#include "arch/x86/multiboot.h"

#define PTE_PRESENT	BIT64(0)
#define PTE_WRITE	BIT64(1)
#define PTE_UNCACHED	(BIT64(3) | BIT64(4))	/* PWT, PCD: PAT 3 = UC */
#define PTE_LARGE	BIT64(7)
#define PTE_GLOBAL	BIT64(8)
#define PTE_NX		BIT64(63)
#define PTE_ADDRESS	UINT64_C(0x000ffffffffff000)

#define MAP_TEXT	0u
#define MAP_RODATA	PTE_NX
#define MAP_DATA	(PTE_NX | PTE_WRITE)
#define MAP_MMIO	(PTE_NX | PTE_WRITE | PTE_UNCACHED)

uint64_t paging_root;
static struct ranges available;	/* RAM that nobody uses yet */
static struct range spare;	/* paging_take() takes from its end */
static struct ranges constant;	/* read-only in the direct map */
static struct range *taken;
static unsigned int stack_count;	/* CPUs 0 .. stack_count - 1 */
static bool sealed;

static struct range module_range(const struct boot_module *m)
{
	return (struct range){ m->address,
			       ROUND_UP(m->address + m->size, PAGE_SIZE) };
}

/* Low memory is the VMM's: a module that lies there moves to spare RAM. */
static void move_module(struct boot_module *m)
{
	uint64_t size = ROUND_UP(m->size, PAGE_SIZE);

	if (spare.end - spare.start < size)
		arch_panic(__FILE__, __LINE__, "no room to move a module");
	spare.end -= size;
	memcpy(phys_ptr(spare.end), m->data, m->size);
	m->address = spare.end;
	m->data = phys_ptr(spare.end);
}

void paging_init(void)
{
	for (unsigned int i = 0; i < boot_info.ram_count; i++)
		BUG_ON(!ranges_add(&available, boot_info.ram[i]));
	for (unsigned int i = 0; i < boot_info.vmm_count; i++)
		ranges_remove(&available, boot_info.vmm[i]);
	for (unsigned int i = 0; i < boot_info.module_count; i++)
		ranges_remove(&available, module_range(&boot_info.module[i]));
	spare = ranges_largest(&available, EARLY_LIMIT);
	for (unsigned int i = 0; i < boot_info.module_count; i++) {
		struct boot_module *m = &boot_info.module[i];

		if (m->address < LOW_LIMIT)
			move_module(m);
		BUG_ON(!ranges_add(&constant, module_range(m)));
	}
	BUG_ON(!ranges_add(&constant, (struct range){
		image_phys(image_start), image_phys(image_rodata_end) }));
	taken = &boot_info.vmm[boot_info.vmm_count++];
	*taken = (struct range){ spare.end, spare.end };
}

void *paging_take(unsigned int count)
{
	uint64_t size = count * (uint64_t)PAGE_SIZE;

	BUG_ON(sealed);
	if (taken->start - spare.start < size)
		arch_panic(__FILE__, __LINE__, "no memory for page tables");
	taken->start -= size;
	return memset(phys_ptr(taken->start), 0, size);
}

/* The entry for address in the table of the given level, made if missing. */
static uint64_t *walk(uint64_t address, unsigned int level)
{
	uint64_t *entry = phys_ptr(paging_root);

	for (unsigned int l = 4;; l--) {
		entry += address >> (PAGE_SHIFT + 9 * (l - 1)) & 511;
		if (l == level)
			return entry;
		if (!*entry)
			*entry = phys_of(paging_take(1)) | PTE_PRESENT |
				 PTE_WRITE;
		BUG_ON(*entry & PTE_LARGE);
		entry = phys_ptr(*entry & PTE_ADDRESS);
	}
}

void paging_seal(void)
{
	walk(SLOT_BASE, 1);
	sealed = true;
}

/* Page-aligned; with the largest pages that fit. Replaces nothing. */
static void map(uint64_t address, uint64_t physical, uint64_t size,
		uint64_t flags)
{
	while (size) {
		unsigned int level = arch_npte_max_level();
		uint64_t step;

		for (;; level--) {
			step = UINT64_C(1) << (PAGE_SHIFT + 9 * (level - 1));
			if (level == 1 || (!((address | physical) & (step - 1))
					   && size >= step))
				break;
		}
		uint64_t *entry = walk(address, level);
		BUG_ON(*entry);
		*entry = physical | flags | PTE_PRESENT | PTE_GLOBAL |
			 (level > 1 ? PTE_LARGE : 0);
		address += step;
		physical += step;
		size -= step;
	}
}

/* The direct map of one range, its constant parts read-only. */
static void map_direct(uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t flags = MAP_DATA, stop = end;

		for (unsigned int i = 0; i < constant.count; i++) {
			const struct range *c = &constant.range[i];

			if (c->start <= start && start < c->end) {
				flags = MAP_RODATA;
				stop = MIN(stop, c->end);
			} else if (c->start > start) {
				stop = MIN(stop, c->start);
			}
		}
		map(DIRECT_BASE + start, start, stop - start, flags);
		start = stop;
	}
}

static void map_image(const char *start, const char *end, uint64_t flags)
{
	map((uint64_t)start, image_phys(start), (uint64_t)(end - start), flags);
}

void paging_build(void)
{
	static struct ranges direct;

	direct = constant;
	paging_root = phys_of(paging_take(1));
	map_image(image_start, image_text_end, MAP_TEXT);
	map_image(image_text_end, image_rodata_end, MAP_RODATA);
	map_image(image_rodata_end, image_end, MAP_DATA);

	BUG_ON(!acpi_add_pages(&direct));
	for (unsigned int i = 0; i < boot_info.ram_count; i++)
		BUG_ON(!ranges_add(&direct, boot_info.ram[i]));
	for (unsigned int i = 0; i < direct.count; i++)
		map_direct(direct.range[i].start, direct.range[i].end);
}

void *paging_map_mmio(uint64_t address)
{
	uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1);

	*walk(MMIO_BASE + page, 1) = page | MAP_MMIO | PTE_PRESENT | PTE_GLOBAL;
	return (void *)(MMIO_BASE + address);
}

void *paging_map_slot(uint64_t address)
{
	static uint64_t used;
	uint64_t slot = SLOT_BASE + used * PAGE_SIZE;

	if (used == 512)
		return NULL;
	used++;
	*walk(slot, 1) = address | MAP_MMIO | PTE_PRESENT | PTE_GLOBAL;
	return (void *)slot;
}

void paging_add_stacks(unsigned int index)
{
	BUG_ON(index != stack_count);
	stack_count++;
	for (unsigned int i = 0; i < STACK_SLOT / PAGE_SIZE; i++)
		if (STACK_PAGES & BIT32(i))
			map(stack_slot(index) + i * PAGE_SIZE,
			    phys_of(paging_take(1)), PAGE_SIZE, MAP_DATA);
}

/* Whether address is in the slot of a CPU that has its stacks. */
static bool in_slots(uint64_t address)
{
	return address >= STACK_BASE &&
	       (address - STACK_BASE) / STACK_SLOT < stack_count;
}

bool paging_is_stack(uint64_t address)
{
	uint64_t page = address % STACK_SLOT / PAGE_SIZE;

	if (address % sizeof(uint64_t))
		return false;
	if (address >= (uint64_t)boot_stack &&
	    address < (uint64_t)boot_stack_end)
		return true;
	return in_slots(address) && STACK_PAGES & BIT32(page);
}

bool paging_is_guard(uint64_t address)
{
	return in_slots(address) && !paging_is_stack(address & ~UINT64_C(7));
}

void *arch_frame_ptr(mfn_t mfn)
{
	return phys_ptr(mfn.n << PAGE_SHIFT);
}
