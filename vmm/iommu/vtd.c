/* SPDX-License-Identifier: MIT */
/*
 * Intel's IOMMU ("Intel Virtualization Technology for Directed I/O", legacy
 * mode): a table with an entry for each function of bus 0, none for those of
 * other buses, and one table of messages, each for one sender.
 */
#include "iommu/vtd.h"
#include "iommu/iommu.h"
#include "core/world.h"

static uint64_t (*context)[2], (*message)[2];
static uint64_t root;
static unsigned int levels = 4;
static bool x2apic;

static const uint64_t forget[][2] = {
	VTD_FORGET_DEVICES, VTD_FORGET_MESSAGES, VTD_FORGET_ALL_PAGES,
};

/* Tables of 3 levels are those under the first entry of the fourth's. */
static uint64_t table_of(const struct domain *d)
{
	const uint64_t *top = arch_frame_ptr(d->p2m.root);

	return levels == 4 ? d->p2m.root.n << PAGE_SHIFT
			   : arch_npte_mfn(top[0]).n << PAGE_SHIFT;
}

void vtd_attach(unsigned int number, uint16_t bdf, const struct domain *d)
{
	uint64_t *entry = context[bdf & 0xff];

	atomic_store(&entry[0], UINT64_C(0));
	if (d) {
		entry[1] = VTD_CONTEXT(VTD_DOMAIN(d), levels);
		atomic_store(&entry[0], table_of(d) | VTD_PRESENT);
	}
	for (unsigned int n = 0; !d && n < DEVICE_MSI_MAX; n++)
		atomic_store(&message[number * DEVICE_MSI_MAX + n][0],
			     UINT64_C(0));
	iommu_command(forget, ARRAY_SIZE(forget));
}

struct arch_message vtd_message(unsigned int number, unsigned int n,
				uint32_t apic_id, uint32_t vector)
{
	uint32_t first = number * DEVICE_MSI_MAX;

	message[first + n][1] = VTD_SENDER(world.device[number].bdf);
	atomic_store(&message[first + n][0],
		     VTD_MESSAGE(x2apic ? apic_id : apic_id << 8, vector));
	return (struct arch_message){ MSI_ADDRESS | VTD_MESSAGE_ADDRESS(first),
				      n };
}

/* A record tells the page only; of a message it tells no address. */
static void take(void *record, uint32_t reason, struct arch_dma_fault *fault)
{
	fault->bdf = (uint16_t)mmio_read32(record, 8);
	fault->address = reason >= REASON_MESSAGE ? MSI_ADDRESS :
			 mmio_read32(record, 0) |
			 (uint64_t)mmio_read32(record, 4) << 32;
	mmio_write32(record, 12, RECORD_FAULT);
}

bool vtd_fault(struct unit *u, struct arch_dma_fault *fault)
{
	uint32_t status = mmio_read32(u->regs, VTD_FAULT_STATUS);

	for (uint32_t i = 0; status & FAULT_PENDING && i < u->record_count;
	     i++) {
		uint8_t *record = (uint8_t *)u->record + 16 * u->head;
		uint32_t word = mmio_read32(record, 12);

		u->head = (u->head + 1) % u->record_count;
		if (word & RECORD_FAULT) {
			take(record, RECORD_REASON(word), fault);
			return true;
		}
	}
	if (status & FAULT_OVERFLOW)
		mmio_write32(u->regs, VTD_FAULT_STATUS, FAULT_OVERFLOW);
	return false;
}

/* --- boot --- */

static uint64_t read64(const struct unit *u, unsigned int reg)
{
	return mmio_read32(u->regs, reg) |
	       (uint64_t)mmio_read32(u->regs, reg + 4) << 32;
}

/* One command; returns when it is done. */
static void turn(struct unit *u, uint32_t what, bool on)
{
	uint32_t now = mmio_read32(u->regs, VTD_STATUS) & STAYING & ~what;
	uint64_t start = insn_rdtsc();

	mmio_write32(u->regs, VTD_COMMAND, on ? now | what : now);
	while (!!(mmio_read32(u->regs, VTD_STATUS) & what) != on)
		iommu_pause(start);
}

