/* SPDX-License-Identifier: MIT */
/* What boot loaders and ACPI say, well and badly. */
#include "early.h"
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#define AT	0x200000u	/* where the test's loader puts its things */

static uint32_t cursor;		/* end of the Multiboot 2 tags */

static int set_up(void **state)
{
	(void)state;
	early_reset();
	cursor = AT + 8;
	return 0;
}

static void put(uint64_t at, const void *data, size_t size)
{
	memcpy(early.memory + at, data, size);
}

static void put32(uint64_t at, uint32_t value)
{
	put(at, &value, sizeof(value));
}

static void put64(uint64_t at, uint64_t value)
{
	put(at, &value, sizeof(value));
}

/* --- Multiboot 1 --- */

static void mb1_entry(uint32_t *at, uint64_t start, uint64_t length,
		      uint32_t type)
{
	put32(*at, 20);
	put64(*at + 4, start);
	put64(*at + 12, length);
	put32(*at + 20, type);
	*at += 24;
}

static void mb1_begin(uint32_t map_size)
{
	put32(AT, MB1_HAS_MAP | MB1_HAS_MODULES);
	put32(AT + 0x2c, map_size);
	put32(AT + 0x30, AT + 0x100);
}

static bool reads(uint32_t magic)
{
	if (setjmp(early.stop))
		return false;
	multiboot_read(magic, AT);
	assert_true(early_invariant());
	return true;
}

static void multiboot1_map_is_sorted_and_clipped(void **state)
{
	uint32_t at = AT + 0x100;

	(void)state;
	mb1_entry(&at, 0x400000, 0x800123, 1);	/* unaligned end */
	mb1_entry(&at, 0x500800, 0x100, 2);	/* hole inside, unaligned */
	mb1_entry(&at, 0, 0x9fc00, 1);
	mb1_entry(&at, 0x100000, 0x300000, 1);	/* touches the first */
	mb1_begin(at - AT - 0x100);
	assert_true(reads(MULTIBOOT1_MAGIC));
	assert_int_equal(boot_info.ram_count, 3);
	assert_int_equal(boot_info.ram[0].end, 0x9f000);
	assert_int_equal(boot_info.ram[1].start, 0x100000);
	assert_int_equal(boot_info.ram[1].end, 0x500000);
	assert_int_equal(boot_info.ram[2].start, 0x501000);
	assert_int_equal(boot_info.ram[2].end, 0xc00000);
}

static void multiboot1_modules_are_listed_in_order(void **state)
{
	uint32_t at = AT + 0x100;

	(void)state;
	mb1_entry(&at, 0, 0x1000000, 1);
	mb1_begin(at - AT - 0x100);
	put32(AT + 0x14, 2);
	put32(AT + 0x18, AT + 0x900);
	put32(AT + 0x900, 0x700000);
	put32(AT + 0x904, 0x700123);
	put32(AT + 0x910, 0x300000);
	put32(AT + 0x914, 0x300000);
	assert_true(reads(MULTIBOOT1_MAGIC));
	assert_int_equal(boot_info.module_count, 2);
	assert_int_equal(boot_info.module[0].size, 0x123);
	assert_ptr_equal(boot_info.module[0].data, early.memory + 0x700000);
	assert_int_equal(boot_info.module[1].size, 0);
}

static bool reads_module(uint32_t start, uint32_t end)
{
	uint32_t at = AT + 0x100;

	early_reset();
	mb1_entry(&at, 0, 0x1000000, 1);
	mb1_begin(at - AT - 0x100);
	put32(AT + 0x14, 1);
	put32(AT + 0x18, AT + 0x900);
	put32(AT + 0x900, start);
	put32(AT + 0x904, end);
	return reads(MULTIBOOT1_MAGIC);
}

static void module_over_the_image_is_refused(void **state)
{
	(void)state;
	assert_true(reads_module(0x110000, 0x111000));
	assert_true(reads_module(0xff000, 0x100000));
	assert_false(reads_module(0xff000, 0x100001));
	assert_false(reads_module(0x10f000, 0x120000));
	assert_string_equal(early.why, "a module lies over the VMM");
	assert_false(reads_module(0x300800, 0x301000));
	assert_false(reads_module(0x301000, 0x300000));
}

