/* SPDX-License-Identifier: MIT */
/*
 * What a PVH guest finds at its first instruction: registers, start_info,
 * memory map, ACPI tables, and special pages inside reserved ranges.
 * Guards against: leftovers of the host in guest registers; a special page
 * that the guest believes to be free; tables that a kernel rejects.
 */
#include "test.h"

#define FLAGS_VM_IF_TF	((1u << 17) | (1u << 9) | (1u << 8))
#define FADT_FLAGS	112u
#define FADT_DSDT	40u
#define FADT_X_DSDT	140u
#define FADT_HW_REDUCED	(1u << 20)

static bool named_not_ram(uint64_t gpa)
{
	for (unsigned int i = 0; i < boot.memmap_count; i++) {
		const struct hvm_memmap_table_entry *e = &boot.memmap[i];

		if (e->type != XEN_HVM_MEMMAP_TYPE_RAM && gpa >= e->addr &&
		    gpa - e->addr < e->size)
			return true;
	}
	return false;
}

static void check_registers(void)
{
	const struct entry_state *e = &entry_state;

	CHECK_EQ(e->cr0 & ~0x10u, 1);
	CHECK_EQ(e->cr4, 0);
	CHECK_EQ(e->efer, 0);
	CHECK_EQ(e->eflags & FLAGS_VM_IF_TF, 0);
	CHECK_EQ(e->eflags & 2, 2);
	CHECK_EQ(e->dr6, 0xffff0ff0);
	CHECK_EQ(e->dr7, 0x400);
	CHECK(e->ebx >= (uint64_t)image_end || e->ebx < (uint64_t)image_start,
	      "start_info at %x, in the image", e->ebx);
}

static void check_start_info(void)
{
	uint64_t last = 0;
	char mark[16];

	CHECK_EQ(boot.info.version, 1);
	CHECK_EQ(boot.info.flags, 0);
	CHECK_EQ(boot.info.reserved, 0);
	CHECK_EQ(boot.info.nr_modules, 0);
	CHECK(boot.info.memmap_entries >= 1 &&
	      boot.info.memmap_entries <= BOOT_MEMMAP_MAX);
	CHECK(boot_argument("mark", mark, sizeof(mark)) &&
	      !strcmp(mark, "spot-on"), "command line: %.80s", boot.command);
	for (unsigned int i = 0; i < boot.memmap_count; i++) {
		const struct hvm_memmap_table_entry *e = &boot.memmap[i];

		CHECK(e->addr >= last, "entry %u at %lx", i, e->addr);
		CHECK(e->size && e->addr + e->size > e->addr, "entry %u", i);
		CHECK(e->type >= 1 && e->type <= 5, "type %u", e->type);
		CHECK_EQ(e->reserved, 0);
		last = e->addr + e->size;
	}
	CHECK_EQ(memory_ram_pages(), boot_number("pages", 0));
	CHECK(!memory_is_ram(0xfee00000), "the APIC page is no RAM");
}

static void check_special_pages(void)
{
	uint64_t gfn = 0;

	CHECK_EQ(param_get(HVM_PARAM_CONSOLE_PFN, &gfn), 0);
	CHECK(gfn && named_not_ram(gfn << PAGE_SHIFT), "console %lx", gfn);
	CHECK_EQ(param_get(HVM_PARAM_STORE_PFN, &gfn), 0);
	if (gfn && gfn != ~0ul)
		CHECK(named_not_ram(gfn << PAGE_SHIFT), "store %lx", gfn);
}

static void check_table(const struct acpi_head *t)
{
	CHECK(t->length >= sizeof(*t) && t->length < 1u << 20, "%.4s %u",
	      t->signature, t->length);
	CHECK(acpi_checksum(t, t->length), "%.4s", t->signature);
	CHECK(named_not_ram((uint64_t)t) &&
	      named_not_ram((uint64_t)t + t->length - 1), "%.4s at %p",
	      t->signature, (const void *)t);
}

static void check_acpi(void)
{
	const struct acpi_rsdp *r = acpi_rsdp();
	const struct acpi_head *t;
	const uint8_t *fadt;
	uint32_t word;

	if (!CHECK(r != NULL))
		return;
	CHECK(acpi_checksum(r, 20));
	CHECK(r->revision >= 2 && acpi_checksum(r, r->length));
	CHECK(named_not_ram((uint64_t)r));
	check_table((const void *)r->xsdt);
	for (unsigned int i = 0; (t = acpi_table(i)); i++)
		check_table(t);
	fadt = acpi_find("FACP");
	if (!CHECK(fadt != NULL))
		return;
	memcpy(&word, fadt + FADT_FLAGS, 4);
	CHECK(word & FADT_HW_REDUCED, "FADT flags %x", word);
	memcpy(&word, fadt + FADT_DSDT, 4);
	if (!word)
		memcpy(&word, fadt + FADT_X_DSDT, 4);
	if (CHECK(word != 0, "no DSDT"))
		check_table((const void *)(uint64_t)word);
}

static void check_madt(void)
{
	const struct acpi_madt *m = acpi_find("APIC");
	unsigned int next = 0;

	if (!CHECK(m != NULL))
		return;
	CHECK_EQ(m->flags & 1, 0, "PCAT_COMPAT");
	for (const uint8_t *at = m->entry,
			   *end = (const uint8_t *)m + m->head.length;
	     at + 2 <= end && at[1] >= 2; at += at[1]) {
		CHECK(at + at[1] <= end);
		if (at[0] != 0)
			continue;
		CHECK_EQ(at[2], next, "processor id = vCPU id");
		CHECK_EQ(at[3], next, "APIC id");
		CHECK_EQ(at[4] & 1, 1);
		next++;
	}
	CHECK_EQ(next, 3);
	CHECK_EQ(apic_id(), 0);
	CHECK(apic_is_x2apic(), "APIC_BASE %lx", rdmsr(MSR_APIC_BASE));
	CHECK(rdmsr(MSR_APIC_BASE) & 1u << 8, "boot CPU flag");
}

int main(void)
{
	check_registers();
	check_start_info();
	check_special_pages();
	check_acpi();
	check_madt();
	test_end();
}
