/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables that the loader placed: finding and checking.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

struct acpi_head {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct acpi_madt {
	struct acpi_head head;
	uint32_t apic_base, flags;
	uint8_t entry[];
} __attribute__((packed));

/* The RSDP that start_info names, or NULL. */
const struct acpi_rsdp *acpi_rsdp(void);
/* Entry i of XSDT (or RSDT), or NULL past the end. */
const struct acpi_head *acpi_table(unsigned int i);
/* The first table with this signature, or NULL. */
const void *acpi_find(const char *signature);
/* Do the bytes add up to 0? */
bool acpi_checksum(const void *at, size_t length);
