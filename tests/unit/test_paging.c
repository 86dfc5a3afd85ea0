/* SPDX-License-Identifier: MIT */
/*
 * The VMM's own page tables, built for machines of many shapes and then
 * walked: the test's walk is the CPU's, from the manual, not paging.c's.
 */
#include "early.h"
#include <setjmp.h>
#include <cmocka.h>
/* The library has the mock's of these names. */
#define arch_frame_ptr		early_frame_ptr
void *early_frame_ptr(mfn_t mfn);
void early_protect_modules(void);
#include "arch/x86/paging.c"

/* boot.S's; nobody stands on it here. */
char boot_stack[16], boot_stack_end[16];

#define NOT_MAPPED	UINT64_MAX
#define LEAF_WRITE	1u
#define LEAF_EXEC	2u

struct view {
	uint64_t phys;		/* NOT_MAPPED if so */
	unsigned int may;	/* LEAF_* */
};

static struct view look(uint64_t address)
{
	uint64_t table = paging_root;
	struct view v = { NOT_MAPPED, LEAF_WRITE | LEAF_EXEC };

	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t entry, size = UINT64_C(1) << shift;

		memcpy(&entry, early.memory + table +
		       8 * (address >> shift & 511), 8);
		if (!(entry & 1))
			return v;
		if (!(entry & 2))
			v.may &= ~LEAF_WRITE;
		if (entry >> 63)
			v.may &= ~LEAF_EXEC;
		table = entry & 0x000ffffffffff000;
		if (shift == 12 || (shift < 39 && entry & 0x80)) {
			assert_int_equal(table & (size - 1), 0);
			v.phys = table + (address & (size - 1));
			return v;
		}
	}
	return v;
}

static void expect(uint64_t address, uint64_t phys, unsigned int may)
{
	struct view v = look(address);

	assert_int_equal(v.phys, phys);
	if (phys != NOT_MAPPED)
		assert_int_equal(v.may, may);
}

/* Every leaf of the tree; returns how many are writable and executable. */
static unsigned int count_wx(uint64_t table, int level, unsigned int may)
{
	unsigned int bad = 0;

	for (unsigned int i = 0; i < 512; i++) {
		unsigned int m = may;
		uint64_t entry;

		memcpy(&entry, early.memory + table + 8 * i, 8);
		if (!(entry & 1))
			continue;
		if (!(entry & 2))
			m &= ~LEAF_WRITE;
		if (entry >> 63)
			m &= ~LEAF_EXEC;
		if (level == 1 || entry & 0x80)
			bad += m == (LEAF_WRITE | LEAF_EXEC);
		else
			bad += count_wx(entry & 0x000ffffffffff000,
					  level - 1, m);
	}
	return bad;
}

static void machine(void)
{
	static const struct range given[] = {
		{ 0, 0x9f000 }, { 0x100000, 0xfe0000 },
		{ 0x40000000, 0x7fe01000 },
		{ UINT64_C(0x100000000), UINT64_C(0x1080203000) },
	};

	early_reset();
	memset(&available, 0, sizeof(available));
	memset(&constant, 0, sizeof(constant));
	stack_count = 0;
	sealed = false;
	memcpy(boot_info.ram, given, sizeof(given));
	boot_info.ram_count = ARRAY_SIZE(given);
	boot_info.vmm[0] = (struct range){ 0, LOW_LIMIT };
	boot_info.vmm[1] = (struct range){ 0x100000, 0x110000 };
	boot_info.vmm_count = 2;
}

static void module(uint64_t at, uint64_t size)
{
	struct boot_module *m = &boot_info.module[boot_info.module_count++];

	*m = (struct boot_module){ early.memory + at, at, size };
}

static void build(void)
{
	if (setjmp(early.stop))
		fail_msg("stopped: %s", early.why);
	paging_init();
	paging_build();
	for (unsigned int i = 0; i < 3; i++)
		paging_add_stacks(i);
	paging_map_mmio(0xfee00000);
	paging_seal();
	assert_int_equal(count_wx(paging_root, 4, LEAF_WRITE | LEAF_EXEC), 0);
}

static void all_ram_is_mapped_and_only_ram(void **state)
{
	(void)state;
	machine();
	build();
	for (unsigned int i = 0; i < boot_info.ram_count; i++) {
		const struct range *r = &boot_info.ram[i];
		uint64_t step = MAX((r->end - r->start) / 5000, PAGE_SIZE);

		step &= ~(uint64_t)(PAGE_SIZE - 1);
		expect(DIRECT_BASE + r->start - 1, NOT_MAPPED, 0);
		expect(DIRECT_BASE + r->end, NOT_MAPPED, 0);
		expect(DIRECT_BASE + r->end - 1, r->end - 1, LEAF_WRITE);
		for (uint64_t a = r->start; a < r->end; a += step)
			if (a < 0x100000 || a >= 0x108000)
				expect(DIRECT_BASE + a, a, LEAF_WRITE);
	}
}

static void image_is_protected_through_both_maps(void **state)
{
	(void)state;
	machine();
	build();
	for (uint64_t a = 0x100000; a < 0x110000; a += 0x1000) {
		expect(IMAGE_BASE + a, a, a < 0x105000 ? LEAF_EXEC :
		       a < 0x108000 ? 0 : LEAF_WRITE);
		expect(DIRECT_BASE + a, a, a < 0x108000 ? 0 : LEAF_WRITE);
	}
	expect(IMAGE_BASE + 0xff000, NOT_MAPPED, 0);
	expect(IMAGE_BASE + 0x110000, NOT_MAPPED, 0);
}

