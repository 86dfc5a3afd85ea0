/* SPDX-License-Identifier: MIT */
/*
 * Configuration space of a domain's PCI functions. Invariants:
 *  C1  of a function's registers a guest changes only: bus master, and the
 *      enable and mask bits of its messages;
 *  C2  a read shows the device only where device.live has bits; those were
 *      chosen at launch (launch/device.c);
 *  C3  a base address never moves: what is written there is forgotten, but
 *      for the question how large the region is;
 *  C4  memory decoding stays on: what a guest reads of it is its own bit.
 */
#include "vdev/pci.h"
#include "core/world.h"

#define ENABLE			BIT32(31)
#define HOST_BRIDGE_ID		0xbe005853u	/* XenSource's number */
#define HOST_BRIDGE_CLASS	0x06000000u
#define COMMAND_GUEST		(COMMAND_MEMORY | COMMAND_MASTER | \
				 COMMAND_NO_INTX)
#define RESET_TIME		(100 * NSEC_PER_MS)
#define WAKE_TIME		(10 * NSEC_PER_MS)
#define REPORTS			16u		/* in one turn */
#define SIZING			0xfffff800u	/* a region's; from here on */

/* The function that CF8 names, or NULL; the host bridge is none. */
static struct device *selected(const struct domain *d, uint32_t address)
{
	uint32_t slot = (address & ~ENABLE) >> 11;

	if (!(address & ENABLE) || slot == 0 || slot > d->device_count ||
	    address >> 8 & 7)
		return NULL;
	return &world.device[d->device_first +
			     arch_index_nospec(slot - 1, d->device_count)];
}

static uint32_t read_bar(const struct device *device, unsigned int n)
{
	const struct device_bar *bar = &device->bar[n];
	bool sizing = device->sizing & BIT32(n);

	if (bar->size)
		return (sizing ? (uint32_t)~(bar->size - 1)
			       : (uint32_t)(bar->gfn.n << PAGE_SHIFT)) |
		       bar->flags;
	/* The upper half of the one before; all are below 4 GiB. */
	return n && (device->bar[n - 1].flags & BAR_64BIT) && sizing
		? UINT32_MAX : 0;
}

static uint32_t read_function(const struct device *device, unsigned int at)
{
	uint32_t live = device->live[at / 4], value;

	if (at >= PCI_BAR && at < PCI_BAR + 4 * DEVICE_BARS)
		return read_bar(device, (at - PCI_BAR) / 4);
	value = atomic_load_relaxed(&device->image[at / 4]);
	if (live)
		value |= arch_register_read(device->config, at) & live;
	return value;
}

static uint32_t read_dword(const struct domain *d, uint32_t address)
{
	const struct device *device = selected(d, address);
	unsigned int at = address & 0xfc;

	if (device)
		return read_function(device, at);
	if ((address & ~0xffu) != ENABLE)
		return UINT32_MAX;
	return at == PCI_ID ? HOST_BRIDGE_ID :
	       at == PCI_CLASS ? HOST_BRIDGE_CLASS : 0;
}

uint32_t pci_read(const struct domain *d, uint16_t port, unsigned int size)
{
	uint32_t address = atomic_load_relaxed(&d->pci_address);

	if (!d->device_count)
		return UINT32_MAX;
	if (port < PORT_PCI_DATA)
		return port == PORT_PCI_ADDRESS && size == 4 ? address
							     : UINT32_MAX;
	return read_dword(d, address) >> 8 * (port & 3u);
}

static void write_command(struct device *device, uint32_t value)
{
	uint32_t *image = &device->image[PCI_COMMAND / 4];

	*image = (*image & ~COMMAND_GUEST) | (value & COMMAND_GUEST);
	arch_register_write(device->config, PCI_COMMAND,
			    (device->flooded ? 0 : value & COMMAND_MASTER) |
			    COMMAND_MEMORY | COMMAND_NO_INTX);
}

static void write_dword(struct device *device, unsigned int at, uint32_t value)
{
	spin_lock(&device->lock);
	if (at == PCI_COMMAND) {
		write_command(device, value);
	} else if (at >= PCI_BAR && at < PCI_BAR + 4 * DEVICE_BARS) {
		uint32_t bit = BIT32((at - PCI_BAR) / 4);

		device->sizing = value >= 0xfffffff0 ? device->sizing | bit
						     : device->sizing & ~bit;
	} else {
		msi_write(device, at, value);
	}
	spin_unlock(&device->lock);
}

