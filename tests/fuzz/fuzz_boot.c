/* SPDX-License-Identifier: MIT */
/*
 * What a boot loader or firmware may leave. The first byte says what the rest
 * is: Multiboot 1 or 2 information, or the body of an ACPI table, which gets
 * a head with the right length and checksum, as does all that leads to it.
 */
#define EARLY_SIZE	0x200000u
#include "early.h"

#define AT		0x120000u
#define BODY_MAX	0x10000u
#define TABLE		0x110000u	/* the list; the table goes to AT */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(uint32_t at, size_t size, uint32_t sum_at)
{
	uint8_t sum = 0;

	early.memory[sum_at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + early.memory[at + i]);
	early.memory[sum_at] = (uint8_t)-sum;
}

static void table_put(uint32_t at, const char *signature, const void *body,
		      uint32_t size)
{
	uint32_t length = size + (uint32_t)sizeof(struct acpi_header);

	memcpy(early.memory + at, signature, 4);
	memcpy(early.memory + at + 4, &length, 4);
	memcpy(early.memory + at + sizeof(struct acpi_header), body, size);
	seal(at, length, at + 9);
}

static void try_acpi(const uint8_t *data, size_t size)
{
	static const char *const signature[4] = {
		"APIC", "FACP", "DSDT", "HPET",
	};
	uint32_t list[2] = { AT, AT + 0x10000 }, rsdt = TABLE;

	if (!size)
		return;
	memcpy(early.memory + 0xf0000, "RSD PTR ", 8);
	memcpy(early.memory + 0xf0010, &rsdt, 4);
	seal(0xf0000, RSDP_SIZE1, 0xf0008);
	table_put(TABLE, "RSDT", list, sizeof(list));
	table_put(AT, signature[*data % 4], data + 1, (uint32_t)size - 1);
	if (*data % 4 == 2) {		/* a DSDT hangs from a FADT */
		uint8_t fadt[93] = { 0 };

		memcpy(fadt + 4, &(uint32_t){ AT }, 4);
		table_put(AT + 0x20000, "FACP", fadt, sizeof(fadt));
		list[1] = AT + 0x20000;
		table_put(TABLE, "RSDT", list, sizeof(list));
	}
	acpi_init(0);
	if (acpi.cpu_count > CPU_MAX || acpi.ioapic_count > IOAPIC_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > BODY_MAX)
		return 0;
	early_reset();
	if (setjmp(early.stop))
		return 0;
	if (*data % 3 == 2) {
		try_acpi(data + 1, size - 1);
		return 0;
	}
	memcpy(early.memory + AT, data + 1, size - 1);
	acpi_init(multiboot_read(*data % 3 ? MULTIBOOT2_MAGIC :
				 MULTIBOOT1_MAGIC, AT));
	if (!early_invariant())
		abort();
	return 0;
}
