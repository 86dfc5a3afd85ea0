/* SPDX-License-Identifier: MIT */
/*
 * What ACPI says about this machine: processors, interrupt controllers,
 * timers, how to switch it off. Tables are found once, early; each is checked
 * (length, checksum, below EARLY_LIMIT) before anybody reads it. No AML is
 * interpreted: \_S5 is found by its bytes.
 */
#pragma once
#include "core/boot_info.h"
#include "core/world.h"
#include "lib/acpi.h"

#define ACPI_TABLE_MAX	64u
#define IOAPIC_MAX	16u

struct acpi_info {
	uint32_t cpu_apic_id[CPU_MAX];	/* enabled ones, as listed */
	unsigned int cpu_count;
	uint32_t nmi_lints;		/* bit n: LINTn is NMI, all CPUs */
	uint64_t ioapic[IOAPIC_MAX];
	unsigned int ioapic_count;
	uint16_t pm_timer;		/* its port; 0 = none */
	uint16_t pm1a_control, pm1b_control;
	bool has_s5;
	uint8_t s5_a, s5_b;		/* SLP_TYP values */
	uint16_t smi_command;
	uint8_t acpi_enable;
};
extern struct acpi_info acpi;

/* Finds and reads the tables; rsdp 0 = look for it in the BIOS's places. */
void acpi_init(uint64_t rsdp);
/* The first table with this signature, or NULL. Valid for good. */
const struct acpi_header *acpi_table(const char *signature);
/* Adds the pages where tables lie, to keep them mapped. False: no room. */
bool acpi_add_pages(struct ranges *set);
