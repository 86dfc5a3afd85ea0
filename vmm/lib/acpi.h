/* SPDX-License-Identifier: MIT */
/*
 * The formats that the machine's ACPI tables and those of guests share (ACPI
 * 6.5, "ACPI Software Programming Model").
 */
#pragma once
#include "lib/types.h"

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;		/* 0x08  of the first 20 bytes */
	char oem[6];
	uint8_t revision;		/* 0x0f */
	uint32_t rsdt, length;		/* 0x10  length: revision 2 up */
	uint64_t xsdt;			/* 0x18 */
	uint8_t checksum_all, reserved[3];	/* 0x20 */
} __attribute__((packed));
static_assert(sizeof(struct acpi_rsdp) == 36, "RSDP revision 2");

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;	/* 0x08 */
	char oem[6], table[8];
	uint32_t oem_revision;		/* 0x18 */
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));
static_assert(sizeof(struct acpi_header) == 36, "ACPI table header");

/* 0 for a table whose checksum is right. */
static inline uint8_t acpi_sum(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *byte++);
	return sum;
}
