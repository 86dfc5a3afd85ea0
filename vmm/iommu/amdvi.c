/* SPDX-License-Identifier: MIT */
/*
 * AMD's IOMMU ("AMD I/O Virtualization Technology Specification"). It walks
 * the nested page tables of the VM that owns the device (arch/x86/npte.c), so
 * what a processor of that VM may not reach its devices may not. Invariants:
 *  I1  from iommu_init() on each function has an entry in the device table:
 *      its owner's, or one that lets nothing through;
 *  I2  a command is followed by a wait for its completion on the CPU that
 *      gave it; so the queue never holds more than CPU_COMMANDS for each CPU;
 *  I3  a message is looked up in a table of its device alone, so a device can
 *      only raise its own vectors, whatever it writes to which address.
 */
#include "iommu/amdvi.h"
#include "arch/x86/acpi.h"
#include "arch/x86/layout.h"
#include "arch/x86/machine.h"
#include "arch/x86/paging.h"
#include "core/device.h"

#define UNIT_MAX	8u
#define CPU_COMMANDS	4u
#define WAIT_MS		10000u

struct unit {
	void *regs;			/* [I] */
	uint64_t (*queue)[2];		/* [L] commands */
	uint32_t tail;			/* [L] in bytes, as the register */
	uint64_t (*event)[2];		/* [I] written by the unit */
	uint32_t head;			/* boot CPU: the next one to read */
	struct spinlock lock;
	uint64_t done[CPU_MAX];		/* [A] written by the unit */
};

static struct unit unit[UNIT_MAX];
static unsigned int unit_count;
static uint64_t (*device_table)[4];
static uint64_t blank;			/* an empty page table */
static uint32_t remap[DEVICE_MAX][32] __attribute__((aligned(128)));
static const char *lacks;
static uint64_t wait_count[CPU_MAX];	/* [C] */

/* --- commands --- */

static void put(struct unit *u, uint64_t first, uint64_t second)
{
	u->queue[u->tail / sizeof(u->queue[0])][0] = first;
	u->queue[u->tail / sizeof(u->queue[0])][1] = second;
	u->tail = (u->tail + sizeof(u->queue[0])) % PAGE_SIZE;
}

/* Up to CPU_COMMANDS - 1 of them to every unit; returns when all are done. */
static void command(const uint64_t (*list)[2], unsigned int count)
{
	unsigned int cpu = arch_cpu_id();
	uint64_t ticket = ++wait_count[cpu];

	static_assert(CPU_COMMANDS * CPU_MAX <= PAGE_SIZE / 16, "I2");
	for (unsigned int i = 0; i < unit_count; i++) {
		struct unit *u = &unit[i];

		spin_lock(&u->lock);
		for (unsigned int k = 0; k < count; k++)
			put(u, list[k][0], list[k][1]);
		put(u, image_phys(&u->done[cpu]) | COMMAND_WAIT, ticket);
		insn_mfence();
		mmio_write32(u->regs, REG_COMMAND_TAIL, u->tail);
		spin_unlock(&u->lock);
	}
	for (unsigned int i = 0; i < unit_count; i++) {
		uint64_t start = insn_rdtsc();

		while (atomic_load(&unit[i].done[cpu]) != ticket) {
			BUG_ON(insn_rdtsc() - start > WAIT_MS *
						      (uint64_t)arch_tsc_khz());
			cpu_relax();
		}
	}
}

void iommu_flush(const struct domain *d)
{
	const uint64_t pages[][2] = { AMDVI_INVALIDATE_PAGES(d->id) };

	command(pages, 1);
}

void arch_device_attach(unsigned int number, uint16_t bdf,
			const struct domain *d)
{
	uint16_t id = (uint16_t)(d ? d->id : 0);
	uint64_t *entry = device_table[bdf];

	if (!unit_count)
		return;

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
	command(changed, ARRAY_SIZE(changed));
}

