/* SPDX-License-Identifier: MIT */
/*
 * The readers of what boot loader and firmware leave, on a small machine of
 * the test's own: a little physical memory with the sanitizer's red zones
 * around it. The sources are included, with those names replaced that would
 * touch the real machine. A test sets early.stop before it expects a refusal.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/layout.h"
#include "core/arch.h"
#include "core/log.h"

#ifndef EARLY_SIZE
#define EARLY_SIZE	0x1000000u
#endif

struct early {
	uint8_t *memory;
	jmp_buf stop;
	const char *why;	/* the refusal's sentence */
	unsigned int lines;	/* logged */
};
static struct early early;

static inline void *early_ptr(uint64_t address)
{
	return (void *)((uintptr_t)early.memory + address);
}

static inline uint64_t early_of(const void *address)
{
	return (uint64_t)((uintptr_t)address - (uintptr_t)early.memory);
}

_Noreturn static inline void early_panic(const char *file, int line,
					 const char *what)
{
	(void)file;
	(void)line;
	early.why = what;
	longjmp(early.stop, 1);
}

static inline void early_log(const char *format, ...)
{
	(void)format;
	early.lines++;
}

#undef EARLY_LIMIT
#define EARLY_LIMIT		((uint64_t)EARLY_SIZE)
#define phys_ptr		early_ptr
#define phys_of			early_of
#define arch_panic		early_panic
#define log_line		early_log
/* The image lies from 1 MiB to 1 MiB + 64 KiB; 20 KiB text, 12 KiB rodata. */
#define image_start		((char *)IMAGE_BASE + 0x100000)
#define image_text_end		((char *)IMAGE_BASE + 0x105000)
#define image_rodata_end	((char *)IMAGE_BASE + 0x108000)
#define image_end		((char *)IMAGE_BASE + 0x110000)

#include "lib/ranges.c"
#include "arch/x86/multiboot.c"
#include "arch/x86/acpi.c"

/* An empty machine; what was read before is forgotten. */
static inline void early_reset(void)
{
	if (!early.memory)
		early.memory = malloc(EARLY_SIZE);
	memset(early.memory, 0, EARLY_SIZE);
	memset(&boot_info, 0, sizeof(boot_info));
	memset(&acpi, 0, sizeof(acpi));
	ram.count = reserved.count = found_count = 0;
	early.why = NULL;
	early.lines = 0;
}

/* What is left must be in order, whatever was read. */
static inline bool early_invariant(void)
{
	for (unsigned int i = 0; i < boot_info.ram_count; i++) {
		const struct range *r = &boot_info.ram[i];

		if (r->start >= r->end || r->start % PAGE_SIZE ||
		    r->end % PAGE_SIZE || (i && r[-1].end >= r->start))
			return false;
	}
	for (unsigned int i = 0; i < boot_info.module_count; i++)
		if (boot_info.module[i].address % PAGE_SIZE)
			return false;
	return boot_info.ram_count > 0 && acpi.cpu_count <= CPU_MAX;
}
