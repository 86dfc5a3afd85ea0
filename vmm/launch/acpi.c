/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of a guest ("ACPI Specification" 5.0, chapter "ACPI
 * Software Programming Model"). Laid out in one page: RSDP, XSDT, FADT,
 * MADT, DSDT, each at a multiple of 16.
 */
#include "launch/plan.h"
#include "core/platform.h"

struct acpi_rsdp {
	char signature[8];	/* 0x00 */
	uint8_t checksum;	/* 0x08  of the first 20 bytes */
	char oem[6];		/* 0x09 */
	uint8_t revision;	/* 0x0f */
	uint32_t rsdt;		/* 0x10 */
	uint32_t length;	/* 0x14 */
	uint64_t xsdt;		/* 0x18 */
	uint8_t checksum_all;	/* 0x20 */
	uint8_t reserved[3];	/* 0x21 */
} __attribute__((packed));
static_assert(sizeof(struct acpi_rsdp) == 36, "RSDP revision 2");

struct acpi_header {
	char signature[4];	/* 0x00 */
	uint32_t length;	/* 0x04 */
	uint8_t revision;	/* 0x08 */
	uint8_t checksum;	/* 0x09 */
	char oem[6];		/* 0x0a */
	char table[8];		/* 0x10 */
	uint32_t oem_revision;	/* 0x18 */
	char creator[4];	/* 0x1c */
	uint32_t creator_revision;	/* 0x20 */
} __attribute__((packed));
static_assert(sizeof(struct acpi_header) == 36, "ACPI table header");

struct acpi_register {		/* Generic Address Structure */
	uint8_t space, width, offset, access;
	uint64_t address;
} __attribute__((packed));

struct acpi_fadt {
	struct acpi_header header;	/* 0x000 */
	uint32_t facs, dsdt;		/* 0x024 */
	uint8_t res0[109 - 44];		/* 0x02c */
	uint16_t boot_flags;		/* 0x06d */
	uint8_t res1;			/* 0x06f */
	uint32_t flags;			/* 0x070 */
	uint8_t res2[140 - 116];	/* 0x074 */
	uint64_t x_dsdt;		/* 0x08c */
	uint8_t res3[244 - 148];	/* 0x094 */
	struct acpi_register sleep_control;	/* 0x0f4 */
	struct acpi_register sleep_status;	/* 0x100 */
} __attribute__((packed));
static_assert(offsetof(struct acpi_fadt, boot_flags) == 109 &&
	      offsetof(struct acpi_fadt, x_dsdt) == 140 &&
	      offsetof(struct acpi_fadt, sleep_control) == 244 &&
	      sizeof(struct acpi_fadt) == 268, "FADT revision 5");

#define FADT_NO_VGA		0x0004u
#define FADT_NO_CMOS		0x0020u
#define FADT_WBINVD		BIT32(0)
#define FADT_NO_POWER_BUTTON	BIT32(4)
#define FADT_NO_SLEEP_BUTTON	BIT32(5)
#define FADT_HW_REDUCED		BIT32(20)

struct acpi_madt {
	struct acpi_header header;
	uint32_t lapic;
	uint32_t flags;		/* bit 0 PCAT_COMPAT: there is no 8259 */
	struct {
		uint8_t type, length, processor, apic;
		uint32_t flags;	/* bit 0: enabled */
	} __attribute__((packed)) cpu[];
} __attribute__((packed));

/* Name (\_S5, Package () { 5, 0, 0, 0 }) */
static const uint8_t dsdt_code[] = {
	0x08, '\\', '_', 'S', '5', '_', 0x12, 7, 4, 0x0a, SLEEP_TYPE_S5,
	0, 0, 0,
};

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)(0 - sum);
}

/* Completes the table at h; returns where the next one goes. */
static uint8_t *seal_table(struct acpi_header *h, const char *signature,
			   uint8_t revision, size_t length)
{
	memcpy(h->signature, signature, 4);
	h->length = (uint32_t)length;
	h->revision = revision;
	memcpy(h->oem, "BULKHD", 6);
	memcpy(h->table, "BULKHEAD", 8);
	h->oem_revision = 1;
	memcpy(h->creator, "BLKH", 4);
	h->creator_revision = 1;
	h->checksum = checksum(h, length);
	return (uint8_t *)h + ROUND_UP(length, 16);
}

static uint8_t *build_fadt(struct acpi_fadt *f, uint64_t dsdt)
{
	f->dsdt = (uint32_t)dsdt;
	f->x_dsdt = dsdt;
	f->boot_flags = FADT_NO_VGA | FADT_NO_CMOS;
	f->flags = FADT_WBINVD | FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON |
		   FADT_HW_REDUCED;
	f->sleep_control = f->sleep_status =
		(struct acpi_register){ 1, 8, 0, 1, PORT_SLEEP_CONTROL };
	f->sleep_status.address = PORT_SLEEP_STATUS;
	return seal_table(&f->header, "FACP", 5, sizeof(*f));
}

static uint8_t *build_madt(struct acpi_madt *m, unsigned int vcpu_count)
{
	m->lapic = (uint32_t)GPA_LAPIC;
	for (unsigned int i = 0; i < vcpu_count; i++) {
		m->cpu[i].length = sizeof(m->cpu[i]);
		m->cpu[i].processor = (uint8_t)i;
		m->cpu[i].apic = (uint8_t)i;
		m->cpu[i].flags = 1;
	}
	return seal_table(&m->header, "APIC", 3,
			  sizeof(*m) + vcpu_count * sizeof(m->cpu[0]));
}

size_t acpi_build(uint8_t page[PAGE_SIZE], uint64_t gpa,
		  unsigned int vcpu_count)
{
	struct acpi_rsdp *rsdp = (void *)page;
	struct acpi_header *xsdt = (void *)(page + 48);
	uint8_t *fadt = page + 112;
	uint64_t entry[2];

	memset(page, 0, PAGE_SIZE);

	uint8_t *madt = fadt + ROUND_UP(sizeof(struct acpi_fadt), 16);
	uint8_t *dsdt = build_madt((void *)madt, vcpu_count);

	build_fadt((void *)fadt, gpa + (uint64_t)(dsdt - page));
	memcpy(dsdt + sizeof(struct acpi_header), dsdt_code,
	       sizeof(dsdt_code));

	uint8_t *end = seal_table((void *)dsdt, "DSDT", 2,
				  sizeof(struct acpi_header) +
				  sizeof(dsdt_code));

	entry[0] = gpa + (uint64_t)(fadt - page);
	entry[1] = gpa + (uint64_t)(madt - page);
	memcpy(xsdt + 1, entry, sizeof(entry));
	seal_table(xsdt, "XSDT", 1, sizeof(*xsdt) + sizeof(entry));

	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem, "BULKHD", 6);
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = gpa + (uint64_t)((uint8_t *)xsdt - page);
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->checksum_all = checksum(rsdp, sizeof(*rsdp));
	return (size_t)(end - page);
}