static void no_memory_or_no_loader_is_refused(void **state)
{
	(void)state;
	assert_false(reads(MULTIBOOT1_MAGIC));
	assert_string_equal(early.why,
			    "the boot loader has no map of the memory");
	early_reset();
	assert_false(reads(0x12345678));
	early_reset();
	mb1_begin(24);
	put32(AT + 0x30, EARLY_SIZE - 4);
	assert_false(reads(MULTIBOOT1_MAGIC));
	assert_string_equal(early.why,
			    "boot information lies above 4 GiB");
}

static void map_with_too_many_pieces_is_refused(void **state)
{
	uint32_t at = AT + 0x100;

	(void)state;
	for (uint32_t i = 0; i <= RANGES_MAX; i++)
		mb1_entry(&at, 0x400000 + i * 0x2000, 0x1000, 1);
	mb1_begin(at - AT - 0x100);
	assert_false(reads(MULTIBOOT1_MAGIC));
}

/* --- Multiboot 2 --- */

static uint32_t tag(uint32_t type, const void *body, uint32_t size)
{
	uint32_t at = cursor + 8;

	put32(cursor, type);
	put32(cursor + 4, size + 8);
	put(at, body, size);
	cursor = (at + size + 7) & ~7u;
	put32(AT, cursor + 8 - AT);
	put32(cursor, MB2_TAG_END);
	put32(cursor + 4, 8);
	return at;
}

static void tag_map(uint32_t entry_size)
{
	uint8_t body[8 + 2 * 40] = { 0 };
	uint64_t value = 0x100000;

	memcpy(body, &entry_size, 4);
	memcpy(body + 8, &value, 8);
	value = 0x800000;
	memcpy(body + 16, &value, 8);
	body[24] = 1;
	tag(MB2_TAG_MAP, body, 8 + entry_size);
}

static void multiboot2_tags_are_read(void **state)
{
	uint32_t module[3] = { 0x400000, 0x400010, 0 };
	uint32_t rsdp1, rsdp2;

	(void)state;
	tag(99, "???", 3);
	tag(MB2_TAG_MODULE, module, sizeof(module));
	tag_map(32);			/* larger entries than we know */
	rsdp2 = tag(MB2_TAG_RSDP2, "RSD PTR ", 8);
	rsdp1 = tag(MB2_TAG_RSDP1, "RSD PTR ", 8);
	assert_int_not_equal(rsdp1, rsdp2);
	assert_int_equal(setjmp(early.stop), 0);
	assert_int_equal(multiboot_read(MULTIBOOT2_MAGIC, AT), rsdp2);
	assert_int_equal(boot_info.module_count, 1);
	assert_int_equal(boot_info.ram[0].end, 0x900000);
}

static void multiboot2_tag_sizes_are_not_trusted(void **state)
{
	uint32_t module[3] = { 0x400000, 0x400010, 0 };
	uint32_t at;

	(void)state;
	tag_map(24);
	at = cursor;
	tag(MB2_TAG_MODULE, module, sizeof(module));
	put32(at + 4, 4);		/* shorter than its own head */
	assert_true(reads(MULTIBOOT2_MAGIC));
	assert_int_equal(boot_info.module_count, 0);
	early_reset();
	cursor = AT + 8;
	tag_map(24);
	at = cursor;
	tag(MB2_TAG_MODULE, module, sizeof(module));
	put32(at + 4, 0xfffffff0);	/* beyond the end */
	assert_true(reads(MULTIBOOT2_MAGIC));
	assert_int_equal(boot_info.module_count, 0);
	early_reset();
	cursor = AT + 8;
	tag_map(16);			/* entries shorter than we need */
	assert_false(reads(MULTIBOOT2_MAGIC));
}

/* --- ACPI --- */

static void checksum(uint64_t start, size_t size, uint64_t at)
{
	uint8_t sum = 0;

	early.memory[at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + early.memory[start + i]);
	early.memory[at] = (uint8_t)-sum;
}

static void table_put(uint32_t at, const char *signature, const void *body,
		      uint32_t size)
{
	put(at, signature, 4);
	put32(at + 4, 36 + size);
	put(at + 36, body, size);
	checksum(at, 36 + size, at + 9);
}

static void rsdp_put(uint32_t at, uint32_t rsdt)
{
	put(at, "RSD PTR ", 8);
	put32(at + 16, rsdt);
	checksum(at, RSDP_SIZE1, at + 8);
}

