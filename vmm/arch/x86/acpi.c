/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables (ACPI 6.5, "ACPI Software Programming Model").
 */
#include "arch/x86/acpi.h"
#include "arch/x86/layout.h"

#define EBDA_SEGMENT	0x40eu	/* BIOS data area */
#define BIOS_START	0xe0000u
#define BIOS_END	0x100000u

#define RSDP_SIZE1	20u	/* of revision 1, and what its sum covers */
#define RSDP_SIZE	offsetof(struct acpi_rsdp, checksum_all)

struct acpi_info acpi;
static const struct acpi_header *found[ACPI_TABLE_MAX];
static unsigned int found_count;

/* Little-endian field, 0 if there is no table or it is too short for it. */
static uint64_t field(const struct acpi_header *t, size_t at, size_t size)
{
	uint64_t value = 0;

	if (t && at + size <= t->length)
		memcpy(&value, (const char *)t + at, size);
	return value;
}

/* The first RSDP at a multiple of 16 from start on, or NULL. */
static const struct acpi_rsdp *rsdp_find(uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at && at + RSDP_SIZE <= end; at += 16) {
		const struct acpi_rsdp *r = phys_ptr(at);

		if (!memcmp(r->signature, "RSD PTR ", 8) &&
		    !acpi_sum(r, RSDP_SIZE1))
			return r;
	}
	return NULL;
}

static const struct acpi_header *table_check(uint64_t address)
{
	const struct acpi_header *t = phys_ptr(address);

	if (!address || address > EARLY_LIMIT - sizeof(*t) ||
	    t->length < sizeof(*t) || t->length > EARLY_LIMIT - address ||
	    t->length > (1u << 24))
		return NULL;
	if (acpi_sum(t, t->length)) {
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

const struct acpi_header *acpi_table(const char *signature)
{
	for (unsigned int i = 0; i < found_count; i++)
		if (!memcmp(found[i]->signature, signature, 4))
			return found[i];
	return NULL;
}

bool acpi_add_pages(struct ranges *set)
{
	bool ok = true;

	for (unsigned int i = 0; i < found_count; i++) {
		uint64_t start = phys_of(found[i]);

		ok &= ranges_add(set, (struct range){
			start & ~(uint64_t)(PAGE_SIZE - 1),
			ROUND_UP(start + found[i]->length, PAGE_SIZE) });
	}
	return ok;
}

static void read_cpu(uint32_t apic_id, uint32_t flags)
{
	if (!(flags & 1))
		return;
	for (unsigned int i = 0; i < acpi.cpu_count; i++)
		if (acpi.cpu_apic_id[i] == apic_id)
			return;
	if (acpi.cpu_count < CPU_MAX)
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
		}
		at += size;
	}
}

/* One element of \_S5's package: a constant of at most one byte. */
static bool read_constant(const uint8_t **aml, const uint8_t *end,
			  uint8_t *value)
{
	bool prefix = *aml < end && **aml == 0x0a;

	*aml += prefix;
	if (*aml >= end || (!prefix && **aml > 1))	/* ZeroOp, OneOp */
		return false;
	*value = *(*aml)++;
	return true;
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
	uint64_t dsdt = field(t, 140, 8);
	const struct acpi_header *d = table_add(dsdt ? dsdt : field(t, 40, 4));

	acpi.pm1a_control = (uint16_t)field(t, 64, 4);
	acpi.pm1b_control = (uint16_t)field(t, 68, 4);
	acpi.pm_timer = (uint16_t)field(t, 76, 4);
	acpi.smi_command = (uint16_t)field(t, 48, 4);
	acpi.acpi_enable = (uint8_t)field(t, 52, 1);
	if (d && !memcmp(d->signature, "DSDT", 4))
		read_s5(d);
}

static void find_tables(const struct acpi_rsdp *rsdp)
{
	const struct acpi_header *root = NULL;
	size_t entry = 8;

	if (rsdp->revision >= 2)
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
	const struct acpi_rsdp *rsdp = NULL;
	const struct acpi_header *t;
	uint16_t segment;

	memcpy(&segment, phys_ptr(EBDA_SEGMENT), sizeof(segment));
	if (address < EARLY_LIMIT - RSDP_SIZE)
		rsdp = rsdp_find(address, address + RSDP_SIZE);
	if (!rsdp)
		rsdp = rsdp_find(segment * 16u, segment * 16u + 1024);
	if (!rsdp)
		rsdp = rsdp_find(BIOS_START, BIOS_END);
	if (!rsdp)
		return;
	find_tables(rsdp);
	t = acpi_table("APIC");
	if (t)
		read_madt(t);
	read_fadt(acpi_table("FACP"));
}
