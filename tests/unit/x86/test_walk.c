/* SPDX-License-Identifier: MIT */
/* Walks of guests' own page tables, in every paging mode. */
#include "machine.h"
#include <string.h>
#include "arch/x86/virt.h"
#include "arch/x86/regs.h"
#include "core/arch.h"

#define P	1ull
#define W	2ull
#define A	0x20ull
#define PS	0x80ull
#define NX	BIT64(63)

#define VA	0xffff888012345678ull
#define INDEX(level)	(VA >> (12 + 9 * (level)) & 0x1ff)

static void mode(uint64_t cr0, uint64_t cr4, uint64_t efer, uint64_t cr3)
{
	machine.reg[REG_CR0] = cr0;
	machine.arch.last_cr3 = cr3;
	machine.arch.cr4 = cr4;
	machine.arch.efer = efer;
}

static void long_mode(uint64_t cr3)
{
	mode(CR0_PE | CR0_PG, CR4_PAE, EFER_LME | EFER_LMA, cr3);
}

/* Tables at 0x1000, 0x2000, 0x3000, 0x4000 that map VA to 0x9000. */
static void long_tables(void)
{
	*machine_word(0x1000 + INDEX(3) * 8) = 0x2000 | P | W | A;
	*machine_word(0x2000 + INDEX(2) * 8) = 0x3000 | P | W | A;
	*machine_word(0x3000 + INDEX(1) * 8) = 0x4000 | P | W | A;
	*machine_word(0x4000 + INDEX(0) * 8) = 0x9000 | P | W | A | NX;
	long_mode(0x1000 | 0x18);
}

static void translates(uint64_t va, bool write, uint64_t want)
{
	assert_int_equal(guest_translate(&machine.vcpu, va, write), want);
}

static void faults(uint64_t va, bool write)
{
	translates(va, write, GPA_NONE);
}

static void four_levels_are_walked(void **state)
{
	(void)state;
	long_tables();
	translates(VA, false, 0x9678);
	translates(VA, true, 0x9678);
	faults(VA + 0x1000, false);
	faults(VA ^ BIT64(63), false);	/* not canonical */
	faults(VA & 0x7fffffffffff, false);
}

static void each_level_must_be_present_and_writable(void **state)
{
	(void)state;
	for (unsigned int level = 0; level < 4; level++) {
		uint64_t at = (4 - level) * 0x1000 + INDEX(level) * 8;

		machine_reset(state);
		long_tables();
		*machine_word(at) &= ~W;
		translates(VA, false, 0x9678);
		faults(VA, true);
		*machine_word(at) &= ~P;
		faults(VA, false);
	}
}

static void large_pages_end_the_walk(void **state)
{
	(void)state;
	long_tables();
	*machine_word(0x3000 + INDEX(1) * 8) =
		0x200000 | P | W | PS | BIT64(12);
	translates(VA, true, 0x200000 | (VA & 0x1fffff));
	*machine_word(0x2000 + INDEX(2) * 8) = 0x40000000 | P | W | PS;
	translates(VA, true, 0x40000000 | (VA & 0x3fffffff));
	*machine_word(0x1000 + INDEX(3) * 8) |= PS;	/* no such page */
	translates(VA, true, 0x40000000 | (VA & 0x3fffffff));
}

static void tables_outside_ram_fault(void **state)
{
	(void)state;
	long_tables();
	*machine_word(0x3000 + INDEX(1) * 8) =
		(uint64_t)MACHINE_PAGES << 12 | P | W;
	faults(VA, false);
	*machine_word(0x3000 + INDEX(1) * 8) = 0x000ffffffffff000ull | P | W;
	faults(VA, false);
	long_mode(0x000ffffffffff000ull);
	faults(VA, false);
	/* Shared pages and loans do not count as RAM. */
	machine_reset(state);
	long_tables();
	machine.kind = P2M_GRANT;
	faults(VA, false);
}

