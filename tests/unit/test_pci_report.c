/* SPDX-License-Identifier: MIT */
/* What is said of DMA and of configuration writes that were refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core/platform.h"
#include "core/world.h"
#include "pci_fixture.h"
#include "vdev/pci.h"

static void refused_dma_is_reported_with_name_and_address(void **state)
{
	char text[8192];

	(void)state;
	pci_fixture_ready();
	mock.time += NSEC_PER_SEC;
	pci_log(text, sizeof(text));
	mock.fault_bdf[0] = BDF;
	mock.fault_address[0] = 0x123456789000;
	mock.fault_bdf[1] = 0x30;
	mock.fault_count = 2;
	pci_report();
	pci_log(text, sizeof(text));
	assert_non_null(strstr(text, "vm1: DMA of its device 00:05.0 to "
				     "0x123456789000: blocked\n"));
	assert_non_null(strstr(text, "DMA of device 00:06.0, which is no "
				     "VM's"));
	/* Neither fills the log. */
	for (unsigned int n = 0; n < 500; n++) {
		mock.fault_count = 2;
		pci_report();
		pci_log(text, sizeof(text));
	}
	assert_int_equal(strlen(text), 0);
}

/* What a write did not change is told, but for what stock drivers try. */
static void a_refused_write_is_reported(void **state)
{
	struct domain *d = pci_fixture_ready();
	char text[8192];

	(void)state;
	mock.time += 60 * NSEC_PER_SEC;
	pci_log(text, sizeof(text));
	pci_put(d, PCI_COMMAND, 2, COMMAND_MASTER | COMMAND_MEMORY);
	pci_put(d, PCI_BAR, 4, UINT32_MAX);
	pci_put(d, PCI_BAR, 4, GPA_DEVICE | BAR_64BIT);
	pci_put(d, CHAIN_MSI + 4, 4, 0xfee00000);
	pci_put(d, CHAIN_MSIX, 4, pci_get(d, CHAIN_MSIX) | MSIX_ENABLE);
	pci_put(d, PCI_HEADER, 4, 0x4010);
	pci_log(text, sizeof(text));
	assert_string_equal(text, "");
	pci_put(d, PCI_BAR, 4, 0xfee00000);
	pci_put(d, CHAIN_EXPRESS + 9, 1, 0x80);
	pci_put(d, CHAIN_PM + 4, 2, 3);
	pci_log(text, sizeof(text));
	assert_string_equal(text,
		"vm1: write of 0xfee00000 to register 0x10 of its device "
		"00:05.0: refused\n"
		"vm1: write of 0x8030 to register 0x88 of its device "
		"00:05.0: refused\n"
		"vm1: write of 0x3 to register 0x44 of its device "
		"00:05.0: refused\n");
	/* Nor does it fill the log. */
	for (unsigned int n = 0; n < 500; n++)
		pci_put(d, PCI_BAR, 4, 0xfee00000);
	pci_log(text, sizeof(text));
	pci_put(d, PCI_BAR, 4, 0xfee00000);
	pci_log(text, sizeof(text));
	assert_string_equal(text, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, pci_fixture_start)
	const struct CMUnitTest tests[] = {
		TEST(refused_dma_is_reported_with_name_and_address),
		TEST(a_refused_write_is_reported),
	};

	return cmocka_run_group_tests_name("pci_report", tests, NULL, NULL);
}
