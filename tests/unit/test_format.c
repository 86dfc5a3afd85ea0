/* SPDX-License-Identifier: MIT */
/* The formatter against the C library's, and at the ends of its buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/format.h"

#define SAME(...) \
	do { \
		char ours[128], theirs[128]; \
		size_t n_ = format_text(ours, sizeof(ours), __VA_ARGS__); \
		int m_ = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
		assert_string_equal(ours, theirs); \
		assert_int_equal(n_, m_); \
	} while (0)

static void numbers_are_as_in_c(void **state)
{
	static const long n[] = { 0, 1, -1, 9, 10, 4095, INT32_MAX, INT32_MIN,
				  INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		SAME("%u|%x", (unsigned int)n[i], (unsigned int)n[i]);
		SAME("%lu|%lx", (unsigned long)n[i], (unsigned long)n[i]);
		SAME("%30lu|%030lu", (unsigned long)n[i],
		     (unsigned long)n[i]);
	}
	SAME("%3u|%03u|%1u", 7u, 7u, 123u);
	SAME("%08x|%8x|", 0xabcu, 0xabcu);
}

static void text_is_as_in_c(void **state)
{
	(void)state;
	SAME("no conversion");
	SAME("%s|%s", "abc", "d");
	SAME("100%%");
	SAME("%s", "");
}

static void nothing_is_written_beyond_the_buffer(void **state)
{
	(void)state;
	for (size_t size = 1; size < 30; size++) {
		char *text = malloc(size);
		size_t n = format_text(text, size, "%s %08x %6u", "some text",
				       0x1234u, 42u);

		assert_true(n < size);
		assert_int_equal(strlen(text), n);
		assert_memory_equal(text, "some text 00001234     42", n);
		free(text);
	}

	char c = 'c';

	assert_int_equal(format_text(&c, 0, "abc"), 0);
	assert_int_equal(c, 'c');
}

static void odd_formats_do_no_harm(void **state)
{
	char text[64];
	const char *volatile nothing = NULL;
	const char *volatile odd[] = { "%", "%q", "a%-", "%l", "%08" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
		size_t n = format_text(text, sizeof(text), odd[i]);
#pragma GCC diagnostic pop
		assert_true(n > 0 && n < sizeof(text));
	}
	assert_int_equal(format_text(text, sizeof(text), "%s", nothing), 6);
	assert_string_equal(text, "(null)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_in_c),
		cmocka_unit_test(text_is_as_in_c),
		cmocka_unit_test(nothing_is_written_beyond_the_buffer),
		cmocka_unit_test(odd_formats_do_no_harm),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