static const uint8_t madt[] = {
	0, 0, 0xe0, 0xfe, 1, 0, 0, 0,
	0, 8, 0, 5, 1, 0, 0, 0,			/* CPU with APIC id 5 */
	0, 8, 1, 6, 0, 0, 0, 0,			/* disabled */
	0, 8, 1, 5, 1, 0, 0, 0,			/* named twice */
	9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,	/* id 256: no */
	0, 8, 2, 9, 1, 0, 0, 0,
	1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
	4, 6, 0xff, 0, 0, 1,			/* NMI at LINT1 */
	0, 8, 2, 7,				/* cut short */
};

static void madt_lists_the_processors(void **state)
{
	uint32_t list[1] = { 0x301000 };

	(void)state;
	rsdp_put(0xf0010, 0x300000);
	table_put(0x300000, "RSDT", list, sizeof(list));
	table_put(0x301000, "APIC", madt, sizeof(madt));
	acpi_init(0);
	assert_int_equal(acpi.cpu_count, 2);
	assert_int_equal(acpi.cpu_apic_id[0], 5);
	assert_int_equal(acpi.cpu_apic_id[1], 9);
	assert_int_equal(acpi.ioapic_count, 1);
	assert_int_equal(acpi.ioapic[0], 0xfec00000);
	assert_int_equal(acpi.nmi_lints, 2);
	early.memory[0x301030]++;	/* checksum no longer right */
	found_count = 0;
	memset(&acpi, 0, sizeof(acpi));
	acpi_init(0);
	assert_int_equal(acpi.cpu_count, 0);
	assert_null(acpi_table("APIC"));
}

static void s5_is_found_in_the_dsdt(void **state)
{
	static const uint8_t aml[] = {
		0x10, 0x20, '_', 'S', '5', '_', 0x08, '_', 'S', '5', '_',
		0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0, 0,
	};
	uint8_t fadt[129 - 36] = { 0 };
	uint32_t list[2] = { 0x301000, 0xfffffff0 };

	(void)state;
	memcpy(fadt + 40 - 36, &(uint32_t){ 0x302000 }, 4);
	memcpy(fadt + 64 - 36, &(uint32_t){ 0x604 }, 4);
	memcpy(fadt + 76 - 36, &(uint32_t){ 0x608 }, 4);
	fadt[91 - 36] = 4;
	rsdp_put(AT, 0x300000);
	table_put(0x300000, "RSDT", list, sizeof(list));
	table_put(0x301000, "FACP", fadt, sizeof(fadt));
	table_put(0x302000, "DSDT", aml, sizeof(aml));
	acpi_init(AT);
	assert_true(acpi.has_s5);
	assert_int_equal(acpi.s5_a, 5);
	assert_int_equal(acpi.s5_b, 1);
	assert_int_equal(acpi.pm1a_control, 0x604);
	assert_int_equal(acpi.pm_timer, 0x608);
	/* A table that ends before the timer. */
	table_put(0x301000, "FACP", fadt, 76 - 36);
	table_put(0x302000, "DSDT", aml, 16);	/* and \_S5 is cut off */
	found_count = 0;
	memset(&acpi, 0, sizeof(acpi));
	acpi_init(AT);
	assert_int_equal(acpi.pm1a_control, 0x604);
	assert_int_equal(acpi.pm_timer, 0);
	assert_false(acpi.has_s5);
}

static void machine_without_acpi_has_no_timer(void **state)
{
	(void)state;
	acpi.pm_timer = 0;
	acpi_init(0);
	acpi_init(EARLY_SIZE - 4);
	assert_int_equal(acpi.pm_timer, 0);
	assert_int_equal(acpi.cpu_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
		TEST(multiboot1_map_is_sorted_and_clipped),
		TEST(multiboot1_modules_are_listed_in_order),
		TEST(module_over_the_image_is_refused),
		TEST(no_memory_or_no_loader_is_refused),
		TEST(map_with_too_many_pieces_is_refused),
		TEST(multiboot2_tags_are_read),
		TEST(multiboot2_tag_sizes_are_not_trusted),
		TEST(madt_lists_the_processors),
		TEST(s5_is_found_in_the_dsdt),
		TEST(machine_without_acpi_has_no_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
