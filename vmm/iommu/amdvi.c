/* SPDX-License-Identifier: MIT */
/*
 * AMD's IOMMU ("AMD I/O Virtualization Technology Specification"): one table
 * with an entry for each function, and for each device a table of messages.
 */
#include "iommu/amdvi.h"
#include "iommu/iommu.h"

static uint64_t (*device_table)[4];
static uint64_t blank;			/* an empty page table */
static uint32_t remap[DEVICE_MAX][32] __attribute__((aligned(128)));

void amdvi_attach(unsigned int number, uint16_t bdf, const struct domain *d)
{
	uint16_t id = (uint16_t)(d ? d->id : 0);
	uint64_t *entry = device_table[bdf];
	const uint64_t changed[][2] = {
		AMDVI_INVALIDATE_DEVICE(bdf), AMDVI_INVALIDATE_REMAP(bdf),
		AMDVI_INVALIDATE_PAGES(id ? id : entry[1]),
	};

	/* The last that is written opens, the first closes. */
	atomic_store(&entry[0], AMDVI_ENTRY_BLOCKED(blank));
	entry[2] = d ? AMDVI_REMAP(image_phys(remap[number]))
		     : AMDVI_REMAP_NONE;
	entry[1] = id;
	if (d)
		atomic_store(&entry[0],
			     AMDVI_ENTRY_TABLE(d->p2m.root.n << PAGE_SHIFT));
	iommu_command(changed, ARRAY_SIZE(changed));
}

struct arch_message amdvi_message(unsigned int number, unsigned int n,
				  uint32_t apic_id, uint32_t vector)
{
	atomic_store(&remap[number][n], AMDVI_REMAP_TO(apic_id, vector));
	return (struct arch_message){ MSI_ADDRESS, n };
}

/* --- events --- */

static void events_start(struct unit *u)
{
	mmio_write64(u->regs, REG_CONTROL, CONTROL_ON & ~CONTROL_EVENTS);
	mmio_write64(u->regs, REG_EVENTS, phys_of(u->event) | RING_256);
	mmio_write32(u->regs, REG_EVENT_HEAD, 0);
	mmio_write32(u->regs, REG_EVENT_TAIL, 0);
	mmio_write32(u->regs, REG_STATUS, STATUS_OVERFLOW);
	mmio_write64(u->regs, REG_CONTROL, CONTROL_ON);
	u->head = 0;
}

/* Found by their words, as the tail may be ahead of them. */
bool amdvi_fault(struct unit *u, struct arch_dma_fault *fault)
{
	uint64_t *event = u->event[u->head];
	uint64_t word = atomic_load_acquire(&event[0]);

	if (word) {
		*fault = (struct arch_dma_fault){ (uint16_t)word, event[1] };
		event[0] = event[1] = 0;
		u->head = (u->head + 1) % RING_ENTRIES;
		mmio_write32(u->regs, REG_EVENT_HEAD, 16 * u->head);
	} else if (mmio_read32(u->regs, REG_STATUS) & STATUS_OVERFLOW) {
		events_start(u);
	}
	return word;
}

/* --- boot --- */

static void unit_start(struct unit *u)
{
	u->event = paging_take(1);
	mmio_write64(u->regs, REG_CONTROL, 0);
	mmio_write64(u->regs, REG_DEVICE_TABLE,
		     phys_of(device_table) | (BIT32(16) * 32 / PAGE_SIZE - 1));
	mmio_write64(u->regs, REG_COMMANDS, phys_of(u->queue) | RING_256);
	mmio_write64(u->regs, REG_EXCLUSION, 0);
	mmio_write32(u->regs, REG_COMMAND_HEAD, 0);
	mmio_write32(u->regs, AMDVI_TAIL, 0);
	events_start(u);
}

void amdvi_start(void)
{
	device_table = paging_take(BIT32(16) * 32 / PAGE_SIZE);
	blank = phys_of(paging_take(1));
	for (uint32_t i = 0; i < BIT32(16); i++) {
		device_table[i][0] = AMDVI_ENTRY_BLOCKED(blank);
		device_table[i][2] = AMDVI_REMAP_NONE;
	}
	for (unsigned int i = 0; i < unit_count; i++)
		unit_start(&unit[i]);
}

bool amdvi_find(void)
{
	const struct acpi_header *ivrs = acpi_table("IVRS");
	struct amdvi_block b;

	for (uint32_t at = IVRS_HEADER;
	     ivrs && at + sizeof(b) <= ivrs->length; at += b.size) {
		memcpy(&b, (const uint8_t *)ivrs + at, sizeof(b));
		if (b.size < sizeof(b) || b.size > ivrs->length - at)
			break;
		if (b.type == 0x10 || b.type == 0x11 || b.type == 0x40)
			iommu_add(b.address, REG_STATUS);
		else if (b.type == 0x20)
			iommu_want(0, UINT16_MAX);
		else if (b.type == 0x21)
			iommu_want(b.id, b.id);
		else if (b.type == 0x22)
			iommu_want(b.id, b.last_id);
	}
	return ivrs;
}
