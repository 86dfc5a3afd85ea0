/* SPDX-License-Identifier: MIT */
/*
 * LZO: a file that lzop made, and streams made by hand, one instruction
 * form each; then every truncation and changed byte of them.
 */
#include "kernel.h"
#include "unlzo.h"
#include "tool_test.h"

#include <stdlib.h>
#include <string.h>

/* A kernel of 320 bytes by `lzop -9`. */
static const uint8_t packed[] = {
	0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a, 0x10, 0x40, 0x20,
	0xa0, 0x09, 0x40, 0x03, 0x09, 0x03, 0x00, 0x00, 0x0d, 0x00, 0x00, 0x00,
	0x00, 0x6b, 0x03, 0xb8, 0x8e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x01,
	0x03, 0x2a, 0x00, 0x00, 0x01, 0x40, 0x00, 0x00, 0x00, 0x5e, 0x4d, 0x10,
	0x2a, 0x34, 0x19, 0x7f, 0x45, 0x4c, 0x46, 0x02, 0x01, 0x01, 0x00, 0xe0,
	0x00, 0x01, 0x02, 0x00, 0x3e, 0x00, 0x28, 0x34, 0x00, 0x01, 0x00, 0x00,
	0x40, 0x00, 0x30, 0x03, 0x00, 0x40, 0x00, 0x38, 0x5c, 0x04, 0xa0, 0x00,
	0x6d, 0x05, 0x05, 0xe0, 0x01, 0x2c, 0x01, 0x00, 0x01, 0x2b, 0xfd, 0x00,
	0x20, 0xdd, 0x00, 0x10, 0xb9, 0x00, 0x04, 0xce, 0x00, 0xc0, 0x00, 0x34,
	0x01, 0x00, 0x14, 0x2d, 0x1d, 0x00, 0x04, 0x35, 0x9c, 0x00, 0xfd, 0x08,
	0x12, 0x4f, 0x00, 0x58, 0x65, 0x6e, 0x34, 0x24, 0x02, 0x39, 0x00, 0x00,
	0x01, 0xf4, 0xeb, 0xfd, 0x90, 0x20, 0x1b, 0x00, 0x00, 0x11, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00,
};

static void file_of_lzop_is_unpacked(void **state)
{
	struct elf_kernel k;
	struct blob out;

	(void)state;
	assert_null(kernel_unwrap(packed, sizeof(packed), 1u << 20, &out));
	assert_int_equal(out.size, 320);
	assert_null(elf_check(out.at, out.size, &k));
	assert_int_equal(k.entry, 16u << 20);
	blob_free(&out);
	char *why = kernel_unwrap(packed, sizeof(packed), 300, &out);

	assert_non_null(strstr(why, "unpacks to more than"));
	free(why);
}

static void every_truncation_is_refused(void **state)
{
	struct blob out;

	(void)state;
	for (size_t size = 9; size < sizeof(packed); size++) {
		uint8_t *exact = mem_alloc(size);

		memcpy(exact, packed, size);
		char *why = kernel_unwrap(exact, size, 1u << 20, &out);

		assert_non_null(why);
		free(why);
		free(exact);
	}
}

static void every_changed_byte_is_found(void **state)
{
	uint8_t copy[sizeof(packed)];
	struct blob good, out;

	(void)state;
	assert_null(kernel_unwrap(packed, sizeof(packed), 1u << 20, &good));
	memcpy(copy, packed, sizeof(packed));
	/* From the first block on; the header's sums nobody needs. */
	for (size_t at = 38; at < sizeof(packed); at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			copy[at] ^= (uint8_t)(1u << bit);
			char *why = kernel_unwrap(copy, sizeof(copy), 1u << 20,
						  &out);

			if (!why) {
				/* Only what changes nothing may pass. */
				assert_int_equal(out.size, good.size);
				assert_memory_equal(out.at, good.at, good.size);
			}
			free(why);
			blob_free(&out);
			copy[at] ^= (uint8_t)(1u << bit);
		}
	blob_free(&good);
}

#define END 0x11, 0, 0

