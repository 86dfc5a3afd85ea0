/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables (ACPI 6.5, "ACPI Software Programming Model").
 */
#include "arch/x86/acpi.h"
#include "arch/x86/layout.h"

#define EBDA_SEGMENT	0x40eu	/* BIOS data area */
#define BIOS_START	0xe0000u
#define BIOS_END	0x100000u

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;			/* 16 */
	uint32_t length;		/* 20: revision 2 up */
	uint64_t xsdt;			/* 24 */
} __attribute__((packed));
#define RSDP_SIZE1	20u

struct acpi_info acpi;
static const struct acpi_header *found[ACPI_TABLE_MAX];
static unsigned int found_count;

static bool sums_to_zero(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + byte[i]);
	return sum == 0;
}

/* Little-endian field of a table, 0 if the table is too short for it. */
static uint64_t field(const struct acpi_header *t, size_t at, size_t size)
{
	uint64_t value = 0;

	if (at + size <= t->length)
		memcpy(&value, (const char *)t + at, size);
	return value;
}

static const struct rsdp *rsdp_check(uint64_t address)
{
	const struct rsdp *r = phys_ptr(address);

	if (!address || address + sizeof(*r) > EARLY_LIMIT ||
	    memcmp(r->signature, "RSD PTR ", 8) ||
	    !sums_to_zero(r, RSDP_SIZE1))
		return NULL;
	return r;
}

static const struct rsdp *rsdp_scan(uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at + sizeof(struct rsdp) <= end; at += 16)
		if (rsdp_check(at))
			return rsdp_check(at);
	return NULL;
}

static const struct acpi_header *table_check(uint64_t address)
{
	const struct acpi_header *t = phys_ptr(address);

	if (!address || address > EARLY_LIMIT - sizeof(*t) ||
	    t->length < sizeof(*t) || t->length > EARLY_LIMIT - address ||
	    t->length > (1u << 24))
		return NULL;
	if (!sums_to_zero(t, t->length)) {
		log_line("ACPI table at 0x%lx: wrong checksum, ignored",
			 address);
		return NULL;
	}
	return t;
}

static const struct acpi_header *table_add(uint64_t address)
{
	const struct acpi_header *t = table_check(address);

	if (t && found_count < ACPI_TABLE_MAX)
		found[found_count++] = t;
	return t;
}

const struct acpi_header *acpi_table(const char *signature,
				     unsigned int index)
{
	for (unsigned int i = 0; i < found_count; i++)
		if (!memcmp(found[i]->signature, signature, 4) && !index--)
			return found[i];
	return NULL;
}

unsigned int acpi_table_count(void)
{
	return found_count;
}

struct range acpi_table_range(unsigned int index)
{
	uint64_t start = phys_of(found[index]);

	return (struct range){ start, start + found[index]->length };
}

static void read_cpu(uint32_t apic_id, uint32_t flags)
{
	if (!(flags & 1))
		return;
	for (unsigned int i = 0; i < acpi.cpu_count; i++)
		if (acpi.cpu_apic_id[i] == apic_id)
			return;
	if (acpi.cpu_count == CPU_MAX)
		acpi.cpu_ignored++;
	else
		acpi.cpu_apic_id[acpi.cpu_count++] = apic_id;
}

static void read_madt(const struct acpi_header *t)
{
	for (size_t at = 44; at + 2 <= t->length;) {
		size_t size = field(t, at + 1, 1);

		if (size < 2 || size > t->length - at)
			break;
		switch (field(t, at, 1)) {
		case 0:			/* local APIC */
			read_cpu((uint32_t)field(t, at + 3, 1),
				 (uint32_t)field(t, at + 4, 4));
			break;
		case 1:			/* I/O APIC */
			if (acpi.ioapic_count < IOAPIC_MAX)
				acpi.ioapic[acpi.ioapic_count++] =
					field(t, at + 4, 4);
			break;
		case 4:			/* NMI at a local APIC's LINT */
			acpi.nmi_lints |= 1u << (field(t, at + 5, 1) & 1);
			break;
		case 9:			/* local x2APIC */
			read_cpu((uint32_t)field(t, at + 4, 4),
				 (uint32_t)field(t, at + 8, 4));
			break;
		case 10:		/* NMI at a local x2APIC's LINT */
			acpi.nmi_lints |= 1u << (field(t, at + 8, 1) & 1);
			break;
		}
		at += size;
	}
}