struct arch_message arch_device_message(unsigned int number, unsigned int n,
					unsigned int cpu)
{
	uint32_t vector = VECTOR_DEVICE + number * DEVICE_MSI_MAX + n;
	uint32_t id = cpu_local_at(cpu)->apic_id;

	if (!unit_count)
		return (struct arch_message){ MSI_ADDRESS | id << 12, vector };
	atomic_store(&remap[number][n], AMDVI_REMAP_TO(id, vector));
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
bool arch_iommu_fault(struct arch_dma_fault *fault)
{
	for (unsigned int i = 0; i < unit_count; i++) {
		struct unit *u = &unit[i];
		uint64_t *event = u->event[u->head];
		uint64_t word = atomic_load_acquire(&event[0]);

		if (word) {
			*fault = (struct arch_dma_fault){ (uint16_t)word,
							  event[1] };
			event[0] = event[1] = 0;
			u->head = (u->head + 1) % RING_ENTRIES;
			mmio_write32(u->regs, REG_EVENT_HEAD, 16 * u->head);
			return true;
		}
		if (mmio_read32(u->regs, REG_STATUS) & STATUS_OVERFLOW)
			events_start(u);
	}
	return false;
}

/* --- boot --- */

const char *arch_iommu_lacks(void)
{
	return unit_count ? lacks : "it has no IOMMU";
}

const char *arch_iommu_name(void)
{
	return "AMD-Vi";
}

static void unit_add(uint64_t address)
{
	struct unit *u = &unit[unit_count];

	for (unsigned int i = 0; i < unit_count; i++)
		if (unit[i].regs == (void *)(MMIO_BASE + address))
			return;		/* described again, in a newer form */
	if (unit_count == UNIT_MAX)
		arch_panic(__FILE__, __LINE__, "too many IOMMUs");
	if (!device_table) {
		device_table = paging_take(BIT32(16) * 32 / PAGE_SIZE);
		blank = phys_of(paging_take(1));
	}
	u->regs = paging_map_mmio(address);
	paging_map_mmio(address + REG_COMMAND_HEAD);
	u->queue = paging_take(1);
	u->event = paging_take(1);
	unit_count++;
}

static void unit_start(struct unit *u)
{
	mmio_write64(u->regs, REG_CONTROL, 0);
	mmio_write64(u->regs, REG_DEVICE_TABLE,
		     phys_of(device_table) | (BIT32(16) * 32 / PAGE_SIZE - 1));
	mmio_write64(u->regs, REG_COMMANDS, phys_of(u->queue) | RING_256);
	mmio_write64(u->regs, REG_EXCLUSION, 0);
	mmio_write32(u->regs, REG_COMMAND_HEAD, 0);
	mmio_write32(u->regs, REG_COMMAND_TAIL, 0);
	events_start(u);
}

void iommu_init(void)
{
	const struct acpi_header *ivrs = acpi_table("IVRS");
	const uint8_t *block = (const uint8_t *)ivrs + IVRS_HEADER;
	uint16_t size;

	for (uint32_t at = IVRS_HEADER; ivrs && at + 16 <= ivrs->length;
	     at += size, block += size) {
		uint64_t address;

		memcpy(&size, block + 2, sizeof(size));
		memcpy(&address, block + 8, sizeof(address));
		if (size < 16 || size > ivrs->length - at)
			break;
		if (*block == 0x10 || *block == 0x11 || *block == 0x40)
			unit_add(address);
		else if (*block >= 0x20 && *block <= 0x22)
			lacks = "firmware wants devices to reach its memory";
	}
	for (uint32_t i = 0; unit_count && i < BIT32(16); i++) {
		device_table[i][0] = AMDVI_ENTRY_BLOCKED(blank);
		device_table[i][2] = AMDVI_REMAP_NONE;
	}
	for (unsigned int i = 0; i < unit_count; i++)
		unit_start(&unit[i]);
	if (unit_count)
		log_line("IOMMU: AMD-Vi, units: %u; all DMA is blocked",
			 unit_count);
}
