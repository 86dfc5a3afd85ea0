/* SPDX-License-Identifier: MIT */
/* See hardware.h; and what vmm/iommu asks of the rest of the VMM. */
#include "hardware.h"
#include <stdio.h>
#include <stdlib.h>
#include "core/log.h"
#include "iommu/amdvi.h"
#include "iommu/vtd.h"

#define TABLE_HEADER	48u
#define QUEUE_ADDRESS	0x000ffffffffff000ull

struct hardware hw;
struct domain owner;
struct world world;
static struct cpu_local cpu = { .apic_id = 3 };
static uint8_t *taken[64];
static unsigned int taken_count;

void hardware_table(const void *bytes, size_t size)
{
	memcpy(hw.table + hw.table_size, bytes, size);
	hw.table_size += (uint32_t)size;
	((struct acpi_header *)(void *)hw.table)->length = hw.table_size;
}

void hardware_reset(bool intel)
{
	while (taken_count)
		free(taken[--taken_count]);
	memset(&hw, 0, sizeof(hw));
	memset(unit, 0, sizeof(unit));
	unit_count = 0;
	hw.intel = intel;
	hw.table_name = intel ? "DMAR" : "IVRS";
	hw.table_size = TABLE_HEADER;
	memset(&owner, 0, sizeof(owner));
	owner.id = 5;
	owner.p2m.root = MFN(0x12345);
	owner.device_first = 1;
	owner.device_count = 1;
	memset(&world, 0, sizeof(world));
}

uint32_t *hardware_register(unsigned int u, unsigned int at)
{
	return (uint32_t *)(void *)&hw.regs[u][at];
}

uint64_t hardware_read64(unsigned int u, unsigned int at)
{
	uint64_t value;

	memcpy(&value, &hw.regs[u][at], sizeof(value));
	return value;
}

void hardware_forget(void)
{
	memset(hw.told_count, 0, sizeof(hw.told_count));
	hw.waits = hw.looks = 0;
}

/* --- what a unit does --- */

static bool is_wait(const uint64_t *command)
{
	return hw.intel ? (command[0] & 0xf) == 5
			: command[0] >> 60 == 1;
}

static void answer(const uint64_t *command)
{
	uint64_t at = (hw.intel ? command[1] : command[0] & 0xffffffffffff8) +
		      IMAGE_BASE;

	hw.waits++;
	if (hw.intel) {
		uint32_t ticket = (uint32_t)(command[0] >> 32);

		assert_int_equal(command[0] & 0x70, 0x20);
		memcpy((void *)at, &ticket, sizeof(ticket));
	} else {
		assert_int_equal(command[0] & 7, 1);
		memcpy((void *)at, &command[1], 8);
	}
}

static void run_ring(unsigned int u)
{
	uint64_t base = hardware_read64(u, hw.intel ? VTD_QUEUE : 0x08);
	uint32_t tail = *hardware_register(u, hw.intel ? VTD_TAIL : 0x2008);

	assert_true(tail < PAGE_SIZE && tail % 16 == 0);
	while (hw.head[u] != tail) {
		uint64_t *command = (uint64_t *)phys_ptr(base & QUEUE_ADDRESS) +
				    hw.head[u] / 8;

		if (is_wait(command)) {
			answer(command);
		} else {
			assert_in_range(hw.told_count[u], 0, LOG_MAX - 1);
			memcpy(hw.told[u][hw.told_count[u]++], command, 16);
		}
		hw.head[u] = (hw.head[u] + 16) % PAGE_SIZE;
	}
}

/* The driver looks at the clock whenever it waits. */
uint32_t arch_tsc_khz(void)
{
	hw.looks++;
	if (hw.dead)
		return 0;
	for (unsigned int u = 0; hw.looks > hw.patience && u < UNITS; u++) {
		if (hw.intel)
			*hardware_register(u, VTD_STATUS) =
				*hardware_register(u, VTD_COMMAND);
		if (hw.intel && !(*hardware_register(u, VTD_STATUS) & QUEUE))
			hw.head[u] = *hardware_register(u, VTD_TAIL);
		else
			run_ring(u);
	}
	return 1000000;
}

/* --- what the driver asks --- */

const struct acpi_header *acpi_table(const char *signature)
{
	return hw.table_name && !strcmp(signature, hw.table_name)
		? (const void *)hw.table : NULL;
}

void *paging_map_mmio(uint64_t address)
{
	unsigned int u = (unsigned int)(address >> 16) - 1;

	assert_in_range(u, 0, UNITS - 1);
	assert_in_range(address & 0xffff, 0, UNIT_PAGES * PAGE_SIZE - 1);
	return &hw.regs[u][address & 0xffff];
}

void *paging_take(unsigned int count)
{
	uint8_t *pages = aligned_alloc(PAGE_SIZE, (size_t)count * PAGE_SIZE);

	assert_non_null(pages);
	assert_in_range(taken_count, 0, ARRAY_SIZE(taken) - 1);
	memset(pages, 0, (size_t)count * PAGE_SIZE);
	taken[taken_count++] = pages;
	return pages;
}

void *arch_frame_ptr(mfn_t mfn)
{
	assert_int_equal(mfn.n, owner.p2m.root.n);
	return hw.top;
}

unsigned int arch_cpu_id(void)
{
	return 0;
}

struct cpu_local *cpu_local_at(unsigned int index)
{
	assert_int_equal(index, 0);
	return &cpu;
}

bool apic_is_x2(void)
{
	return hw.x2apic;
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(hw.log, sizeof(hw.log), format, args);
	va_end(args);
}

void arch_panic(const char *file, int line, const char *what)
{
	if (!hw.expect_panic)
		fail_msg("%s:%d: %s", file, line, what);
	longjmp(hw.panic, 1);
}