/* One element of \_S5's package: a constant of at most one byte. */
static bool read_constant(const uint8_t **aml, const uint8_t *end,
			  uint8_t *value)
{
	const uint8_t *p = *aml;

	if (p < end && (*p == 0x00 || *p == 0x01)) {	/* ZeroOp, OneOp */
		*value = *p;
		*aml = p + 1;
		return true;
	}
	if (end - p >= 2 && *p == 0x0a) {		/* BytePrefix */
		*value = p[1];
		*aml = p + 2;
		return true;
	}
	return false;
}

/* Name (_S5, Package () {SLP_TYPa, SLP_TYPb, ...}) in AML. */
static void read_s5(const struct acpi_header *dsdt)
{
	const uint8_t *start = (const uint8_t *)(dsdt + 1);
	const uint8_t *end = (const uint8_t *)dsdt + dsdt->length;

	for (const uint8_t *p = start + 1; p + 8 < end; p++) {
		const uint8_t *at = p + 5;

		if (memcmp(p, "_S5_\x12", 5) ||
		    (p[-1] != 0x08 && p[-1] != '\\'))
			continue;
		at += (*at >> 6) + 2;	/* PkgLength, NumElements */
		acpi.has_s5 = read_constant(&at, end, &acpi.s5_a) &&
			      read_constant(&at, end, &acpi.s5_b);
		return;
	}
}

static void read_fadt(const struct acpi_header *t)
{
	uint32_t flags = (uint32_t)field(t, 112, 4);
	uint64_t dsdt = field(t, 140, 8);
	const struct acpi_header *d;

	acpi.pm1a_control = (uint16_t)field(t, 64, 4);
	acpi.pm1b_control = (uint16_t)field(t, 68, 4);
	acpi.smi_command = (uint16_t)field(t, 48, 4);
	acpi.acpi_enable = (uint8_t)field(t, 52, 1);
	/* RESET_REG_SUP, and the register is in I/O space. */
	if (flags & BIT32(10) && field(t, 116, 1) == 1) {
		acpi.reset_port = (uint16_t)field(t, 120, 8);
		acpi.reset_value = (uint8_t)field(t, 128, 1);
	}
	d = table_add(dsdt ? dsdt : field(t, 40, 4));
	if (d && !memcmp(d->signature, "DSDT", 4))
		read_s5(d);
}

static void find_tables(const struct rsdp *rsdp)
{
	const struct acpi_header *root = NULL;
	size_t entry = 8;

	if (rsdp->revision >= 2 && rsdp->xsdt)
		root = table_check(rsdp->xsdt);
	if (!root) {
		root = table_check(rsdp->rsdt);
		entry = 4;
	}
	for (size_t at = sizeof(*root); root && at + entry <= root->length;
	     at += entry)
		table_add(field(root, at, entry));
}

void acpi_init(uint64_t address)
{
	const struct rsdp *rsdp = rsdp_check(address);
	const struct acpi_header *t;
	uint16_t segment;

	memcpy(&segment, phys_ptr(EBDA_SEGMENT), sizeof(segment));
	if (!rsdp && segment)
		rsdp = rsdp_scan(segment * UINT64_C(16),
				 segment * UINT64_C(16) + 1024);
	if (!rsdp)
		rsdp = rsdp_scan(BIOS_START, BIOS_END);
	if (!rsdp) {
		log_line("no ACPI tables: one CPU, no power-off");
		return;
	}
	find_tables(rsdp);
	t = acpi_table("APIC", 0);
	if (t)
		read_madt(t);
	t = acpi_table("FACP", 0);
	if (t)
		read_fadt(t);
	t = acpi_table("HPET", 0);
	if (t && field(t, 40, 1) == 0)		/* in memory */
		acpi.hpet = field(t, 44, 8);
	if (acpi.cpu_ignored)
		log_line("%u processors beyond the %u supported: unused",
			 acpi.cpu_ignored, CPU_MAX);
}
