/* SPDX-License-Identifier: MIT */
/* PCI functions and IOMMU of the mock machine. */
#include "arch/mock/mock.h"
#include "core/device.h"

void *arch_pci_config(uint16_t bdf)
{
	for (unsigned int i = 0; i < mock.pci_count; i++)
		if (mock.pci[i].bdf == bdf)
			return mock.pci[i].reg;
	return NULL;
}

uint32_t arch_pci_read(uint16_t bdf, unsigned int at)
{
	const uint32_t *config = arch_pci_config(bdf);

	return config ? config[at / 4] : UINT32_MAX;
}

void *arch_map_registers(mfn_t mfn)
{
	return mock.registers;
}

uint32_t arch_register_read(const void *base, size_t offset)
{
	return ((const uint32_t *)base)[offset / 4];
}

void arch_register_write(void *base, size_t offset, uint32_t value)
{
	uint32_t *reg = (uint32_t *)base + offset / 4, mask = UINT32_MAX;

	for (unsigned int i = 0; i < mock.pci_count; i++)
		if (base == mock.pci[i].reg)
			mask = mock.pci[i].writable[offset / 4];
	*reg = (*reg & ~mask) | (value & mask);
}

const char *arch_iommu_lacks(uint16_t bdf)
{
	return mock.iommu_lacks;
}

const char *arch_iommu_name(void)
{
	return "mock";
}

void arch_device_attach(unsigned int number, uint16_t bdf,
			const struct domain *d)
{
	mock.attached[number] = d;
	mock.attach_count++;
}

struct arch_message arch_device_message(unsigned int number, unsigned int n,
					unsigned int cpu)
{
	return (struct arch_message){ 0xfee00000u | cpu << 12,
				      number * DEVICE_MSI_MAX + n };
}

bool arch_iommu_fault(struct arch_dma_fault *fault)
{
	if (!mock.fault_count)
		return false;
	mock.fault_count--;
	*fault = (struct arch_dma_fault){
		mock.fault_bdf[mock.fault_count],
		mock.fault_address[mock.fault_count]
	};
	return true;
}
