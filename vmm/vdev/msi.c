/* SPDX-License-Identifier: MIT */
/*
 * Messages of devices. A guest writes where it wants them; the device holds
 * what the VMM wrote, and an arriving message is looked up here. Invariants:
 *  D1  address and data in a device are those of arch_device_message();
 *  D2  message n raises a vector at a vCPU of the device's owner, or nothing;
 *  D3  a device that sends more than FLOOD messages in a PERIOD is cut off
 *      until its VM restarts.
 * Enable and mask bits are the device's own: it keeps what is masked pending.
 */
#include "core/world.h"
#include "core/upcall.h"
#include "vdev/lapic.h"
#include "vdev/pci.h"

#define ENTRY_SIZE	16u
#define ENTRY_MASKED	1u
#define PERIOD		(10 * NSEC_PER_MS)
#define FLOOD		2000u
enum { ENTRY_ADDRESS = 0, ENTRY_DATA = 8, ENTRY_CONTROL = 12 };

static void set_message(struct device *device, unsigned int n, bool is_data,
			uint32_t value)
{
	uint64_t old = device->message[n];

	atomic_store(&device->message[n],
		     is_data ? (old >> 32 << 32) | value
			     : (uint64_t)value << 32 | (uint32_t)old);
}

void upcall_device(unsigned int number)
{
	struct device *device = &world.device[number / DEVICE_MSI_MAX];
	nsec_t now = arch_time();
	uint64_t message;

	if (number / DEVICE_MSI_MAX >= world.device_count ||
	    atomic_load(&device->flooded))
		return;
	if (now - atomic_load_relaxed(&device->period) > PERIOD) {
		atomic_store_relaxed(&device->period, now);
		atomic_store_relaxed(&device->credit, 0u);
	}
	if (atomic_fetch_add(&device->credit, 1u) > FLOOD &&
	    !atomic_exchange(&device->flooded, 1u)) {
		log_guest(device->owner, "its device " PCI_BDF " floods it "
			  "with interrupts: cut off until a restart",
			  PCI_BDF_PARTS(device->bdf));
		arch_device_attach(number / DEVICE_MSI_MAX, device->bdf, NULL);
		return;
	}
	message = atomic_load(&device->message[number % DEVICE_MSI_MAX]);
	lapic_message(device->owner, (uint32_t)(message >> 32),
		      (uint32_t)message);
}

/* --- what a guest reads and writes --- */

static void write_all(void *base, size_t at, const uint32_t *value,
		      unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		arch_register_write(base, at + 4 * i, value[i]);
}

void msi_start(struct device *device)
{
	atomic_store(&device->flooded, 0u);
	for (unsigned int n = 0; n < device->message_count; n++) {
		struct domain *d = device->owner;
		struct arch_message m = arch_device_message(
			(uint32_t)(device - world.device), n,
			atomic_load(&d->vcpu[n % d->vcpu_count].cpu));

		atomic_store(&device->message[n], 0u);
		if (n == 0 && device->msi) {
			uint32_t *image = &device->image[device->msi / 4];

			/* The last is the mask, or not ours. */
			write_all(device->config, device->msi, (uint32_t[]){
				0, m.address, device->wide_msi ? 0 : m.data,
				device->wide_msi ? m.data : 0, 0 },
				  3u + device->wide_msi + device->maskable_msi);
			image[0] &= ~MSI_ENABLE;
			memset(image + 1, 0, device->wide_msi ? 12 : 8);
		}
		if (device->table)
			write_all(device->table,
				  device->table_offset + ENTRY_SIZE * n,
				  (uint32_t[]){ m.address, 0, m.data,
						ENTRY_MASKED }, 4);
	}
	if (device->msix)
		arch_register_write(device->config, device->msix, 0);
}

void msi_write(struct device *device, unsigned int offset, uint32_t value)
{
	unsigned int data = device->wide_msi ? 12 : 8;
	unsigned int at = offset - device->msi;
	uint32_t *image = &device->image[offset / 4];

	if (device->msix && offset == device->msix) {
		arch_register_write(device->config, offset, value &
				    (MSIX_ENABLE | MSIX_MASK_ALL));
	} else if (device->msi && at == 0) {
		value &= MSI_ENABLE;
		arch_register_write(device->config, offset, value);
		*image = (*image & ~MSI_ENABLE) | value;
	} else if (device->maskable_msi && at == data + 4) {
		arch_register_write(device->config, offset,
				    value & ENTRY_MASKED);
	} else if (device->msi && at <= data) {
		*image = value;
		if (at == 4 || at == data)
			set_message(device, 0, at == data, value);
	}
}

static uint32_t table_read(const struct device *device, uint32_t at)
{
	uint32_t n = (at - device->table_offset) / ENTRY_SIZE;
	uint32_t field = (at - device->table_offset) % ENTRY_SIZE;
	uint64_t message;

	if (at < device->table_offset || n >= device->message_count ||
	    field == ENTRY_CONTROL)
		return arch_register_read(device->table, at);
	message = atomic_load(&device->message[n]);
	return field == ENTRY_ADDRESS ? (uint32_t)(message >> 32) :
	       field == ENTRY_DATA ? (uint32_t)message : 0;
}

static void table_write(struct device *device, uint32_t at, uint32_t value)
{
	uint32_t n = (at - device->table_offset) / ENTRY_SIZE;
	uint32_t field = (at - device->table_offset) % ENTRY_SIZE;

	if (at < device->table_offset || at >= device->table_end)
		arch_register_write(device->table, at, value);
	else if (n >= device->message_count)
		return;
	else if (field == ENTRY_CONTROL)
		arch_register_write(device->table, at, value & ENTRY_MASKED);
	else if (field == ENTRY_ADDRESS || field == ENTRY_DATA)
		set_message(device, n, field == ENTRY_DATA, value);
}

static void access(struct vcpu *v, struct device *device,
		   const struct vmexit_memory *m)
{
	uint32_t at = m->address % PAGE_SIZE;
	uint64_t value = 0;

	spin_lock(&device->lock);
	for (uint32_t i = 0; i < m->size; i += 4) {
		if (m->write)
			table_write(device, at + i,
				    (uint32_t)(m->value >> 8 * i));
		else
			value |= (uint64_t)table_read(device, at + i) << 8 * i;
	}
	spin_unlock(&device->lock);
	if (!m->write)
		(&v->regs.rax)[m->gpr & 15] = value;
}

bool pci_memory(struct vcpu *v, const struct vmexit *exit)
{
	const struct domain *d = v->domain;
	const struct vmexit_memory *m = &exit->memory;

	/* Aligned, so that it stays in the page. */
	if (!m->size || m->table_walk || m->address % m->size)
		return false;
	for (uint32_t i = 0; i < d->device_count; i++) {
		struct device *device = &world.device[d->device_first + i];

		if (device->table &&
		    device->table_gfn.n == gfn_of(m->address).n) {
			access(v, device, m);
			return true;
		}
	}
	return false;
}
