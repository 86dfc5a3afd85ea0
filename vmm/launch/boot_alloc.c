/* SPDX-License-Identifier: MIT */
/*
 * The boot allocator: first fit in a set of free ranges of frames. What the
 * set gives up for want of room stays the VMM's.
 */
#include "launch/boot_alloc.h"
#include "core/world.h"
#include "lib/format.h"

#define LOW_FRAMES	256u		/* 1 MiB */

static struct {
	struct ranges free;		/* frames */
	uint8_t *table, *table_end;	/* what is left of the last page run */
	const char *whose;		/* the tables that are made */
	bool open;
} allocator;

static uint64_t frame_up(uint64_t address)
{
	return ROUND_UP(address, PAGE_SIZE) >> PAGE_SHIFT;
}

/* The frames of the VMM's ranges and, behind those, of the modules. */
static struct range used(const struct boot_info *boot, unsigned int i)
{
	struct range r;

	if (i < boot->vmm_count) {
		r = boot->vmm[i];
	} else {
		r.start = boot->module[i - boot->vmm_count].address;
		r.end = r.start + boot->module[i - boot->vmm_count].size;
	}
	return (struct range){ r.start >> PAGE_SHIFT, frame_up(r.end) };
}

/* The frames that lie in RAM range i as a whole. */
static struct range ram_range(const struct boot_info *boot, unsigned int i)
{
	return (struct range){ frame_up(boot->ram[i].start),
			       boot->ram[i].end >> PAGE_SHIFT };
}

/* First fit for min..max frames: cut out, not assigned. */
static struct run take(uint64_t min, uint64_t max, unsigned int order)
{
	uint64_t unit = UINT64_C(1) << order;

	BUG_ON(!allocator.open || min == 0 || min > max);
	for (unsigned int k = 0; k < allocator.free.count; k++) {
		unsigned int i = order ? allocator.free.count - 1 - k : k;
		const struct range *r = &allocator.free.range[i];
		uint64_t start = ROUND_UP(r->start, unit);
		uint64_t end = r->end & ~(unit - 1);

		if (start >= end || end - start < min)
			continue;

		uint64_t count = MIN(max & ~(unit - 1), end - start);

		if (order)
			start = end - count;
		ranges_remove(&allocator.free,
			      (struct range){ start, start + count });
		return (struct run){ MFN(start), count };
	}
	return (struct run){ MFN_NONE, 0 };
}

struct run boot_take(uint64_t min, uint64_t max, unsigned int order,
		     uint16_t owner, enum frame_kind kind)
{
	struct run run = take(min, max, order);

	if (run.count)
		partition_assign(run.mfn, run.count, owner, kind);
	return run;
}

void boot_alloc_for(const char *whose)
{
	allocator.whose = whose;
}

void *boot_alloc_pages(uint64_t size)
{
	uint64_t count = frame_up(MAX(size, 1));
	struct run run = take(count, count, 0);
	char text[96];

	if (!run.count) {
		format_text(text, sizeof(text), "there is no memory for the "
			    "tables of %s", allocator.whose);
		arch_panic("launch", 0, text);
	}
	for (uint64_t i = 0; i < run.count; i++)
		arch_frame_scrub(MFN(run.mfn.n + i));
	return arch_frame_ptr(run.mfn);
}

void boot_alloc_init(const struct boot_info *boot)
{
	const unsigned int used_count = boot->vmm_count + boot->module_count;
	uint64_t end = 0;

	allocator.free.count = 0;
	allocator.table = allocator.table_end = NULL;
	allocator.open = true;
	allocator.whose = "the VMM";
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		struct range r = ram_range(boot, i);

		end = MAX(end, r.end);
		r.start = MAX(r.start, LOW_FRAMES);
		ranges_add(&allocator.free, r);
	}
	for (unsigned int i = 0; i < used_count; i++)
		ranges_remove(&allocator.free, used(boot, i));
	world.partition = (struct partition){
		boot_alloc_pages(end * sizeof(struct frame)), end
	};
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		struct range r = ram_range(boot, i);

		if (r.start < r.end)
			partition_assign(MFN(r.start), r.end - r.start, 0,
					 FRAME_VMM);
	}
}

void *boot_alloc(uint64_t size)
{
	BUG_ON(!allocator.open);
	size = ROUND_UP(MAX(size, 1), 64);
	if (size > (uint64_t)(allocator.table_end - allocator.table)) {
		uint8_t *pages = boot_alloc_pages(size);

		if (pages != allocator.table_end)
			allocator.table = pages;
		allocator.table_end = pages + ROUND_UP(size, PAGE_SIZE);
	}
	allocator.table += size;
	return allocator.table - size;
}

uint64_t boot_free_frames(void)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < allocator.free.count; i++)
		count += allocator.free.range[i].end -
			 allocator.free.range[i].start;
	return count;
}

void boot_alloc_seal(void)
{
	allocator.open = false;
}