static void modules_are_read_only_to_their_last_page(void **state)
{
	(void)state;
	machine();
	module(0x200000, 0x400001);	/* a 2 MiB page and a byte more */
	module(0x700000, 0);
	module(0x120000, 0x1000);
	build();
	expect(DIRECT_BASE + 0x1ff000, 0x1ff000, LEAF_WRITE);
	for (uint64_t a = 0x200000; a < 0x601000; a += 0x1000)
		expect(DIRECT_BASE + a, a, 0);
	expect(DIRECT_BASE + 0x601000, 0x601000, LEAF_WRITE);
	expect(DIRECT_BASE + 0x700000, 0x700000, LEAF_WRITE);
	expect(DIRECT_BASE + 0x11f000, 0x11f000, LEAF_WRITE);
	expect(DIRECT_BASE + 0x120000, 0x120000, 0);
	expect(DIRECT_BASE + 0x121000, 0x121000, LEAF_WRITE);
}

static void module_in_low_memory_moves(void **state)
{
	const struct boot_module *m = &boot_info.module[0];

	(void)state;
	machine();
	memset(early.memory + 0x1000, 0x5a, 0x1801);
	module(0x1000, 0x1801);
	build();
	assert_true(m->address >= 0x110000);
	assert_ptr_equal(m->data, early.memory + m->address);
	assert_int_equal(m->size, 0x1801);
	for (unsigned int i = 0; i < 0x1801; i++)
		assert_int_equal(early.memory[m->address + i], 0x5a);
	expect(DIRECT_BASE + m->address + 0x1000, m->address + 0x1000, 0);
	expect(DIRECT_BASE + 0x1000, 0x1000, LEAF_WRITE);
	for (unsigned int i = 0; i < boot_info.vmm_count; i++)
		assert_true(boot_info.vmm[i].end <= m->address ||
			    boot_info.vmm[i].start >= m->address + 0x2000);
}

static void stacks_have_guards_and_frames_of_their_own(void **state)
{
	static const uint8_t in_use[16] = {	/* pages of a slot */
		0, 1, 1, 1, 1, 0, 1, 1,
	};
	const struct range *own = &boot_info.vmm[2];
	uint8_t seen[EARLY_SIZE / PAGE_SIZE] = { 0 };

	(void)state;
	machine();
	build();
	for (unsigned int page = 0; page < 4 * 16; page++) {
		uint64_t a = STACK_BASE + page * (uint64_t)PAGE_SIZE;
		struct view v = look(a);
		bool want = page < 3 * 16 && in_use[page % 16];

		assert_int_equal(v.phys != NOT_MAPPED, want);
		assert_int_equal(paging_is_stack(a + 8), want);
		assert_int_equal(paging_is_guard(a + 8),
				 page < 3 * 16 && !want);
		if (!want)
			continue;
		assert_int_equal(v.may, LEAF_WRITE);
		assert_true(v.phys >= own->start && v.phys < own->end);
		assert_int_equal(seen[v.phys / PAGE_SIZE]++, 0);
	}
	assert_int_equal(stack_slot(1) + STACK_MAIN_END,
			 STACK_BASE + 0x10000 + 5 * PAGE_SIZE);
	assert_int_equal(stack_slot(0) + STACK_DF_END,
			 STACK_BASE + 8 * PAGE_SIZE);
}

static void nothing_is_mapped_below_the_image(void **state)
{
	(void)state;
	machine();
	build();
	for (unsigned int i = 0; i < 256; i++)
		expect((uint64_t)i << 39, NOT_MAPPED, 0);
	expect(MMIO_BASE + 0xfee00000, 0xfee00000, LEAF_WRITE);
	expect(MMIO_BASE + 0xfee01000, NOT_MAPPED, 0);
}

static void what_was_taken_is_reported(void **state)
{
	(void)state;
	machine();
	module(0xfd0000, 0x10000);	/* where it would take first */
	build();
	assert_int_equal(boot_info.vmm_count, 3);
	assert_int_equal(boot_info.vmm[2].end, 0xfd0000);
	assert_true(paging_root >= boot_info.vmm[2].start);
	if (!setjmp(early.stop)) {
		paging_take(1);
		fail_msg("taken after the seal");
	}
}

static void too_little_memory_is_refused(void **state)
{
	(void)state;
	machine();
	boot_info.ram[1].end = 0x112000;
	boot_info.ram_count = 2;
	if (!setjmp(early.stop)) {
		paging_init();
		paging_build();
		fail_msg("built from nothing");
	}
	assert_string_equal(early.why, "no memory for page tables");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ram_is_mapped_and_only_ram),
		cmocka_unit_test(image_is_protected_through_both_maps),
		cmocka_unit_test(modules_are_read_only_to_their_last_page),
		cmocka_unit_test(module_in_low_memory_moves),
		cmocka_unit_test(stacks_have_guards_and_frames_of_their_own),
		cmocka_unit_test(nothing_is_mapped_below_the_image),
		cmocka_unit_test(what_was_taken_is_reported),
		cmocka_unit_test(too_little_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