static void expect(const uint8_t *in, size_t size, const char *want)
{
	uint8_t out[64];
	size_t n = strlen(want);

	assert_int_equal(unlzo_block(in, size, out, n), 0);
	assert_memory_equal(out, want, n);
	/* One byte of room more or less is an error, and so is less input. */
	assert_int_equal(unlzo_block(in, size, out, n + 1), -1);
	if (n)
		assert_int_equal(unlzo_block(in, size, out, n - 1), -1);
	for (size_t less = 0; less < size; less++) {
		uint8_t *exact = mem_alloc(less);

		memcpy(exact, in, less);
		assert_int_equal(unlzo_block(exact, less, out, n), -1);
		free(exact);
	}
}

#define EXPECT(want, ...)                        \
	expect((const uint8_t[]){ __VA_ARGS__ }, \
	       sizeof((const uint8_t[]){ __VA_ARGS__ }), want)

static void each_instruction_does_its_work(void **state)
{
	(void)state;
	EXPECT("", END);
	/* First byte above 17: so many literals less 17. */
	EXPECT("abcd", 21, 'a', 'b', 'c', 'd', END);
	EXPECT("a", 18, 'a', END);
	/* 0-15 at first: a run of 3 more than that. */
	EXPECT("abc", 20, 'a', 'b', 'c', END);
	EXPECT("abcd", 1, 'a', 'b', 'c', 'd', END);
	/* 0 and a byte: a run of 18 more than that. */
	EXPECT("abcdefghijklmnopqrs", 0, 1, 'a', 'b', 'c', 'd', 'e', 'f', 'g',
	       'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', END);
	/* 64 and up: 3 bytes from 4 back, then 2 literals. */
	EXPECT("abcdabcxy", 21, 'a', 'b', 'c', 'd', 0x40 | 3 << 2 | 2, 0, 'x',
	       'y', END);
	/* 224 and up: 8 bytes, overlapping. */
	EXPECT("abababababab", 21, 'a', 'b', 'a', 'b', 0xe0 | 1 << 2, 0, END);
	/* 32-63: length 2 more, distance in two bytes. */
	EXPECT("abcdabcda", 21, 'a', 'b', 'c', 'd', 0x23, 3 << 2, 0, END);
	/* 32 and a byte: a length of 33 more than that. */
	EXPECT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 22, 'a', 'a', 'a',
	       'a', 'a', 0x20, 1, 0, 0, END);
	/* 0-15 after 1 to 3 literals: 2 bytes. */
	EXPECT("abab", 19, 'a', 'b', 1 << 2, 0, END);
}

static void distances_before_the_start_are_refused(void **state)
{
	static const uint8_t near[] = { 21, 1, 2, 3, 4, 0x40 | 4 << 2, 0, END };
	static const uint8_t after_run[] = { 21, 1, 2, 3, 4, 0, 0, END };
	static const uint8_t far[] = { 21, 1, 2, 3, 4, 0x11, 4, 0, END };
	uint8_t out[64];

	(void)state;
	assert_int_equal(unlzo_block(near, sizeof(near), out, 7), -1);
	assert_int_equal(unlzo_block(after_run, sizeof(after_run), out, 7), -1);
	assert_int_equal(unlzo_block(far, sizeof(far), out, 7), -1);
}

static void far_matches_reach_their_distance(void **state)
{
	/* A run of 16384 + 1 literals, then 3 bytes from 16385 back. */
	size_t run = 16385, at = 0, zeros = (run - 18) / 255;
	uint8_t *in = mem_alloc(run + 256), *out = mem_alloc(run + 3);

	(void)state;
	in[at++] = 0;
	at += zeros;
	in[at++] = (uint8_t)(run - 18 - zeros * 255);
	for (size_t i = 0; i < run; i++)
		in[at++] = (uint8_t)(i ^ i >> 8);
	in[at++] = 0x11;
	in[at++] = 1 << 2;
	in[at++] = 0;
	in[at++] = 0x11;
	at += 2;
	assert_int_equal(unlzo_block(in, at, out, run + 3), 0);
	assert_memory_equal(out, out + run, 3);
	free(in);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_of_lzop_is_unpacked),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_changed_byte_is_found),
		cmocka_unit_test(each_instruction_does_its_work),
		cmocka_unit_test(distances_before_the_start_are_refused),
		cmocka_unit_test(far_matches_reach_their_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