void pci_write(struct domain *d, uint16_t port, unsigned int size,
	       uint32_t value)
{
	uint32_t address = atomic_load_relaxed(&d->pci_address);
	unsigned int at = address & 0xfc, shift = 8 * (port & 3u);
	uint32_t mask = size == 4 ? UINT32_MAX : BIT32(8 * size) - 1;
	struct device *device;

	if (port == PORT_PCI_ADDRESS && size == 4)
		atomic_store_relaxed(&d->pci_address, value);
	if (port < PORT_PCI_DATA || !(device = selected(d, address)))
		return;
	value = (value & mask) << shift;
	if (size < 4)
		value |= read_function(device, at) & ~(mask << shift);
	write_dword(device, at, value);
	/* Any driver says how long it keeps the bus: nobody asks it. */
	if (value < SIZING && at != PCI_HEADER &&
	    value & ~read_function(device, at))
		log_guest(d, "write of 0x%x to register 0x%x of its device "
			  PCI_BDF ": refused", value, at,
			  PCI_BDF_PARTS(device->bdf));
}

/* --- lives of its domain --- */

void pci_start(struct domain *d)
{
	atomic_store(&d->pci_address, 0u);
	for (uint32_t i = 0; i < d->device_count; i++) {
		struct device *device = &world.device[d->device_first + i];

		spin_lock(&device->lock);
		for (unsigned int n = 0; n < DEVICE_BARS; n++) {
			const struct device_bar *bar = &device->bar[n];
			uint64_t address = bar->mfn.n << PAGE_SHIFT;

			/* A reset has forgotten them. */
			if (!bar->size)
				continue;
			arch_register_write(device->config, PCI_BAR + 4 * n,
					    (uint32_t)address | bar->flags);
			if (bar->flags & BAR_64BIT)
				arch_register_write(device->config,
						    PCI_BAR + 4 * n + 4,
						    (uint32_t)(address >> 32));
		}
		if (device->express)
			arch_register_write(device->config,
					    device->express + EXPRESS_CONTROL,
					    device->express_control);
		device->sizing = 0;
		write_command(device, 0);
		msi_start(device);
		spin_unlock(&device->lock);
		arch_device_attach(d->device_first + i, device->bdf, d);
	}
}

static void stop(uint32_t number, struct device *device)
{
	arch_device_attach(number, device->bdf, NULL);
	arch_register_write(device->config, PCI_COMMAND,
			    COMMAND_MEMORY | COMMAND_NO_INTX);
	if (device->quiet_regs)
		arch_register_write(device->quiet_regs, device->quiet_at,
				    device->quiet_word);
	if (device->reset_at)
		arch_register_write(device->config, device->reset_at,
				    device->reset_word);
	else if (!device->quiet_regs)
		log_line("%s: its device " PCI_BDF " cannot be reset",
			 device->owner->name, PCI_BDF_PARTS(device->bdf));
}

/* Reset, the end of the reset (what was put to sleep wakes), done. */
bool pci_stop_step(struct domain *d, uint64_t *phase, uint64_t *since)
{
	nsec_t wait = *phase == 1 ? RESET_TIME : WAKE_TIME;

	if (*phase && arch_time() - *since < wait)
		return false;
	for (uint32_t i = 0; *phase < 2 && i < d->device_count; i++) {
		uint32_t number = d->device_first + i;
		struct device *device = &world.device[number];

		if (!*phase)
			stop(number, device);
		else if (device->reset_at)
			arch_register_write(device->config, device->reset_at,
					    0);
	}
	*since = arch_time();
	return !d->device_count || (*phase)++ == 2;
}

void pci_report(void)
{
	struct arch_dma_fault fault;

	for (unsigned int n = 0; n < REPORTS && arch_iommu_fault(&fault); n++) {
		uint32_t i = 0;

		while (i < world.device_count &&
		       world.device[i].bdf != fault.bdf)
			i++;
		if (i < world.device_count)
			log_guest(world.device[i].owner,
				  "DMA of its device " PCI_BDF " to 0x%lx: "
				  "blocked", PCI_BDF_PARTS(fault.bdf),
				  fault.address);
		else if (world.stray_dma++ < REPORTS)
			log_line("DMA of device " PCI_BDF ", which is no VM's, "
				 "to 0x%lx: blocked", PCI_BDF_PARTS(fault.bdf),
				 fault.address);
	}
}
