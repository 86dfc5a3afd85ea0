/* SPDX-License-Identifier: MIT */
/*
 * Places the contents of a new guest. Everything stays below the RAM hole,
 * as Linux wants start_info and what it names below 4 GiB, and the memory
 * map, the command line and the module list mapped by its first page tables.
 */
#include "launch/plan.h"
#include "core/platform.h"

void image_place(const struct plan *plan, struct blueprint *b)
{
	const struct boot_module *kernel = &plan->boot->module[b->kernel];
	const struct boot_module *ramdisk = &plan->boot->module[b->ramdisk];
	uint64_t ram_end = MIN(b->ram_frames * PAGE_SIZE, GPA_RAM_LOW_END);
	uint64_t cmdline_size = strlen(b->cmdline) + 1;
	struct elf_image *image = &b->image;
	const char *wrong = elf_read(kernel->data, kernel->size, image);

	if (wrong)
		plan_refuse(plan, b->node, "the kernel (boot module %u) cannot "
			    "be used: %s", b->kernel, wrong);
	b->start_gpa = ROUND_UP(image->end, PAGE_SIZE);
	image->piece[image->piece_count++] = (struct piece){
		b->start_gpa + START_CMDLINE, (const uint8_t *)b->cmdline,
		cmdline_size
	};

	uint64_t end = ROUND_UP(b->start_gpa + START_CMDLINE + cmdline_size,
				PAGE_SIZE);

	if (b->ramdisk) {
		if (ramdisk->size > GPA_RAM_LOW_END)
			plan_refuse(plan, b->node, "the ramdisk is too large");
		b->ramdisk_gpa = end;
		image->piece[image->piece_count++] = (struct piece){
			end, ramdisk->data, ramdisk->size
		};
		end += ROUND_UP(ramdisk->size, PAGE_SIZE);
	}
	if (end > ram_end)
		plan_refuse(plan, b->node, "kernel and ramdisk need %lu KiB "
			    "of memory, %lu KiB are there", end / 1024,
			    ram_end / 1024);
}
