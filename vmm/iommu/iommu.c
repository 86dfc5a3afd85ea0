/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU, of whichever kind. It walks the nested page tables of the VM that
 * owns a device (arch/x86/npte.c), so what a processor of that VM may not
 * reach its devices may not. Invariants, of both kinds:
 *  I1  from iommu_init() on each function's DMA is translated by its owner's
 *      tables, or let through nowhere;
 *  I2  a command is followed by a wait for its completion on the CPU that
 *      gave it; so the queue never holds more than CPU_COMMANDS for each CPU;
 *  I3  a message is looked up among those of its device alone, so a device
 *      can only raise its own vectors, whatever it writes to which address.
 */
#include "iommu/iommu.h"
#include "iommu/amdvi.h"
#include "iommu/vtd.h"

#define CPU_COMMANDS	4u

struct unit unit[UNIT_MAX];
unsigned int unit_count;
static bool intel;
static const char *lacks = "it has no IOMMU";
static uint32_t wanted[256 / 32];	/* functions of bus 0 */
static uint64_t wait_count[CPU_MAX];	/* [C] */

/* --- commands --- */

static void put(struct unit *u, const uint64_t command[2])
{
	uint64_t *entry = u->queue[u->tail / sizeof(u->queue[0])];

	entry[0] = command[0];
	entry[1] = command[1];
	u->tail = (u->tail + sizeof(u->queue[0])) % PAGE_SIZE;
}

void iommu_command(const uint64_t (*list)[2], unsigned int count)
{
	unsigned int cpu = arch_cpu_id();
	uint64_t ticket = (uint32_t)++wait_count[cpu];

	static_assert(CPU_COMMANDS * CPU_MAX <= PAGE_SIZE / 16, "I2");
	for (unsigned int i = 0; i < unit_count; i++) {
		struct unit *u = &unit[i];
		uint64_t done = image_phys(&u->done[cpu]);
		const uint64_t amd[2] = { done | AMDVI_WAIT, ticket };
		const uint64_t vtd[2] = { ticket << 32 | VTD_WAIT, done };

		spin_lock(&u->lock);
		for (unsigned int k = 0; k < count; k++)
			put(u, list[k]);
		put(u, intel ? vtd : amd);
		insn_mfence();
		mmio_write32(u->regs, intel ? VTD_TAIL : AMDVI_TAIL, u->tail);
		spin_unlock(&u->lock);
	}
	for (unsigned int i = 0; i < unit_count; i++) {
		uint64_t start = insn_rdtsc();

		while (atomic_load(&unit[i].done[cpu]) != ticket)
			iommu_pause(start);
	}
}

void iommu_pause(uint64_t start)
{
	BUG_ON(insn_rdtsc() - start > WAIT_MS * (uint64_t)arch_tsc_khz());
	cpu_relax();
}

void iommu_flush(const struct domain *d)
{
	const uint64_t vtd[][2] = { VTD_FORGET_PAGES(VTD_DOMAIN(d)) };
	const uint64_t amd[][2] = { AMDVI_INVALIDATE_PAGES(d->id) };

	iommu_command(intel ? vtd : amd, 1);
}

/* --- what the VMM asks --- */

void arch_device_attach(unsigned int number, uint16_t bdf,
			const struct domain *d)
{
	if (!unit_count)
		return;
	if (intel)
		vtd_attach(number, bdf, d);
	else
		amdvi_attach(number, bdf, d);
}

struct arch_message arch_device_message(unsigned int number, unsigned int n,
					unsigned int cpu)
{
	uint32_t vector = VECTOR_DEVICE + number * DEVICE_MSI_MAX + n;
	uint32_t id = cpu_local_at(cpu)->apic_id;

	if (!unit_count)
		return (struct arch_message){ MSI_ADDRESS | id << 12, vector };
	return intel ? vtd_message(number, n, id, vector)
		     : amdvi_message(number, n, id, vector);
}

bool arch_iommu_fault(struct arch_dma_fault *fault)
{
	for (unsigned int i = 0; i < unit_count; i++)
		if (intel ? vtd_fault(&unit[i], fault)
			  : amdvi_fault(&unit[i], fault))
			return true;
	return false;
}

const char *arch_iommu_lacks(uint16_t bdf)
{
	if (!lacks && wanted[bdf / 32 % 8] & BIT32(bdf % 32))
		return "firmware wants this device to reach its memory";
	return lacks;
}

const char *arch_iommu_name(void)
{
	return intel ? "VT-d" : "AMD-Vi";
}

/* --- boot --- */

struct unit *iommu_add(uint64_t address, uint64_t last_register)
{
	struct unit *u = &unit[unit_count];

	for (unsigned int i = 0; i < unit_count; i++)
		if (unit[i].address == address)
			return NULL;
	if (unit_count == UNIT_MAX)
		arch_panic(__FILE__, __LINE__, "too many IOMMUs");
	u->address = address;
	u->regs = paging_map_mmio(address);
	for (uint64_t at = PAGE_SIZE; at <= last_register; at += PAGE_SIZE)
		paging_map_mmio(address + at);
	u->queue = paging_take(1);
	unit_count++;
	return u;
}

void iommu_want(uint16_t first, uint16_t last)
{
	for (unsigned int bdf = first; bdf <= last && bdf < 256; bdf++)
		wanted[bdf / 32] |= BIT32(bdf % 32);
}

void iommu_init(void)
{
	const char *unfit = NULL;

	intel = !amdvi_find() && vtd_find(&unfit);
	if (unfit)
		lacks = unfit;
	if (unfit || !unit_count) {
		unit_count = 0;
		return;
	}
	lacks = NULL;
	if (intel)
		vtd_start();
	else
		amdvi_start();
	log_line("IOMMU: %s, units: %u; all DMA is blocked",
		 intel ? "VT-d" : "AMD-Vi", unit_count);
}
