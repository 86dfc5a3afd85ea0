/* SPDX-License-Identifier: MIT */
/*
 * Finds the PCI functions that the description gives to a domain, and decides
 * what its guest will see of each ("PCI Local Bus Specification" 3.0, chapter
 * "Configuration Space"). A function is refused with a reason, or understood
 * in full: its regions, and those of its capabilities that a guest may see.
 */
#include "core/platform.h"
#include "core/world.h"
#include "launch/boot_alloc.h"
#include "launch/plan.h"
#include "vdev/pci.h"

#define ADDRESS_BITS	52u		/* those of a nested leaf */
#define CLASS_BRIDGE	0x06u
#define CLASS_SYSTEM	0x08u
#define EXPRESS_CAN	BIT32(28)	/* be reset; but not by its guest */
/* Of the control register; no messages of errors, no DMA past caches. */
#define EXPRESS_LASTING	0x77f0u
#define ADVANCED_CAN	BIT32(25)
#define POWER_NO_RESET	BIT32(3)	/* it sleeps and keeps its state */
#define POWER_SLEEP	3u
/* What standard ways do not do, or are not there for: registers of its own. */
#define ID_82574L	0x10d38086u	/* QEMU's e1000e sleeps in vain: */
#define RCTL		0x100u		/* 0 here ends what it receives */
#define CLASS_AHCI	0x010601u
#define AHCI_RESET	0x80000001u	/* of GHC, in region 5 */
#define VENDOR_VIRTIO	0x1af4u
#define VIRTIO_COMMON	1u		/* its capability, and there: */
#define VIRTIO_STATUS	0x14u

struct probe {
	const struct plan *plan;
	const struct blueprint *b;
	struct device *device;
	uint64_t next;		/* free guest-physical addresses from here */
};

static uint32_t read(const struct device *device, unsigned int at)
{
	return arch_register_read(device->config, at);
}

static _Noreturn void refuse(const struct probe *p, const char *why)
{
	plan_refuse(p->plan, p->b->node, "bulkhead,pci: " PCI_BDF " %s",
		    PCI_BDF_PARTS(p->device->bdf), why);
}

/* --- regions --- */

static uint64_t size_bar(const struct device *device, unsigned int n,
			 bool wide, uint64_t *address)
{
	uint64_t mask = 0;

	*address = 0;
	for (unsigned int i = 0; i <= wide; i++) {
		unsigned int at = PCI_BAR + 4 * (n + i);
		uint32_t old = read(device, at);

		arch_register_write(device->config, at, UINT32_MAX);
		mask |= (uint64_t)read(device, at) << 32 * i;
		arch_register_write(device->config, at, old);
		*address |= (uint64_t)old << 32 * i;
	}
	*address &= ~UINT64_C(15);
	mask &= ~UINT64_C(15);
	return 0 - (wide || !mask ? mask : mask | UINT64_MAX << 32);
}

static void probe_bar(struct probe *p, unsigned int n)
{
	struct device_bar *bar = &p->device->bar[n];
	uint32_t low = read(p->device, PCI_BAR + 4 * n);
	uint64_t address, size;
	bool wide;

	if (low & BAR_IO)
		return;
	wide = low & BAR_64BIT && n + 1 < DEVICE_BARS;
	size = size_bar(p->device, n, wide, &address);
	if (!size)
		return;
	if (size & (size - 1) || size < PAGE_SIZE || address & (size - 1))
		refuse(p, "has registers that are no whole pages");
	p->next = ROUND_UP(p->next, size);
	if (size > GPA_ACPI - GPA_DEVICE || p->next + size > GPA_ACPI)
		refuse(p, "has more registers than fit");
	/* A device may say anything: none of it is to be RAM. */
	for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
		const struct frame *frame = frame_at(mfn_of(address + at));

		if (!address || address >> ADDRESS_BITS ||
		    (frame && frame->kind != FRAME_HOLE))
			refuse(p, "has registers that firmware put nowhere");
	}
	*bar = (struct device_bar){ size, mfn_of(address), gfn_of(p->next),
				    low & 15 };
	p->next += size;
}

/* --- capabilities --- */

static void show(struct device *device, unsigned int at, unsigned int size)
{
	for (unsigned int i = at; i < at + size && i < 256; i++)
		device->live[i / 4] |= 0xffu << 8 * (i % 4);
}

