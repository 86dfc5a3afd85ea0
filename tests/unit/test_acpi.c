/* SPDX-License-Identifier: MIT */
/* The guest's ACPI tables, walked by offset as an OS would walk them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "core/platform.h"
#include "launch/plan.h"

#define GPA 0xfc000000u

static bool has_pci;
static uint8_t page[PAGE_SIZE];

static uint64_t get(const uint8_t *p, unsigned int bytes)
{
	uint64_t n = 0;

	memcpy(&n, p, bytes);
	return n;
}

static void sums_to_zero(const uint8_t *p, size_t size)
{
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *p++);
	assert_int_equal(sum, 0);
}

static const uint8_t *table(uint64_t gpa, const char *signature)
{
	const uint8_t *p = page + (gpa - GPA);

	assert_in_range(gpa, GPA, GPA + PAGE_SIZE - 36);
	assert_memory_equal(p, signature, 4);
	assert_in_range(gpa - GPA + get(p + 4, 4), 36, PAGE_SIZE);
	sums_to_zero(p, get(p + 4, 4));
	return p;
}

static const uint8_t *fadt(unsigned int vcpus, const uint8_t **madt)
{
	const uint8_t *xsdt;

	memset(page, 0xaa, sizeof(page));
	acpi_build(page, vcpus, has_pci);
	assert_memory_equal(page, "RSD PTR ", 8);
	assert_int_equal(page[15], 2);
	assert_int_equal(get(page + 20, 4), 36);
	sums_to_zero(page, 20);
	sums_to_zero(page, 36);
	xsdt = table(get(page + 24, 8), "XSDT");
	assert_int_equal(get(xsdt + 4, 4), 36 + 16);
	*madt = table(get(xsdt + 44, 8), "APIC");
	return table(get(xsdt + 36, 8), "FACP");
}

static void tables_are_linked_and_sum_to_zero(void **state)
{
	const uint8_t *madt;

	(void)state;
	for (unsigned int vcpus = 1; vcpus <= 32; vcpus++)
		fadt(vcpus, &madt);
}

static void machine_is_hardware_reduced_with_sleep_registers(void **state)
{
	const uint8_t *madt, *f = fadt(2, &madt);

	(void)state;
	assert_int_equal(f[8], 5);
	assert_int_equal(get(f + 4, 4), 268);
	assert_int_equal(get(f + 109, 2), 0x24);	/* no VGA, no CMOS */
	assert_int_equal(get(f + 112, 4) >> 20 & 1, 1);
	assert_int_equal(get(f + 46, 2), 0);		/* no SCI */
	assert_int_equal(f[244], 1);			/* I/O space */
	assert_int_equal(f[245], 8);
	assert_int_equal(get(f + 248, 8), PORT_SLEEP_CONTROL);
	assert_int_equal(f[256], 1);
	assert_int_equal(get(f + 260, 8), PORT_SLEEP_STATUS);
}

static void each_vcpu_has_its_lapic(void **state)
{
	const uint8_t *m;

	(void)state;
	for (unsigned int vcpus = 1; vcpus <= 32; vcpus++) {
		fadt(vcpus, &m);
		assert_int_equal(get(m + 4, 4), 44 + 8 * vcpus);
		assert_int_equal(get(m + 36, 4), 0xfee00000);
		assert_int_equal(get(m + 40, 4) & 1, 0);	/* no 8259 */
		for (unsigned int i = 0; i < vcpus; i++) {
			assert_int_equal(m[44 + 8 * i], 0);
			assert_int_equal(m[45 + 8 * i], 8);
			assert_int_equal(m[46 + 8 * i], i);
			assert_int_equal(m[47 + 8 * i], i);
			assert_int_equal(get(m + 48 + 8 * i, 4), 1);
		}
	}
}

static void dsdt_names_the_sleep_type_of_power_off(void **state)
{
	static const uint8_t s5[] = { 0x08, '\\', '_', 'S', '5', '_', 0x12, 7,
				      4, 0x0a, 5, 0, 0, 0 };
	const uint8_t *madt, *f = fadt(1, &madt);
	const uint8_t *dsdt = table(get(f + 40, 4), "DSDT");

	(void)state;
	assert_int_equal(get(f + 140, 8), get(f + 40, 4));
	assert_int_equal(get(dsdt + 4, 4), 36 + sizeof(s5));
	assert_memory_equal(dsdt + 36, s5, sizeof(s5));
}

/* What Linux needs: one root, its bus, and the window of its registers. */
static void a_bus_is_there_if_there_are_devices(void **state)
{
	static const uint8_t root[] = { 0x5b, 0x82, 0x45, 0x04, 'P', 'C', 'I',
					'0' };
	const uint8_t *madt, *f, *dsdt, *window;

	(void)state;
	has_pci = true;
	f = fadt(1, &madt);
	has_pci = false;
	dsdt = table(get(f + 40, 4), "DSDT");
	assert_int_equal(get(dsdt + 4, 4), 36 + 14 + 79);
	assert_memory_equal(dsdt + 36 + 14 + 8, root, sizeof(root));
	/* Package lengths: to the end of the table both. */
	assert_int_equal((dsdt[51] & 15) | dsdt[52] << 4, 79 - 1);
	assert_int_equal((dsdt[60] & 15) | dsdt[61] << 4, 79 - 8 - 2);
	window = dsdt + 36 + 14 + 79 - 28;
	assert_int_equal(window[0], 0x87);
	assert_int_equal(get(window + 10, 4), GPA_DEVICE);
	assert_int_equal(get(window + 14, 4), GPA_ACPI - 1);
	assert_int_equal(get(window + 22, 4), GPA_ACPI - GPA_DEVICE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_linked_and_sum_to_zero),
		cmocka_unit_test(
			machine_is_hardware_reduced_with_sleep_registers),
		cmocka_unit_test(each_vcpu_has_its_lapic),
		cmocka_unit_test(dsdt_names_the_sleep_type_of_power_off),
		cmocka_unit_test(a_bus_is_there_if_there_are_devices),
	};

	return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
