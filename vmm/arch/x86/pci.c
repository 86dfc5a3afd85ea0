/* SPDX-License-Identifier: MIT */
/*
 * Where the configuration space and the registers of PCI functions are. Only
 * memory-mapped configuration is used ("PCI Firmware Specification", MCFG):
 * unlike the ports CF8 and CFC it takes no lock.
 */
#include "arch/x86/acpi.h"
#include "arch/x86/paging.h"
#include "arch/x86/insn.h"

#define MCFG_HEADER	44u

void *arch_pci_config(uint16_t bdf)
{
	const struct acpi_header *t = acpi_table("MCFG");
	struct {
		uint64_t base;
		uint16_t segment;
		uint8_t first, last, reserved[4];
	} __attribute__((packed)) area;

	for (size_t at = MCFG_HEADER; t && at + sizeof(area) <= t->length;
	     at += sizeof(area)) {
		memcpy(&area, (const char *)t + at, sizeof(area));
		if (area.segment == 0 && area.first <= bdf >> 8 &&
		    area.last >= bdf >> 8)
			return paging_map_slot(area.base +
					       (uint64_t)bdf * PAGE_SIZE);
	}
	return NULL;
}

void *arch_map_registers(mfn_t mfn)
{
	return paging_map_slot(mfn.n << PAGE_SHIFT);
}

uint32_t arch_register_read(const void *base, size_t offset)
{
	return mmio_read32(base, offset);
}

void arch_register_write(void *base, size_t offset, uint32_t value)
{
	mmio_write32(base, offset, value);
}
