/* SPDX-License-Identifier: MIT */
/* Which PCI functions a VM may not be given, and what is said then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core/world.h"
#include "pci_fixture.h"

static void refused(int err, const char *because)
{
	assert_int_not_equal(err, 0);
	if (!strstr(fixture_text, because))
		fail_msg("'%s' does not say '%s'", fixture_text, because);
	pci_fixture_start(NULL);
}

static void what_cannot_be_given_is_refused(void **state)
{
	(void)state;
	pci_fixture_given[0] = 0x30;
	refused(pci_fixture_launch(1), "00:06.0 is out of reach");
	pci_fixture_given[0] = pci_fixture_given[1] = BDF;
	refused(pci_fixture_launch(2), "00:05.0 is given twice");
	pci_fixture_given[0] = 0x128;
	refused(pci_fixture_launch(1), "01:05.0 is behind a bridge");
	pci_fixture_given[0] = BDF;
	mock.pci[0].reg[0] = UINT32_MAX;
	refused(pci_fixture_launch(1), "does not exist");
	mock.pci[0].reg[PCI_CLASS / 4] = 0x06000000;
	refused(pci_fixture_launch(1), "is a bridge");
	mock.pci[0].reg[PCI_HEADER / 4] = 0x00010000;
	refused(pci_fixture_launch(1), "is a bridge");
	mock.pci[0].writable[PCI_BAR / 4] = 0xffffff00;
	refused(pci_fixture_launch(1), "no whole pages");
	mock.pci[0].reg[PCI_BAR / 4] = 0x100000 | BAR_64BIT;
	refused(pci_fixture_launch(1), "firmware put nowhere");
	mock.pci[0].reg[CHAIN_MSIX / 4 + 1] = 0x8000;
	refused(pci_fixture_launch(1), "MSI-X table nowhere");
	mock.pci[0].writable[PCI_BAR / 4] = 0xf0000000;
	mock.pci[0].reg[PCI_BAR / 4] = 0xd0000000 | BAR_64BIT;
	refused(pci_fixture_launch(1), "more registers than fit");
	mock.pci[0].reg[CHAIN_PM / 4] = 1;	/* the chain ends */
	refused(pci_fixture_launch(1), "its interrupt line (INTx) cannot");
	mock.iommu_lacks = "it has no IOMMU";
	refused(pci_fixture_launch(1), "cannot confine DMA: it has no IOMMU");
}

/* A region of this size, and at its start a MiB that is no RAM. */
static void plug_in_hole(uint32_t size)
{
	fixture_boot.ram[1].end = 0x2000000;
	fixture_boot.ram[2] = (struct range){ 0x2100000, 0x4000000 };
	fixture_boot.ram_count = 3;
	mock.pci[0].reg[PCI_BAR / 4] = 0x2000000 | BAR_64BIT;
	mock.pci[0].writable[PCI_BAR / 4] = 0 - size;
}

/* Its registers are where it says, so it may not say "in RAM". */
static void a_function_that_lies_gets_no_memory(void **state)
{
	uint32_t *reg = mock.pci[0].reg;

	(void)state;
	pci_fixture_given[0] = BDF;
	/* The end of the table as a number of 32 bits is in the region. */
	reg[CHAIN_MSIX / 4 + 1] = 0xfffffc00;
	refused(pci_fixture_launch(1), "MSI-X table nowhere");
	/* Nested leaves would take the highest bits for their own. */
	for (unsigned int bit = 20; bit < 32; bit++) {
		reg[PCI_BAR / 4] = 0x400000 | BAR_64BIT;
		reg[PCI_BAR / 4 + 1] = BIT32(bit);
		refused(pci_fixture_launch(1), "firmware put nowhere");
	}
	plug_in_hole(0x100000);
	assert_int_equal(pci_fixture_launch(1), 0);
	/* RAM where it begins is not enough to look for. */
	pci_fixture_start(NULL);
	plug_in_hole(0x400000);
	refused(pci_fixture_launch(1), "firmware put nowhere");
}

static void functions_of_one_slot_have_one_owner(void **state)
{
	const uint32_t cells[2] = { BDF, BDF + 1 };
	struct fixture_domain two[2] = {
		{ .cells = &cells[0], .cell_count = 1, .list = "bulkhead,pci" },
		{ .cells = &cells[1], .cell_count = 1, .list = "bulkhead,pci" },
	};

	(void)state;
	two[1].cells = &cells[0];
	refused(fixture_launch(two, 2), "00:05.0 is given twice");
	two[1].cells = &cells[1];
	pci_fixture_plug(BDF + 1, 0x01080202);
	refused(fixture_launch(two, 2), "00:05.1 shares its slot");
	pci_fixture_plug(BDF + 1, 0x01080202);
	pci_fixture_given[0] = BDF;
	pci_fixture_given[1] = BDF + 1;
	assert_int_equal(pci_fixture_launch(2), 0);

	/* Nor is it shared with the machine; with nobody's function it may. */
	pci_fixture_start(NULL);
	pci_fixture_plug(BDF + 1, 0x06010000);
	refused(pci_fixture_launch(1), "00:05.0 shares its slot with a bridge "
		"or a function of the machine");
	pci_fixture_plug(BDF + 7, 0x08060000);
	refused(pci_fixture_launch(1), "shares its slot with a bridge");
	pci_fixture_plug(BDF + 3, 0x0c050000);
	assert_int_equal(pci_fixture_launch(1), 0);
}

static void without_iommu_the_description_must_accept_it(void **state)
{
	struct fixture_domain d = { .cells = pci_fixture_given, .cell_count = 1,
				    .list = "bulkhead,pci" };

	(void)state;
	pci_fixture_given[0] = BDF;
	mock.iommu_lacks = "it has no IOMMU";
	fixture_change = (struct fixture_change){
		"machine", "bulkhead,unprotected-dma", "", 0, false };
	assert_int_equal(fixture_launch(&d, 1), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, pci_fixture_start)
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_given_is_refused),
		TEST(a_function_that_lies_gets_no_memory),
		TEST(functions_of_one_slot_have_one_owner),
		TEST(without_iommu_the_description_must_accept_it),
	};

	return cmocka_run_group_tests_name("pci_refusal", tests, NULL, NULL);
}
