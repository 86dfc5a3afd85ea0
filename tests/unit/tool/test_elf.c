/* SPDX-License-Identifier: MIT */
/*
 * ELF kernels: a good one is understood, and each way to be bad is refused
 * with a sentence of its own.
 */
#include "elf.h"
#include "tool_test.h"

#include <stdlib.h>
#include <string.h>

#define PH(n) (64 + 56 * (n))

static void refused(const struct blob *b, const char *part)
{
	struct elf_kernel k;
	char *why = elf_check(b->at, b->size, &k);

	if (!why)
		fail_msg("accepted, should say '%s'", part);
	else if (!strstr(why, part))
		fail_msg("says '%s', should say '%s'", why, part);
	free(why);
}

static void good_kernel_is_understood(void **state)
{
	struct blob b = test_kernel();
	struct elf_kernel k;

	(void)state;
	assert_null(elf_check(b.at, b.size, &k));
	assert_int_equal(k.entry, (16u << 20) + 16);
	assert_int_equal(k.segment_count, 2);
	assert_int_equal(k.segment[0].start, 16u << 20);
	assert_int_equal(k.segment[0].end, (16u << 20) + 8192);
	assert_true(k.segment[0].runs);
	assert_false(k.segment[1].runs);
	blob_free(&b);
}

static void note_may_have_eight_bytes(void **state)
{
	struct blob b = test_kernel();
	struct elf_kernel k;

	(void)state;
	put_le32(b.at + 516, 8);
	put_le32(b.at + PH(2) + 32, 24);
	put_le32(b.at + 532, 0);
	assert_null(elf_check(b.at, b.size, &k));
	assert_int_equal(k.entry, (16u << 20) + 16);
	put_le32(b.at + 532, 1); /* above 4 GiB: in no segment */
	refused(&b, "lies in no executable segment");
	blob_free(&b);
}

static void note_is_found_behind_others(void **state)
{
	static const uint8_t other[] = { 4, 0, 0,   0,	 3,   0, 0, 0, 18, 0,
					 0, 0, 'G', 'N', 'U', 0, 1, 2, 3,  0 };
	struct blob b = test_kernel();
	struct elf_kernel k;

	(void)state;
	memmove(b.at + 512 + sizeof(other), b.at + 512, 20);
	memcpy(b.at + 512, other, sizeof(other));
	put_le32(b.at + PH(2) + 32, 40);
	assert_null(elf_check(b.at, b.size, &k));
	assert_int_equal(k.entry, (16u << 20) + 16);
	put_le32(b.at + PH(2) + 32, 39);
	refused(&b, "a note ends outside");
	blob_free(&b);
}

/* One change at a time to a good kernel: `size` bytes of `value` at `at`. */
static void each_damage_is_named(void **state)
{
	static const struct {
		size_t at, size;
		uint32_t value;
		const char *part;
	} table[] = {
		{ 0, 1, 0, "not an ELF file" },
		{ 4, 1, 1, "32-bit ELF" },
		{ 5, 1, 2, "another processor" },
		{ 18, 2, 183, "another processor" },
		{ 16, 2, 1, "not an executable" },
		{ 56, 2, 0, "0 program headers" },
		{ 56, 2, 65, "65 program headers" },
		{ 56, 2, 0xffff, "65535 program headers" },
		{ 54, 2, 32, "program headers lie outside" },
		{ 32, 4, 12200, "program headers lie outside" },
		{ 36, 4, 0xffffffff, "program headers lie outside" },
		{ PH(0) + 8, 4, 12000, "segment 0 ends outside the file" },
		{ PH(0) + 12, 4, 0xffffffff, "segment 0 ends outside" },
		{ PH(0) + 32, 4, 9000, "segment 0 ends outside" },
		{ PH(0) + 32, 4, 8193, "segment 0 ends outside" },
		{ PH(1) + 32, 4, 4097, "segment 1 ends outside" },
		{ PH(1) + 40, 4, 99, "segment 1 holds more in the file" },
		{ PH(0) + 40, 4, 0x200000, "overlap at address 0x1100000" },
		{ PH(1) + 24, 4, 0x1001000, "overlap at address 0x1001000" },
		{ PH(1) + 24, 4, 0xfff800, "overlap at address 0x1000000" },
		{ PH(2), 4, 0, "no PVH entry point" },
		{ PH(2) + 8, 4, 12280, "notes lie outside" },
		{ PH(2) + 32, 4, 19, "a note ends outside" },
		{ 520, 4, 17, "no PVH entry point" },
		{ 524, 1, 'Y', "no PVH entry point" },
		{ 516, 4, 0xffffffff, "a note ends outside" },
		{ 512, 4, 0xffffffff, "a note ends outside" },
		{ 516, 4, 3, "3 bytes instead of 4 or 8" },
		{ 528, 4, 16, "entry point 0x10 lies in no executable" },
		{ 528, 4, 0x1100000, "lies in no executable segment" },
		{ 528, 4, 0x1002000, "lies in no executable segment" },
		{ PH(0) + 4, 4, 6, "lies in no executable segment" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		struct blob b = test_kernel();
		uint8_t value[4];

		put_le32(value, table[i].value);
		memcpy(b.at + table[i].at, value, table[i].size);
		refused(&b, table[i].part);
		blob_free(&b);
	}
}

static void wrapping_segment_is_refused(void **state)
{
	struct blob b = test_kernel();
	struct elf_kernel k;

	(void)state;
	/* The last page of the address space: its end would be 0. */
	put_le32(b.at + PH(1) + 24, 0xfffff000);
	put_le32(b.at + PH(1) + 28, 0xffffffff);
	refused(&b, "wraps around");
	put_le32(b.at + PH(1) + 40, 4095);
	assert_null(elf_check(b.at, b.size, &k));
	blob_free(&b);
}

static void every_truncation_is_refused(void **state)
{
	struct blob b = test_kernel();
	struct elf_kernel k;

	(void)state;
	/* The last byte that matters is that of the data segment. */
	for (size_t size = 0; size < 8192 + 100; size++) {
		uint8_t *exact = mem_alloc(size);

		memcpy(exact, b.at, size);
		char *why = elf_check(exact, size, &k);

		assert_non_null(why);
		free(why);
		free(exact);
	}
	blob_free(&b);
}

static void kernel_must_fit_its_vm(void **state)
{
	struct blob b = test_kernel();
	struct elf_kernel k;
	char *why;

	(void)state;
	assert_null(elf_check(b.at, b.size, &k));
	assert_null(elf_fits(&k, 18));
	why = elf_fits(&k, 17);
	assert_non_null(strstr(why, "up to 18 MiB and the VM has 17 MiB"));
	free(why);
	put_le32(b.at + PH(1) + 24, 0xf0000000 - 4096);
	assert_null(elf_check(b.at, b.size, &k));
	assert_null(elf_fits(&k, 8192));
	put_le32(b.at + PH(1) + 24, 0xf0000000 - 4095);
	assert_null(elf_check(b.at, b.size, &k));
	why = elf_fits(&k, 8192);
	assert_non_null(strstr(why, "outside RAM"));
	free(why);
	blob_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_kernel_is_understood),
		cmocka_unit_test(note_may_have_eight_bytes),
		cmocka_unit_test(note_is_found_behind_others),
		cmocka_unit_test(each_damage_is_named),
		cmocka_unit_test(wrapping_segment_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(kernel_must_fit_its_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