static void unit_start(struct unit *u)
{
	/* As firmware may have left it; translation is not interrupted. */
	turn(u, QUEUE, false);
	mmio_write32(u->regs, VTD_FAULT_CONTROL, FAULT_MASK);
	mmio_write64(u->regs, VTD_TAIL, 0);
	mmio_write64(u->regs, VTD_QUEUE, phys_of(u->queue));
	turn(u, QUEUE, true);
	mmio_write64(u->regs, VTD_ROOT, root);
	turn(u, SET_ROOT, true);
	mmio_write64(u->regs, VTD_MESSAGES, phys_of(message) | MESSAGES_256 |
		     (x2apic ? MESSAGES_X2APIC : 0));
	turn(u, SET_MESSAGES, true);
}

void vtd_start(void)
{
	uint64_t *roots = paging_take(1);

	context = paging_take(1);
	message = paging_take(1);
	root = phys_of(roots);
	roots[0] = phys_of(context) | VTD_PRESENT;
	npte_serve_vtd();
	for (unsigned int i = 0; i < unit_count; i++)
		unit_start(&unit[i]);
	iommu_command(forget, ARRAY_SIZE(forget));
	for (unsigned int i = 0; i < unit_count; i++) {
		turn(&unit[i], TRANSLATE, true);
		turn(&unit[i], REMAP, true);
		mmio_write32(unit[i].regs, VTD_PROTECTED, 0);
	}
}

/* An emulated unit may say that it sees no caches: there are none. */
static bool is_coherent(uint64_t extended)
{
	return extended & EXTENDED_COHERENT || insn_cpuid(1, 0).ecx & BIT32(31);
}

/* What all units can, and what any does that it should not. */
static void unit_read(struct unit *u, struct vtd_abilities *can)
{
	uint64_t capable = read64(u, VTD_CAPABLE);
	uint64_t records = CAPABLE_RECORDS_AT(capable);

	can->all &= capable;
	can->any |= capable;
	can->extended &= read64(u, VTD_EXTENDED);
	u->record_count = CAPABLE_RECORDS(capable);
	u->record = (uint8_t *)u->regs + records;
	for (uint64_t at = PAGE_SIZE; at < records + 16 * u->record_count;
	     at += PAGE_SIZE)
		paging_map_mmio(u->address + at);
}

/* Why they are not to be used, or NULL. */
static const char *judge(const struct vtd_abilities *can)
{
	levels = can->all & CAPABLE_4_LEVELS ? 4 : 3;
	x2apic = can->extended & EXTENDED_X2APIC && apic_is_x2();
	if (!(can->extended & EXTENDED_MESSAGES))
		return "its IOMMU does not remap interrupts";
	if ((can->all & CAPABLE_NEEDED) != CAPABLE_NEEDED ||
	    !(can->all & (CAPABLE_3_LEVELS | CAPABLE_4_LEVELS)) ||
	    can->any & CAPABLE_WRONG || !(can->extended & EXTENDED_QUEUE))
		return "its IOMMU is of a kind that is not supported";
	return is_coherent(can->extended) ? NULL
		: "its IOMMU does not see what is in caches";
}

static void want(const uint8_t *block, uint32_t size)
{
	struct dmar_scope s;

	for (uint32_t at = DMAR_MEMORY_SCOPES; at + sizeof(s) <= size;
	     at += s.size) {
		memcpy(&s, block + at, sizeof(s));
		if (s.size < sizeof(s))
			break;
		if (s.bus == 0 && s.size == sizeof(s))
			iommu_want((uint16_t)(s.device << 3 | s.function),
				   (uint16_t)(s.device << 3 | s.function));
	}
}

bool vtd_find(const char **lacks)
{
	const struct acpi_header *dmar = acpi_table("DMAR");
	struct vtd_abilities can = { UINT64_MAX, 0, UINT64_MAX };
	struct dmar_block b;
	struct unit *u;

	for (uint32_t at = DMAR_HEADER;
	     dmar && at + sizeof(b) <= dmar->length; at += b.size) {
		const uint8_t *block = (const uint8_t *)dmar + at;

		memcpy(&b, block, sizeof(b));
		if (b.size < sizeof(b) || b.size > dmar->length - at)
			break;
		if (b.type == DMAR_MEMORY)
			want(block, b.size);
		else if (b.type == DMAR_UNIT && b.segment)
			*lacks = "its devices are in several segments";
		else if (b.type == DMAR_UNIT && (u = iommu_add(b.address, 0)))
			unit_read(u, &can);
	}
	if (unit_count && !*lacks)
		*lacks = judge(&can);
	return dmar;
}
