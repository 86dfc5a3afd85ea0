/* SPDX-License-Identifier: MIT */
/* See pci_fixture.h. */
#include "pci_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "core/world.h"
#include "vdev/lapic.h"
#include "vdev/lapic_bits.h"

uint32_t pci_fixture_given[2];

static void set(struct mock_pci *f, unsigned int at, uint32_t value,
		uint32_t writable)
{
	f->reg[at / 4] = value;
	f->writable[at / 4] = writable;
}

struct mock_pci *pci_fixture_plug(uint16_t bdf, uint32_t class)
{
	struct mock_pci *f = &mock.pci[mock.pci_count++];

	memset(f->writable, 0xff, sizeof(f->writable));
	f->bdf = bdf;
	set(f, PCI_ID, 0x00101b36, 0);
	set(f, PCI_COMMAND, STATUS_HAS_CAPABILITIES | 7, 0xffff);
	set(f, PCI_CLASS, class, 0);
	set(f, PCI_HEADER, 0, UINT32_MAX);
	set(f, PCI_BAR, REGISTERS | BAR_64BIT, 0xffffc000);
	set(f, PCI_BAR + 4, 0, UINT32_MAX);
	for (unsigned int n = 2; n < DEVICE_BARS; n++)
		set(f, PCI_BAR + 4 * n, 0, 0);
	set(f, PCI_SUBSYSTEM, 0x11001af4, 0);
	set(f, PCI_CAPABILITIES, CHAIN_PM, 0);
	set(f, CHAIN_PM, CHAIN_MSIX << 8 | 1, UINT32_MAX);
	set(f, CHAIN_MSIX, 64u << 16 | CHAIN_MSI << 8 | CAP_MSIX,
	    MSIX_ENABLE | MSIX_MASK_ALL);
	set(f, CHAIN_MSIX + 4, 0x2000, 0);
	set(f, CHAIN_MSIX + 8, 0x3000, 0);
	set(f, CHAIN_MSI, MSI_64BIT | CHAIN_EXPRESS << 8 | CAP_MSI,
	    MSI_ENABLE | 0x700000);
	set(f, CHAIN_EXPRESS, 2u << 16 | CAP_EXPRESS, 0);
	set(f, CHAIN_EXPRESS + 4, BIT32(28) | 0x8000, 0);
	set(f, CHAIN_EXPRESS + 8, EXPRESS_FIRMWARE, 0xffff);
	return f;
}

int pci_fixture_start(void **state)
{
	(void)state;
	fixture_start(64, false);
	pci_fixture_plug(BDF, 0x01080202);
	return 0;
}

int pci_fixture_launch(unsigned int count)
{
	struct fixture_domain d = { .vcpus = 2, .cells = pci_fixture_given,
				    .cell_count = count,
				    .list = "bulkhead,pci" };

	return fixture_launch(&d, 1);
}

struct domain *pci_fixture_ready(void)
{
	pci_fixture_given[0] = BDF;
	if (pci_fixture_launch(1))
		fail_msg("%s", fixture_text);
	struct domain *d = world.domain[1];

	fixture_build(d);
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		d->vcpu[i].state = VCPU_RUNNABLE;
		lapic_reset(&d->vcpu[i]);
		assert_true(lapic_msr_write(&d->vcpu[i],
					    MSR_X2APIC + REG_SVR,
					    SVR_ENABLE | 0xff));
	}
	pci_start(d);
	return d;
}

uint32_t pci_get(struct domain *d, unsigned int at)
{
	pci_write(d, PORT_PCI_ADDRESS, 4, FUNCTION | (at & 0xfc));
	return pci_read(d, PORT_PCI_DATA, 4);
}

void pci_put(struct domain *d, unsigned int at, unsigned int size,
		uint32_t value)
{
	pci_write(d, PORT_PCI_ADDRESS, 4, FUNCTION | (at & 0xfc));
	pci_write(d, (uint16_t)(PORT_PCI_DATA + at % 4), size, value);
}

void pci_log(char *text, size_t size)
{
	size_t used = 0, got;

	while ((got = log_read(0, text + used, size - 1 - used)))
		used += got;
	text[used] = '\0';
}