static void probe_table(struct probe *p)
{
	struct device *device = p->device;
	uint32_t where = read(device, device->msix + 4u);
	uint32_t size = (read(device, device->msix) >> MSIX_SIZE_SHIFT &
			 MSIX_SIZE_MASK) + 1;
	const struct device_bar *bar = &device->bar[where & 7];
	uint32_t offset = where & ~UINT32_C(7), room;

	if ((where & 7) >= DEVICE_BARS ||
	    offset + UINT64_C(16) * size > bar->size)
		refuse(p, "has its MSI-X table nowhere");
	device->table_offset = offset % PAGE_SIZE;
	device->table_gfn = GFN(bar->gfn.n + offset / PAGE_SIZE);
	room = PAGE_SIZE - device->table_offset;
	device->table_end = device->table_offset + MIN(room, 16 * size);
	device->table_pages = (device->table_offset + 16 * size +
			       PAGE_SIZE - 1) / PAGE_SIZE;
	device->table = arch_map_registers(MFN(bar->mfn.n +
					       offset / PAGE_SIZE));
	if (!device->table)
		refuse(p, "finds no room for its MSI-X table");
	device->message_count = MIN(MIN(size, DEVICE_MSI_MAX), room / 16);
	device->live[device->msix / 4] = MSIX_ENABLE | MSIX_MASK_ALL;
	device->image[device->msix / 4] |= (device->message_count - 1) <<
					   MSIX_SIZE_SHIFT;
	show(device, device->msix + 4u, 8);
}

static void reset_by(struct device *device, unsigned int at, uint32_t word)
{
	device->reset_at = (uint8_t)at;
	device->reset_word = word;
}

static void quiet_by(struct device *device, unsigned int n, uint32_t at,
		     uint32_t word)
{
	const struct device_bar *bar = &device->bar[n];

	if (n >= DEVICE_BARS || at >= bar->size)
		return;
	device->quiet_regs = arch_map_registers(MFN(bar->mfn.n +
						    at / PAGE_SIZE));
	device->quiet_at = at % PAGE_SIZE & ~3u;
	device->quiet_word = word;
}

/* Whether a guest sees the capability at this place. */
static bool probe_capability(struct device *device, uint8_t at)
{
	uint32_t head = read(device, at);
	unsigned int last;	/* of MSI: its mask, and what is pending */

	switch ((uint8_t)head) {
	case CAP_POWER:
		if (!device->reset_at &&
		    !(read(device, at + 4u) & POWER_NO_RESET))
			reset_by(device, at + 4u, POWER_SLEEP);
		return false;
	case CAP_ADVANCED:
		if (head & ADVANCED_CAN)
			reset_by(device, at + 4u, 1);
		return false;
	case CAP_MSI:
		device->msi = at;
		device->wide_msi = head & MSI_64BIT;
		device->maskable_msi = head & MSI_MASKABLE && at <= 0xe8;
		device->image[at / 4] = head & MSI_64BIT;
		last = at / 4 + (device->wide_msi ? 4u : 3u);
		if (device->maskable_msi) {
			device->image[at / 4] |= MSI_MASKABLE;
			device->live[last] = device->live[last + 1] = 1;
		}
		device->message_count = MAX(device->message_count, 1u);
		return true;
	case CAP_MSIX:
		device->msix = at;
		return true;
	case CAP_EXPRESS:
		device->express = at;
		device->express_control = read(device, at + EXPRESS_CONTROL) &
					  EXPRESS_LASTING;
		if (read(device, at + 4u) & EXPRESS_CAN)
			reset_by(device, at + EXPRESS_CONTROL, EXPRESS_RESET |
				 device->express_control);
		show(device, at + 2u, (head >> 16 & 15) > 1 ? 0x3a : 0x12);
		device->live[at / 4 + 1] &= ~EXPRESS_CAN;
		return true;
	case CAP_VENDOR:
		/* The status, all of whose neighbours may be zero. */
		if (head >> 24 == VIRTIO_COMMON &&
		    (uint16_t)read(device, PCI_ID) == VENDOR_VIRTIO)
			quiet_by(device, (uint8_t)read(device, at + 4u),
				 read(device, at + 8u) + VIRTIO_STATUS, 0);
		show(device, at + 2u, MAX(head >> 16 & 0xff, 3u) - 2);
		return true;
	default:
		return false;
	}
}

