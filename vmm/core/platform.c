/* SPDX-License-Identifier: MIT */
/* The memory map of a guest, for start_info and for XENMEM_memory_map. */
#include "core/platform.h"
#include "lib/string.h"

uint32_t platform_map(uint64_t ram_frames, struct platform_range *range)
{
	uint64_t size = (ram_frames - 1) * PAGE_SIZE;
	uint64_t low = MIN(size, GPA_RAM_LOW_END);
	const struct platform_range map[PLATFORM_RANGES] = {
		{ 0, low, 1 },
		{ GPA_ACPI, PAGE_SIZE, 3 },
		{ GPA_LAPIC, PAGE_SIZE, 2 },
		{ GPA_SPECIAL, GPA_SPECIAL_END - GPA_SPECIAL, 2 },
		{ GPA_RAM_HIGH, size - low, 1 },
	};

	memcpy(range, map, sizeof(map));
	return size > low ? PLATFORM_RANGES : PLATFORM_RANGES - 1;
}
