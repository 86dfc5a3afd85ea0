/* SPDX-License-Identifier: MIT */
/* Instruction lengths and operands from bytes. */
#include "machine.h"
#include <string.h>
#include "arch/x86/decode.h"

struct sample {
	const char *bytes;
	size_t count;
	bool code64;
	struct insn want;
};
#define BYTES(s) (s), sizeof(s) - 1

static const struct sample known[] = {
	{ BYTES("\x0f\xa2"), true, { INSN_CPUID, 2, 0, 0, 0, 0 } },
	{ BYTES("\x0f\xa2"), false, { INSN_CPUID, 2, 0, 0, 0, 0 } },
	{ BYTES("\xf4"), true, { INSN_HLT, 1, 0, 0, 0, 0 } },
	{ BYTES("\xf3\x90"), true, { INSN_PAUSE, 2, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x32"), true, { INSN_RDMSR, 2, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x30"), true, { INSN_WRMSR, 2, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x01\xd9"), true, { INSN_VMMCALL, 3, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x01\xc1"), false, { INSN_VMMCALL, 3, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x01\xd1"), true, { INSN_XSETBV, 3, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x08"), true, { INSN_INVD, 2, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x09"), true, { INSN_WBINVD, 2, 0, 0, 0, 0 } },
	{ BYTES("\x0f\x06"), true, { INSN_CLTS, 2, 0, 0, 0, 0 } },
	/* mov %rax, %cr4; mov %r9, %cr0; mov %rbx, %cr8; mov %cr8, %rcx */
	{ BYTES("\x0f\x22\xe0"), true, { INSN_WRITE_CR, 3, 4, 0, 0, 0 } },
	{ BYTES("\x41\x0f\x22\xc1"), true, { INSN_WRITE_CR, 4, 0, 9, 0, 0 } },
	{ BYTES("\x44\x0f\x22\xc3"), true, { INSN_WRITE_CR, 4, 8, 3, 0, 0 } },
	{ BYTES("\x44\x0f\x20\xc1"), true, { INSN_READ_CR, 4, 8, 1, 0, 0 } },
	/* AMD's CR8 without REX */
	{ BYTES("\xf0\x0f\x22\xc0"), false, { INSN_WRITE_CR, 4, 8, 0, 0, 0 } },
	{ BYTES("\xf0\x0f\x20\xc0"), false, { INSN_READ_CR, 4, 8, 0, 0, 0 } },
	{ BYTES("\x0f\x01\xf3"), true, { INSN_LMSW, 3, 0, 3, 0, 0 } },
	/* mov %eax, (%rdx); mov 8(%rax), %r9; movl $-2, 0(%rbp); and with a
	 * SIB byte: mov %ecx, 256(%rax,%rbx), mov %rax, (abs) */
	{ BYTES("\x89\x02"), true, { INSN_STORE, 2, 0, 0, 4, 0 } },
	{ BYTES("\x4c\x8b\x48\x08"), true, { INSN_LOAD, 4, 0, 9, 8, 0 } },
	{ BYTES("\xc7\x45\x00\xfe\xff\xff\xff"), true,
	  { INSN_STORE_CONSTANT, 7, 0, 0, 4, (uint64_t)-2 } },
	{ BYTES("\x89\x8c\x18\x00\x01\x00\x00"), true,
	  { INSN_STORE, 7, 0, 1, 4, 0 } },
	{ BYTES("\x48\x89\x04\x25\x00\x00\x00\x00"), true,
	  { INSN_STORE, 8, 0, 0, 8, 0 } },
	{ BYTES("\x8b\x0d\x00\x00\x00\x00"), true,
	  { INSN_LOAD, 6, 0, 1, 4, 0 } },
	/* prefixes count; REX counts only right before the opcode */
	{ BYTES("\x66\x0f\xa2"), true, { INSN_CPUID, 3, 0, 0, 0, 0 } },
	{ BYTES("\x2e\x48\x0f\xa2"), true, { INSN_CPUID, 4, 0, 0, 0, 0 } },
	{ BYTES("\x41\x66\x0f\x22\xc1"), true,
	  { INSN_WRITE_CR, 5, 0, 1, 0, 0 } },
	{ BYTES("\x48\x41\x0f\x22\xc1"), true,
	  { INSN_WRITE_CR, 5, 0, 9, 0, 0 } },
	{ BYTES("\xf2\xf3\x64\x67\xf4"), true, { INSN_HLT, 5, 0, 0, 0, 0 } },
};

static void lengths_and_operands_are_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct sample *s = &known[i];
		struct insn got = insn_decode((const uint8_t *)s->bytes,
					      s->count, s->code64);

		assert_int_equal(got.what, s->want.what);
		assert_int_equal(got.length, s->want.length);
		assert_int_equal(got.cr, s->want.cr);
		assert_int_equal(got.gpr, s->want.gpr);
		assert_int_equal(got.size, s->want.size);
		if (got.what == INSN_STORE_CONSTANT)
			assert_int_equal(got.value, s->want.value);
	}
}

static void what_is_cut_short_is_not_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		uint8_t copy[INSN_BYTES_MAX];

		for (size_t n = 0; n < known[i].count; n++) {
			memcpy(copy, known[i].bytes, n);
			struct insn got = insn_decode(copy, n,
						      known[i].code64);

			assert_int_equal(got.what, INSN_OTHER);
		}
	}
}

static void other_instructions_are_not_recognised(void **state)
{
	static const struct { const char *bytes; size_t count; bool code64; }
	other[] = {
		{ BYTES("\x90"), true },		/* NOP, not PAUSE */
		{ BYTES("\x0f\x0b"), true },		/* UD2 */
		{ BYTES("\x48\x0f\xa2"), false },	/* DEC EAX first */
		{ BYTES("\x0f\x01\x30"), true },	/* LMSW of memory */
		{ BYTES("\x0f\x01\xd8"), true },	/* VMRUN */
		{ BYTES("\x89\xc2"), true },		/* MOV of registers */
		{ BYTES("\x66\x89\x02"), true },	/* 16 bits */
		{ BYTES("\x88\x02"), true },		/* 8 bits */
		{ BYTES("\x89\x02"), false },
		{ BYTES("\xff\xff"), true },
		{ BYTES("\x00\x00"), true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		assert_int_equal(insn_decode((const uint8_t *)other[i].bytes,
					     other[i].count,
					     other[i].code64).what,
				 INSN_OTHER);
}

static void fifteen_prefixes_end_the_search(void **state)
{
	uint8_t bytes[32];

	(void)state;
	memset(bytes, 0x66, sizeof(bytes));
	bytes[15] = 0xf4;
	assert_int_equal(insn_decode(bytes, sizeof(bytes), true).what,
			 INSN_OTHER);
	bytes[14] = 0xf4;
	assert_int_equal(insn_decode(bytes, sizeof(bytes), true).length, 15);
	memset(bytes, 0x48, sizeof(bytes));
	assert_int_equal(insn_decode(bytes, sizeof(bytes), true).what,
			 INSN_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_and_operands_are_right),
		cmocka_unit_test(what_is_cut_short_is_not_recognised),
		cmocka_unit_test(other_instructions_are_not_recognised),
		cmocka_unit_test(fifteen_prefixes_end_the_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