/* The chain that the guest sees: those of the device's that it may know. */
static void probe_capabilities(struct probe *p)
{
	struct device *device = p->device;
	unsigned int link = PCI_CAPABILITIES;	/* the byte that points on */
	uint8_t at = 0;

	if (read(device, PCI_COMMAND) & STATUS_HAS_CAPABILITIES)
		at = (uint8_t)(read(device, PCI_CAPABILITIES) & 0xfc);
	for (unsigned int n = 0; at >= 0x40 && at <= 0xf0 && n < 48; n++) {
		if (probe_capability(device, at)) {
			device->image[at / 4] |= read(device, at) & 0xff;
			device->image[link / 4] |= (uint32_t)at
						   << 8 * (link % 4);
			device->image[PCI_COMMAND / 4] =
				STATUS_HAS_CAPABILITIES;
			link = at + 1u;
		}
		at = (uint8_t)(read(device, at) >> 8 & 0xfc);
	}
	if (device->msix)
		probe_table(p);
	if (!device->message_count)
		refuse(p, "has no messages (MSI), and its interrupt line "
			  "(INTx) cannot be given");
}

/* --- functions --- */

static bool is_machines(uint32_t class)
{
	return class >> 24 == CLASS_BRIDGE || class >> 24 == CLASS_SYSTEM;
}

static void probe(struct probe *p)
{
	struct device *device = p->device;

	device->config = arch_pci_config(device->bdf);
	if (!device->config)
		refuse(p, "is out of reach: no memory-mapped configuration");
	if (read(device, PCI_ID) == UINT32_MAX)
		refuse(p, "does not exist");
	if (is_machines(read(device, PCI_CLASS)) ||
	    read(device, PCI_HEADER) >> 16 & 0x7f)
		refuse(p, "is a bridge or belongs to the machine");
	arch_register_write(device->config, PCI_COMMAND, COMMAND_NO_INTX);
	for (unsigned int n = 0; n < DEVICE_BARS; n++) {
		probe_bar(p, n);
		n += device->bar[n].flags & BAR_64BIT ? 1 : 0;
	}
	device->live[PCI_ID / 4] = device->live[PCI_CLASS / 4] =
		device->live[PCI_SUBSYSTEM / 4] = UINT32_MAX;
	probe_capabilities(p);
	if (read(device, PCI_ID) == ID_82574L)
		quiet_by(device, 0, RCTL, 0);
	if (read(device, PCI_CLASS) >> 8 == CLASS_AHCI)
		quiet_by(device, 5, 4, AHCI_RESET);
}

/* May this function have this owner, beside those that are there? */
static void check_owner(const struct probe *p)
{
	const char *lacks = arch_iommu_lacks(p->device->bdf);

	if (p->device->bdf >> 8)
		refuse(p, "is behind a bridge: only bus 0 is supported");
	for (uint32_t i = 0; i < world.device_count; i++) {
		const struct device *other = &world.device[i];

		if (other->bdf == p->device->bdf)
			refuse(p, "is given twice");
		if (other->bdf >> 3 == p->device->bdf >> 3 &&
		    other->owner != p->device->owner)
			refuse(p, "shares its slot with a function of "
				      "another VM");
	}
	for (uint16_t n = 0; n < 8; n++) {
		uint16_t other = (uint16_t)((p->device->bdf & ~7u) | n);

		if (other != p->device->bdf &&
		    arch_pci_read(other, PCI_ID) != UINT32_MAX &&
		    is_machines(arch_pci_read(other, PCI_CLASS)))
			refuse(p, "shares its slot with a bridge or a "
				      "function of the machine");
	}
	if (lacks && !p->plan->unprotected_dma)
		plan_refuse(p->plan, p->b->node, "bulkhead,pci: this machine "
			    "cannot confine DMA: %s; bulkhead,unprotected-dma "
			    "would accept that", lacks);
}

uint64_t device_create(const struct plan *plan, const struct blueprint *b,
		       struct domain *d)
{
	struct probe p = { plan, b, NULL, GPA_DEVICE };
	uint32_t count = b->pci.size / 4;

	if (count && !world.device)
		world.device = BOOT_ARRAY(world.device, DEVICE_MAX);
	if (count > DEVICE_MAX - world.device_count)
		plan_refuse(plan, b->node, "bulkhead,pci: more than %u "
			    "functions", DEVICE_MAX);
	d->device_first = world.device_count;
	d->device_count = count;
	for (uint32_t i = 0; i < count; i++) {
		p.device = &world.device[world.device_count];
		p.device->bdf = (uint16_t)fdt_cell(&b->pci, i);
		p.device->owner = d;
		check_owner(&p);
		probe(&p);
		world.device_count++;
	}
	return (p.next - GPA_DEVICE + BIT32(21) - 1) >> 21;
}
