/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of a guest (ACPI 5.0, "ACPI Software Programming Model"):
 * one constant page, to which a build adds processors and checksums.
 */
#include "launch/plan.h"
#include "core/platform.h"
#include "lib/acpi.h"

#define PACKED	__attribute__((packed))
#define ALIGNED	__attribute__((aligned(16)))

#define FADT_NO_VGA		0x0004u
#define FADT_NO_CMOS		0x0020u
#define FADT_WBINVD		BIT32(0)
#define FADT_NO_POWER_BUTTON	BIT32(4)
#define FADT_NO_SLEEP_BUTTON	BIT32(5)
#define FADT_HW_REDUCED		BIT32(20)

struct acpi_register {		/* Generic Address Structure */
	uint8_t space, width, offset, access;
	uint64_t address;
} PACKED;

struct fadt {
	struct acpi_header header;	/* 0x000 */
	uint32_t facs, dsdt;		/* 0x024 */
	uint8_t res0[109 - 44];		/* 0x02c */
	uint16_t boot_flags;		/* 0x06d */
	uint8_t res1;			/* 0x06f */
	uint32_t flags;			/* 0x070 */
	uint8_t res2[140 - 116];	/* 0x074 */
	uint64_t x_dsdt;		/* 0x08c */
	uint8_t res3[244 - 148];	/* 0x094 */
	struct acpi_register sleep_control, sleep_status;	/* 0x0f4 */
} PACKED;
static_assert(offsetof(struct fadt, boot_flags) == 109 &&
	      offsetof(struct fadt, x_dsdt) == 140 &&
	      offsetof(struct fadt, sleep_control) == 244 &&
	      sizeof(struct fadt) == 268, "FADT revision 5");

#define WORD(x)		(x) & 0xff, (x) >> 8 & 0xff
#define DWORD(x)	WORD((x) & 0xffff), WORD((x) >> 16)
#define DSDT_NO_PCI	14u
#define DSDT_PCI	79u		/* the rest, if there are devices */

struct madt_cpu {
	uint8_t type, length, processor, apic;
	uint32_t flags;			/* bit 0: enabled */
};

struct tables {
	struct acpi_rsdp rsdp;
	struct {
		struct acpi_header header;
		uint64_t entry[2];
	} PACKED xsdt ALIGNED;
	struct fadt fadt ALIGNED;
	struct {
		struct acpi_header header;
		uint8_t code[DSDT_NO_PCI + DSDT_PCI];
	} PACKED dsdt ALIGNED;
	struct {
		struct acpi_header header;
		uint32_t lapic, flags;	/* bit 0 PCAT_COMPAT: has an 8259 */
		struct madt_cpu cpu[DOMAIN_VCPU_MAX];
	} PACKED madt ALIGNED;
};
static_assert(sizeof(struct tables) <= PAGE_SIZE, "all in one page");

#define GPA(table)	((uint32_t)GPA_ACPI + offsetof(struct tables, table))
#define HEADER(signature, revision, table) \
	{ signature, sizeof(((struct tables *)0)->table), revision, 0, \
	  "BULKHD", "BULKHEAD", 1, "BLKH", 1 }

static const struct tables tables = {
	.rsdp = { "RSD PTR ", 0, "BULKHD", 2, 0, sizeof(struct acpi_rsdp),
		  GPA(xsdt), 0, { 0 } },
	.xsdt = { HEADER("XSDT", 1, xsdt), { GPA(fadt), GPA(madt) } },
	.fadt = {
		.header = HEADER("FACP", 5, fadt),
		.dsdt = GPA(dsdt), .x_dsdt = GPA(dsdt),
		.boot_flags = FADT_NO_VGA | FADT_NO_CMOS,
		.flags = FADT_WBINVD | FADT_NO_POWER_BUTTON |
			 FADT_NO_SLEEP_BUTTON | FADT_HW_REDUCED,
		.sleep_control = { 1, 8, 0, 1, PORT_SLEEP_CONTROL },
		.sleep_status = { 1, 8, 0, 1, PORT_SLEEP_STATUS },
	},
	/*
	 * Name (\_S5, Package () { 5, 0, 0, 0 }), and if there are devices
	 * Scope (\_SB) { Device (PCI0) { Name (_HID, EisaId ("PNP0A03"))
	 *	Name (_CRS, Buffer () { bus 0; GPA_DEVICE to GPA_ACPI }) } }
	 */
	.dsdt = { HEADER("DSDT", 2, dsdt), {
		  0x08, '\\', '_', 'S', '5', '_', 0x12, 7, 4,
		  0x0a, SLEEP_TYPE_S5, 0, 0, 0,
		  0x10, 0x4e, 0x04, '\\', '_', 'S', 'B', '_',
		  0x5b, 0x82, 0x45, 0x04, 'P', 'C', 'I', '0',
		  0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x0a, 0x03,
		  0x08, '_', 'C', 'R', 'S', 0x11, 0x2f, 0x0a, 0x2c,
		  0x88, WORD(13), 2, 0x0c, 0,
		  WORD(0), WORD(0), WORD(0), WORD(0), WORD(1),
		  0x87, WORD(23), 0, 0x0c, 1,
		  DWORD(0), DWORD(GPA_DEVICE), DWORD(GPA_ACPI - 1), DWORD(0),
		  DWORD(GPA_ACPI - GPA_DEVICE), 0x79, 0 } },
	.madt = { .header = HEADER("APIC", 3, madt), .lapic = GPA_LAPIC },
};

void acpi_build(uint8_t page[PAGE_SIZE], unsigned int vcpu_count, bool has_pci)
{
	struct tables *t = (void *)page;
	struct acpi_header *header[] = { &t->xsdt.header, &t->fadt.header,
					 &t->dsdt.header, &t->madt.header };

	memset(page, 0, PAGE_SIZE);
	*t = tables;
	for (unsigned int i = 0; i < vcpu_count; i++)
		t->madt.cpu[i] = (struct madt_cpu){
			0, sizeof(t->madt.cpu[i]), (uint8_t)i, (uint8_t)i, 1 };
	t->madt.header.length -= (uint32_t)((DOMAIN_VCPU_MAX - vcpu_count) *
					    sizeof(t->madt.cpu[0]));
	t->dsdt.header.length -= has_pci ? 0 : DSDT_PCI;
	for (unsigned int i = 0; i < ARRAY_SIZE(header); i++)
		header[i]->checksum = (uint8_t)-acpi_sum(header[i],
							 header[i]->length);
	t->rsdp.checksum = (uint8_t)-acpi_sum(&t->rsdp, 20);
	t->rsdp.checksum_all = (uint8_t)-acpi_sum(&t->rsdp, sizeof(t->rsdp));
}
