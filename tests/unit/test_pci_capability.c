/* SPDX-License-Identifier: MIT */
/* Which capabilities of a function a guest sees, and the mask of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "core/world.h"
#include "pci_fixture.h"

/* Power, ATS's elder relatives, hot plug, whatever: not there. */
static void other_capabilities_are_not_there(void **state)
{
	uint32_t *reg = mock.pci[0].reg;

	(void)state;
	for (unsigned int id = 0; id < 256; id++) {
		if (id == CAP_MSI || id == CAP_MSIX || id == CAP_EXPRESS ||
		    id == CAP_VENDOR)
			continue;
		pci_fixture_start(NULL);
		reg[CHAIN_PM / 4] = 0x12340000 | CHAIN_MSIX << 8 | id;
		reg[CHAIN_PM / 4 + 1] = 0x5a5a5a5a | BIT32(3);
		struct domain *d = pci_fixture_ready();

		assert_int_equal(pci_get(d, PCI_CAPABILITIES), CHAIN_MSIX);
		for (unsigned int at = CHAIN_PM; at < CHAIN_MSIX; at += 4) {
			uint32_t before = reg[at / 4];

			assert_int_equal(pci_get(d, at), 0);
			pci_put(d, at, 4, ~before);
			assert_int_equal(reg[at / 4], before);
		}
	}
	/* Nor what is above the 256 bytes, by AMD's bits of CF8. */
	for (uint32_t high = 1; high < 128; high++) {
		pci_write(world.domain[1], PORT_PCI_ADDRESS, 4,
			  FUNCTION | high << 24);
		assert_int_equal(pci_read(world.domain[1], PORT_PCI_DATA, 4),
				 UINT32_MAX);
	}
}

static void a_single_message_can_be_masked(void **state)
{
	uint32_t *reg = mock.pci[0].reg;
	struct domain *d;

	(void)state;
	/* With an address of 64 bits; then of 32, all else one word lower. */
	for (unsigned int narrow = 0; narrow <= 4; narrow += 4) {
		unsigned int mask = CHAIN_MSI + 16 - narrow;

		pci_fixture_start(NULL);
		reg[CHAIN_MSI / 4] ^= (narrow ? MSI_64BIT : 0) | MSI_MASKABLE;
		reg[mask / 4] = UINT32_MAX;
		d = pci_fixture_ready();
		assert_true(pci_get(d, CHAIN_MSI) & MSI_MASKABLE);
		assert_int_equal(reg[mask / 4], 0);
		pci_put(d, mask, 4, UINT32_MAX);
		assert_int_equal(reg[mask / 4], 1);
		assert_int_equal(pci_get(d, mask), 1);
		reg[mask / 4 + 1] = UINT32_MAX;
		assert_int_equal(pci_get(d, mask + 4), 1);
		pci_put(d, mask + 4, 4, 0);
		assert_int_equal(reg[mask / 4 + 1], UINT32_MAX);
		pci_put(d, mask, 1, 0);
		assert_int_equal(reg[mask / 4], 0);
		assert_int_equal(reg[CHAIN_MSI / 4 + 1], 0xfee00000);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, pci_fixture_start)
	const struct CMUnitTest tests[] = {
		TEST(other_capabilities_are_not_there),
		TEST(a_single_message_can_be_masked),
	};

	return cmocka_run_group_tests_name("pci_capability", tests, NULL,
					   NULL);
}
