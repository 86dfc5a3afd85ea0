/* SPDX-License-Identifier: MIT */
/*
 * The boot allocator: a sorted list of free ranges of frames, first fit.
 * When cutting makes more ranges than the list holds, the smaller half of
 * the last cut is given up: it stays FRAME_SPARE.
 */
#include "launch/boot_alloc.h"
#include "core/bug.h"
#include "core/world.h"

#define FREE_MAX	512u
#define LOW_FRAMES	256u		/* 1 MiB */

struct range {
	uint64_t start, end;		/* frames */
};

static struct {
	struct range free[FREE_MAX];	/* ascending, none empty */
	unsigned int free_count;
	uint8_t *table, *table_end;	/* what is left of the last page run */
	bool open;
} allocator;

/* Takes start..end, which lie inside free[i], out of it. */
static void cut(unsigned int i, uint64_t start, uint64_t end)
{
	struct range *r = &allocator.free[i];
	struct range low = { r->start, start }, high = { end, r->end };

	if (low.start < low.end && high.start < high.end) {
		if (allocator.free_count < FREE_MAX) {
			for (unsigned int k = allocator.free_count; k > i; k--)
				allocator.free[k] = allocator.free[k - 1];
			allocator.free_count++;
			r[0] = low;
			r[1] = high;
		} else {
			*r = low.end - low.start > high.end - high.start ?
			     low : high;
		}
	} else if (low.start < low.end || high.start < high.end) {
		*r = low.start < low.end ? low : high;
	} else {
		allocator.free_count--;
		for (unsigned int k = i; k < allocator.free_count; k++)
			allocator.free[k] = allocator.free[k + 1];
	}
}

static void reserve(struct range range)
{
	for (unsigned int i = 0; i < allocator.free_count; i++) {
		const struct range *r = &allocator.free[i];
		uint64_t from = MAX(range.start, r->start);
		uint64_t to = MIN(range.end, r->end);

		if (from < to) {
			unsigned int before = allocator.free_count;

			cut(i, from, to);
			if (allocator.free_count < before)
				i--;	/* the next one moved here */
		}
	}
}

static uint64_t frame_up(uint64_t address)
{
	return ROUND_UP(address, PAGE_SIZE) >> PAGE_SHIFT;
}

/* What of the range is RAM, for the loader's ranges may reach beyond. */
static void assign(const struct boot_info *boot, struct range range,
		   enum frame_kind kind)
{
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		uint64_t start = MAX(range.start,
				     frame_up(boot->ram[i].start));
		uint64_t end = MIN(range.end, boot->ram[i].end >> PAGE_SHIFT);

		if (start < end)
			partition_assign(MFN(start), end - start, 0, kind);
	}
}

static struct range vmm_range(const struct boot_info *boot, unsigned int i)
{
	return (struct range){ boot->vmm[i].start >> PAGE_SHIFT,
			       frame_up(boot->vmm[i].end) };
}

static struct range module_range(const struct boot_info *boot, unsigned int i)
{
	const struct boot_module *m = &boot->module[i];

	return (struct range){ m->address >> PAGE_SHIFT,
			       frame_up(m->address + m->size) };
}

/* First fit for min..max frames: cut out, not assigned. */
static struct run take(uint64_t min, uint64_t max, unsigned int order)
{
	uint64_t unit = UINT64_C(1) << order;

	BUG_ON(!allocator.open || min == 0 || min > max);
	for (unsigned int k = 0; k < allocator.free_count; k++) {
		unsigned int i = order ? allocator.free_count - 1 - k : k;
		const struct range *r = &allocator.free[i];
		uint64_t start = ROUND_UP(r->start, unit);
		uint64_t end = r->end & ~(unit - 1);

		if (start >= end || end - start < min)
			continue;

		uint64_t count = MIN(max & ~(unit - 1), end - start);

		if (order)
			start = end - count;
		cut(i, start, start + count);
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

static void scrub(struct run run)
{
	for (uint64_t i = 0; i < run.count; i++)
		arch_frame_scrub(MFN(run.mfn.n + i));
}

bool boot_alloc_init(const struct boot_info *boot)
{
	uint64_t end = 0;

	allocator.free_count = 0;
	allocator.table = allocator.table_end = NULL;
	allocator.open = true;
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		const struct boot_range *r = &boot->ram[i];
		struct range frames = { frame_up(r->start),
					r->end >> PAGE_SHIFT };

		end = MAX(end, frames.end);
		frames.start = MAX(frames.start, LOW_FRAMES);
		if (frames.start < frames.end)
			allocator.free[allocator.free_count++] = frames;
	}
	for (unsigned int i = 0; i < boot->vmm_count; i++)
		reserve(vmm_range(boot, i));
	for (unsigned int i = 0; i < boot->module_count; i++)
		reserve(module_range(boot, i));

	uint64_t count = frame_up(end * sizeof(struct frame));
	struct run run = { MFN_NONE, 0 };

	if (count)
		run = take(count, count, 0);
	if (!run.count)
		return false;
	scrub(run);
	world.partition = (struct partition){ arch_frame_ptr(run.mfn), end };
	assign(boot, (struct range){ 0, end }, FRAME_SPARE);
	for (unsigned int i = 0; i < boot->vmm_count; i++)
		assign(boot, vmm_range(boot, i), FRAME_VMM);
	for (unsigned int i = 0; i < boot->module_count; i++)
		assign(boot, module_range(boot, i), FRAME_MODULE);
	partition_assign(run.mfn, run.count, 0, FRAME_VMM);
	return true;
}

void *boot_alloc_pages(uint64_t size)
{
	uint64_t count = frame_up(MAX(size, 1));
	struct run run = boot_take(count, count, 0, 0, FRAME_VMM);

	scrub(run);
	return run.count ? arch_frame_ptr(run.mfn) : NULL;
}

void *boot_alloc(uint64_t size)
{
	BUG_ON(!allocator.open);
	size = ROUND_UP(MAX(size, 1), 64);
	if (size > (uint64_t)(allocator.table_end - allocator.table)) {
		uint8_t *pages = boot_alloc_pages(size);

		if (!pages)
			return NULL;
		if (pages != allocator.table_end)
			allocator.table = pages;
		allocator.table_end = pages + ROUND_UP(size, PAGE_SIZE);
	}

	void *table = allocator.table;

	allocator.table += size;
	return table;
}

uint64_t boot_free_frames(void)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < allocator.free_count; i++)
		count += allocator.free[i].end - allocator.free[i].start;
	return count;
}

void boot_alloc_seal(void)
{
	allocator.open = false;
}
