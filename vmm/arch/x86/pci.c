/* SPDX-License-Identifier: MIT */
/*
 * Where the configuration space and the registers of PCI functions are. For
 * those of VMs it is memory-mapped ("PCI Firmware Specification", MCFG), which
 * takes no lock. The ports CF8 and CFC are the boot CPU's alone.
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

uint32_t arch_pci_read(uint16_t bdf, unsigned int at)
{
	insn_outl(0xcf8, BIT32(31) | (uint32_t)bdf << 8 | at);
	return insn_inl(0xcfc);
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
