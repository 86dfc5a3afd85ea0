/* SPDX-License-Identifier: MIT */
/*
 * IOMMUs made of variables. Registers are plain memory; a unit looks at them
 * and at its ring only when the driver waits, and only at the n-th look: so a
 * driver that does not wait is seen.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "core/world.h"
#include "iommu/iommu.h"

#define UNITS		2u
#define UNIT_PAGES	4u
#define LOG_MAX		64u

struct hardware {
	uint8_t regs[UNITS][UNIT_PAGES * PAGE_SIZE];
	uint8_t table[512];		/* of ACPI, under this name: */
	const char *table_name;
	uint32_t table_size;
	bool intel, x2apic;
	unsigned int patience;	/* looks that a unit lets pass */
	unsigned int looks;
	bool dead;			/* never does anything */
	uint32_t head[UNITS];
	/* What the units were told, waits left out. */
	uint64_t told[UNITS][LOG_MAX][2];
	unsigned int told_count[UNITS];
	unsigned int waits;
	/* The domain's top table. */
	uint64_t top[512] __attribute__((aligned(4096)));
	jmp_buf panic;
	bool expect_panic;
	char log[200];
};
extern struct hardware hw;
extern struct domain owner;

/* Everything zero; two units that a table of this name describes. */
void hardware_reset(bool intel);
/* Adds bytes to the table. */
void hardware_table(const void *bytes, size_t size);
/* A 32-bit register of a unit. */
uint32_t *hardware_register(unsigned int u, unsigned int at);
uint64_t hardware_read64(unsigned int u, unsigned int at);
/* Forgets what the units were told. */
void hardware_forget(void);
