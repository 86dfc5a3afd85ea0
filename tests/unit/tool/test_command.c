/* SPDX-License-Identifier: MIT */
/*
 * The command line: words and options arrive, mistakes do not.
 */
#include "command.h"
#include "tool_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool parse(const char *name, const char *const *words,
		  struct arguments *a)
{
	int n = 0, keep = dup(STDERR_FILENO);
	FILE *quiet = freopen("/dev/null", "w", stderr);

	while (words[n])
		n++;
	bool good = arguments_parse(command_find(name), n, words, a);

	fflush(quiet);
	dup2(keep, STDERR_FILENO);
	close(keep);
	return good;
}

#define WORDS(...) ((const char *[]){ __VA_ARGS__, NULL })

static void options_have_all_usual_forms(void **state)
{
	static const uint64_t bounds[2] = { 1, 1000 };
	struct arguments a;
	uint64_t n = 0;

	(void)state;
	assert_true(parse("boot",
			  WORDS("--memory", "96", "vmlinuz", "-c", "2",
				"--extra=a=b c", "-v", "--qemu-arg", "-d",
				"--qemu-arg=int"),
			  &a));
	assert_int_equal(a.word_count, 1);
	assert_string_equal(a.word[0], "vmlinuz");
	assert_true(argument_number(&a, "memory", bounds, &n));
	assert_int_equal(n, 96);
	assert_true(argument_number(&a, "vcpus", bounds, &n));
	assert_int_equal(n, 2);
	assert_string_equal(argument_value(&a, "extra", ""), "a=b c");
	assert_true(argument_flag(&a, "verbose"));
	assert_false(argument_flag(&a, "icount"));
	assert_string_equal(argument_nth(&a, "qemu-arg", 0), "-d");
	assert_string_equal(argument_nth(&a, "qemu-arg", 1), "int");
	assert_null(argument_nth(&a, "qemu-arg", 2));
	assert_string_equal(argument_value(&a, "name", "vm"), "vm");
	assert_true(parse("boot", WORDS("--", "-v"), &a));
	assert_string_equal(a.word[0], "-v");
}

static void mistakes_are_refused(void **state)
{
	struct arguments a;

	(void)state;
	assert_false(parse("boot", WORDS("--memry", "1", "k"), &a));
	assert_false(parse("boot", WORDS("-memory", "1", "k"), &a));
	assert_false(parse("boot", WORDS("--m", "1", "k"), &a));
	assert_false(parse("boot", WORDS("k", "--memory"), &a));
	assert_false(parse("boot", WORDS("k", "--verbose=1"), &a));
	assert_false(parse("boot", WORDS("k", "l"), &a));
	assert_false(parse("boot", WORDS("-v"), &a));
	assert_false(parse("list", WORDS("x"), &a));
}

static void numbers_are_checked(void **state)
{
	static const uint64_t bounds[2] = { 1, 1000 };
	static const char *const bad[] = {
		"0", "1001", "", "x", "1x", "-1", "99999999999999999999"
	};
	struct arguments a;
	uint64_t n = 7;

	(void)state;
	assert_non_null(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		char *word = text_format("--memory=%s", bad[i]);

		assert_true(parse("boot", WORDS(word, "k"), &a));
		assert_false(argument_number(&a, "memory", bounds, &n));
		assert_int_equal(n, 7);
		free(word);
	}
}

static void table_is_consistent(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		assert_ptr_equal(command_find(c->name), c);
		assert_non_null(c->run);
		assert_true(strlen(c->summary) > 5);
		assert_true(c->least <= c->most);
		for (size_t s = 0; s < OPTION_SETS_MAX && c->options[s]; s++)
			for (size_t o = 0; o < c->options[s]->count; o++)
				assert_true(strlen(c->options[s]->at[o].help));
	}
	assert_null(command_find("nosuch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_have_all_usual_forms),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(numbers_are_checked),
		cmocka_unit_test(table_is_consistent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
