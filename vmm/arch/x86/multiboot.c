/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 1 (0.6.96) and Multiboot 2 (2.0) boot information. Runs with the
 * early map: every address that the loader gives is below EARLY_LIMIT or is
 * refused. The information itself is copied, never kept.
 */
#include "arch/x86/multiboot.h"
#include "arch/x86/layout.h"
#include "core/arch.h"
#include "lib/format.h"
#include "lib/string.h"

#define E820_RAM		1u
#define MB1_HAS_MODULES		BIT32(3)
#define MB1_HAS_MAP		BIT32(6)
enum {
	MB2_TAG_END = 0, MB2_TAG_MODULE = 3, MB2_TAG_MAP = 6,
	MB2_TAG_RSDP1 = 14, MB2_TAG_RSDP2 = 15 };

/* All packed: the loader may put them anywhere. */
#define PACKED	__attribute__((packed))

struct mb1_info {
	uint32_t flags;
	uint32_t memory_low, memory_high;
	uint32_t boot_device;
	uint32_t command_line;			/* 0x10 */
	uint32_t module_count, module;		/* 0x14 */
	uint32_t symbols[4];
	uint32_t map_size, map;			/* 0x2c */
} PACKED;
static_assert(offsetof(struct mb1_info, map_size) == 0x2c, "Multiboot 1");

/* What both versions say in the same form, after a size or a tag. */
struct module_entry { uint32_t start, end; } PACKED;
struct map_entry {
	uint64_t start, length;
	uint32_t type;
} PACKED;
#define MB1_MODULE_SIZE	16u
struct mb1_map { uint32_t size; struct map_entry entry; } PACKED;

struct mb2_tag { uint32_t type, size; } PACKED;
struct mb2_map { struct mb2_tag tag; uint32_t entry_size, version; } PACKED;

struct boot_info boot_info;
static struct ranges ram, reserved;

_Noreturn static void refuse(const char *what)
{
	arch_panic("boot loader", 0, what);
}

/* A piece of the loader's data, or stop. */
static const void *piece(uint64_t address, uint64_t size)
{
	if (address >= EARLY_LIMIT || size > EARLY_LIMIT - address)
		refuse("boot information lies above 4 GiB");
	return phys_ptr(address);
}

static void read_map_entry(const struct map_entry *m)
{
	const uint64_t page = PAGE_SIZE - 1;
	bool is_ram = m->type == E820_RAM;
	/* RAM inwards, everything else outwards. */
	uint64_t up = is_ram ? 0 : page, end = m->start + m->length;

	if (end < m->start)
		end = UINT64_MAX - page;
	if (!ranges_add(is_ram ? &ram : &reserved, (struct range){
			(m->start + page - up) & ~page, (end + up) & ~page }))
		refuse("memory map with more than 256 pieces");
}

static void read_module(uint64_t at)
{
	const struct module_entry *m = piece(at, sizeof(*m));

	if (boot_info.module_count == BOOT_MODULE_MAX)
		refuse("more than 128 modules");
	if (m->end < m->start || m->start % PAGE_SIZE)
		refuse("a module does not begin on a page boundary");
	if (m->start < image_phys(image_end) && m->end > LOW_LIMIT)
		refuse("a module lies over the VMM");
	boot_info.module[boot_info.module_count++] = (struct boot_module){
		phys_ptr(m->start), m->start, m->end - m->start };
}

static void mb1_read(uint64_t address)
{
	const struct mb1_info *info = piece(address, sizeof(*info));
	uint64_t at = info->map, end = at + info->map_size;
	const struct mb1_map *m;

	if (info->flags & MB1_HAS_MAP)
		for (; at + sizeof(*m) <= end; at += 4ull + m->size) {
			m = piece(at, sizeof(*m));
			read_map_entry(&m->entry);
		}
	if (info->flags & MB1_HAS_MODULES)
		for (uint32_t i = 0; i < info->module_count; i++)
			read_module(info->module +
				    i * (uint64_t)MB1_MODULE_SIZE);
}

static void mb2_read_map(uint64_t at, uint32_t size)
{
	const struct mb2_map *map = piece(at, sizeof(*map));
	uint64_t end = at + size;

	if (map->entry_size < sizeof(struct map_entry))
		refuse("memory map of an unknown form");
	for (at += sizeof(*map); at + map->entry_size <= end;
	     at += map->entry_size)
		read_map_entry(piece(at, sizeof(struct map_entry)));
}

static uint64_t mb2_read(uint64_t address)
{
	const struct mb2_tag *head = piece(address, 8);	/* size, reserved */
	uint64_t at = address + 8, end = address + head->type, rsdp = 0;

	while (at + sizeof(struct mb2_tag) <= end) {
		const struct mb2_tag *tag = piece(at, sizeof(*tag));
		uint64_t inside = at + sizeof(*tag);

		if (tag->type == MB2_TAG_END || tag->size < sizeof(*tag) ||
		    tag->size > end - at)
			break;
		if (tag->type == MB2_TAG_MODULE &&
		    tag->size >= sizeof(*tag) + sizeof(struct module_entry))
			read_module(inside);
		else if (tag->type == MB2_TAG_MAP &&
			 tag->size >= sizeof(struct mb2_map))
			mb2_read_map(at, tag->size);
		else if (tag->type == MB2_TAG_RSDP2 ||
			 (tag->type == MB2_TAG_RSDP1 && !rsdp))
			rsdp = inside;
		at += ROUND_UP((uint64_t)tag->size, 8);
	}
	return rsdp;
}

uint64_t multiboot_read(uint32_t magic, uint32_t information)
{
	uint64_t rsdp = 0;

	if (magic == MULTIBOOT1_MAGIC)
		mb1_read(information);
	else if (magic == MULTIBOOT2_MAGIC)
		rsdp = mb2_read(information);
	else
		refuse("the boot loader speaks neither Multiboot 1 nor 2");

	for (unsigned int i = 0; i < reserved.count; i++)
		ranges_remove(&ram, reserved.range[i]);
	if (!ram.count)
		refuse("the boot loader has no map of the memory");
	memcpy(boot_info.ram, ram.range, ram.count * sizeof(ram.range[0]));
	boot_info.ram_count = ram.count;
	boot_info.vmm[0] = (struct range){ 0, LOW_LIMIT };
	boot_info.vmm[1] = (struct range){ image_phys(image_start),
						image_phys(image_end) };
	boot_info.vmm_count = 2;
	return rsdp;
}
