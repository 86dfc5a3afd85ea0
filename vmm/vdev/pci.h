/* SPDX-License-Identifier: MIT */
/*
 * A domain's PCI functions as its guest finds them: bus 0, a host bridge and
 * one function in each device after it, by the ports CF8 and CFC. What a
 * guest may do to a function's configuration is a short list; the rest reads
 * as the launch decided and cannot be written.
 */
#pragma once
#include "core/device.h"
#include "core/vcpu.h"
#include "core/vmexit.h"

#define PORT_PCI_ADDRESS	0xcf8u
#define PORT_PCI_DATA		0xcfcu

enum {				/* configuration registers, by dword */
	PCI_ID = 0x00, PCI_COMMAND = 0x04, PCI_CLASS = 0x08, PCI_HEADER = 0x0c,
	PCI_BAR = 0x10, PCI_SUBSYSTEM = 0x2c, PCI_CAPABILITIES = 0x34,
	PCI_INTERRUPT = 0x3c,
};
#define COMMAND_IO		BIT32(0)
#define COMMAND_MEMORY		BIT32(1)
#define COMMAND_MASTER		BIT32(2)
#define COMMAND_NO_INTX		BIT32(10)
#define STATUS_HAS_CAPABILITIES	BIT32(20)
#define BAR_IO			1u
#define BAR_64BIT		4u

#define CAP_POWER		0x01u
#define CAP_MSI			0x05u
#define CAP_VENDOR		0x09u
#define CAP_EXPRESS		0x10u
#define CAP_MSIX		0x11u
#define CAP_ADVANCED		0x13u
#define MSI_ENABLE		BIT32(16)
#define MSI_64BIT		BIT32(23)
#define MSI_MASKABLE		BIT32(24)
#define MSIX_ENABLE		BIT32(31)
#define MSIX_MASK_ALL		BIT32(30)
#define MSIX_SIZE_SHIFT		16u
#define MSIX_SIZE_MASK		0x7ffu
#define EXPRESS_CONTROL		0x08u	/* in the capability */
#define EXPRESS_RESET		BIT32(15)

/* The ports from CF8 up; size is 1, 2 or 4. All ones if d has no device. */
uint32_t pci_read(const struct domain *d, uint16_t port, unsigned int size);
void pci_write(struct domain *d, uint16_t port, unsigned int size,
	       uint32_t value);
/*
 * A guest's access to memory that is not mapped. True: it was one to the page
 * of an MSI-X table, and is done.
 */
bool pci_memory(struct vcpu *v, const struct vmexit *exit);

/* Build of d: its devices as after power-on, and opened to it. */
void pci_start(struct domain *d);
/*
 * End of d, and before its first build: a bounded step of cutting its devices
 * off and resetting them; true when nothing that they were told before is
 * under way. *phase and *since are 0 at the first step.
 */
bool pci_stop_step(struct domain *d, uint64_t *phase, uint64_t *since);

/* Reports DMA that the IOMMU refused; bounded. Boot CPU. */
void pci_report(void);

/* --- vdev/msi.c --- */

/* Fills the device's own message registers, all masked, none enabled. */
void msi_start(struct device *device);
/* The guest wrote the dword at offset of the MSI or MSI-X capability. */
void msi_write(struct device *device, unsigned int offset, uint32_t value);