static void a_loop_of_tables_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < 512; i++)
		*machine_word(0x1000 + i * 8) = 0x1000 | P | W;
	long_mode(0x1000);
	translates(VA, true, 0x1678);
}

static void what_is_remembered_ends_with_a_flush(void **state)
{
	unsigned int before;

	(void)state;
	long_tables();
	translates(VA, false, 0x9678);
	before = machine.lookups;
	translates(VA, false, 0x9678);
	/* 4 KiB leaves differ by level: each is remembered on its own. */
	assert_int_equal(machine.lookups, before);
	*machine_word(0x4000 + INDEX(0) * 8) = 0xa000 | P;
	translates(VA, false, 0xa678);	/* entries are never remembered */
	machine.kind = P2M_NONE;
	machine.domain.p2m.ram_seq++;
	faults(VA, false);
}

static void tables_of_32_bit_paging_are_not_read(void **state)
{
	(void)state;
	*machine_word(0x1020 + 1 * 8) = 0x2000 | P | A;
	*machine_word(0x2000 + 2 * 8) = 0x3000 | P | W;
	*machine_word(0x3000 + 3 * 8) = 0x8000 | P | W;
	mode(CR0_PE | CR0_PG, CR4_PAE, 0, 0x1020);
	faults(0x40403abc, false);
	mode(CR0_PE | CR0_PG, 0, 0, 0x1000);
	faults(0x402123, false);
}

static void without_paging_addresses_are_physical(void **state)
{
	(void)state;
	mode(CR0_PE, 0, EFER_LME, 0);
	translates(0x1234, true, 0x1234);
	translates(0xffffffff, true, 0xffffffff);
	faults(0x100000000ull, false);
}

static void code_is_fetched_across_pages(void **state)
{
	uint8_t bytes[8];

	(void)state;
	long_tables();
	*machine_word(0x4000 + INDEX(0) * 8 + 8) = 0x7000 | P;
	memset(machine.ram[9] + 0xffd, 0x11, 3);
	memset(machine.ram[7], 0x22, 5);
	machine.arch.code64 = true;
	machine.vcpu.regs.rip = (VA & ~0xfffull) + 0xffd;
	assert_int_equal(guest_fetch(&machine.vcpu, bytes, 8), 8);
	assert_memory_equal(bytes, "\x11\x11\x11\x22\x22\x22\x22\x22", 8);
	*machine_word(0x4000 + INDEX(0) * 8 + 8) = 0;
	assert_int_equal(guest_fetch(&machine.vcpu, bytes, 8), 3);
	machine.vcpu.regs.rip = 0x1000;
	assert_int_equal(guest_fetch(&machine.vcpu, bytes, 8), 0);
}

static void code_below_64_bits_has_a_base(void **state)
{
	uint8_t byte;

	(void)state;
	mode(CR0_ET, 0, 0, 0);
	machine.ram[5][0x10] = 0xf4;
	machine.vcpu.regs.rip = 0x10;
	machine.reg[REG_CS_BASE] = 0x5000;
	assert_int_equal(guest_fetch(&machine.vcpu, &byte, 1), 1);
	assert_int_equal(byte, 0xf4);
	machine.vcpu.regs.rip = 0x5020;	/* wraps at 4 GiB */
	machine.reg[REG_CS_BASE] = 0xfffffff0;
	assert_int_equal(guest_fetch(&machine.vcpu, &byte, 1), 1);
	assert_int_equal(byte, 0xf4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, machine_reset)
	const struct CMUnitTest tests[] = {
		TEST(four_levels_are_walked),
		TEST(each_level_must_be_present_and_writable),
		TEST(large_pages_end_the_walk),
		TEST(tables_outside_ram_fault),
		TEST(a_loop_of_tables_ends),
		TEST(what_is_remembered_ends_with_a_flush),
		TEST(tables_of_32_bit_paging_are_not_read),
		TEST(without_paging_addresses_are_physical),
		TEST(code_is_fetched_across_pages),
		TEST(code_below_64_bits_has_a_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
