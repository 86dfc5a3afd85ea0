/* SPDX-License-Identifier: MIT */
/*
 * The grammar: what is accepted means what it says, and what is not is
 * named with its line and its text.
 */
#include "cfg.h"
#include "tool_test.h"

#include <string.h>

static struct cfg parse(const char *text, struct faults *f)
{
	struct cfg c;

	*f = (struct faults){ 0 };
	cfg_parse("f.cfg", text, strlen(text), &c, f);
	return c;
}

static void refused(const char *text, unsigned int line, const char *part)
{
	struct faults f;
	struct cfg c = parse(text, &f);

	assert_one_fault(&f, line, part);
	cfg_free(&c);
}

static void strings_keep_their_content(void **state)
{
	struct faults f;
	struct cfg c = parse("a = \"x y\"; b='it\"s'\n"
			     "c = \"\\t\\n\\\\\\\"\\'\" # comment\n"
			     "d = \"\xc3\xa9 # no comment\"\n"
			     "e = ''",
			     &f);

	(void)state;
	assert_no_fault(&f);
	assert_int_equal(c.count, 5);
	assert_string_equal(cfg_find(&c, "a")->value.text, "x y");
	assert_string_equal(cfg_find(&c, "b")->value.text, "it\"s");
	assert_string_equal(cfg_find(&c, "c")->value.text, "\t\n\\\"'");
	assert_string_equal(cfg_find(&c, "d")->value.text,
			    "\xc3\xa9 # no comment");
	assert_string_equal(cfg_find(&c, "e")->value.text, "");
	assert_int_equal(cfg_find(&c, "e")->line, 4);
	assert_null(cfg_find(&c, "f"));
	cfg_free(&c);
}

static void numbers_have_three_bases(void **state)
{
	struct faults f;
	struct cfg c = parse("a=512\nb=0x1f\nc=010\nd=0\n"
			     "e=9223372036854775807\n",
			     &f);

	(void)state;
	assert_no_fault(&f);
	assert_int_equal(cfg_find(&c, "a")->value.number, 512);
	assert_int_equal(cfg_find(&c, "b")->value.number, 31);
	assert_int_equal(cfg_find(&c, "c")->value.number, 8);
	assert_int_equal(cfg_find(&c, "d")->value.number, 0);
	assert_true(cfg_find(&c, "e")->value.number == INT64_MAX);
	cfg_free(&c);
	refused("\na = 512M\n", 2, "'512M' is not a number");
	refused("a = 08", 1, "'08' is not a number");
	refused("a = 0x", 1, "'0x' is not a number");
	refused("a = 9223372036854775808", 1, "is not a number");
	refused("a = 0x1F", 1, "'0x1F' is not a number");
	refused("a = -1", 1, "numbers have no sign");
}

static void lists_nest_and_end_in_a_comma_or_not(void **state)
{
	struct faults f;
	struct cfg c = parse("a = [ 'x', # one\n\n 2, [ [], 'y' ], ]\n"
			     "b = []\nc = [\n]",
			     &f);
	const struct cfg_value *v;

	(void)state;
	assert_no_fault(&f);
	v = &cfg_find(&c, "a")->value;
	assert_int_equal(v->kind, CFG_LIST);
	assert_int_equal(v->item_count, 3);
	assert_int_equal(v->item[1].number, 2);
	assert_int_equal(v->item[1].line, 3);
	assert_int_equal(v->item[2].item_count, 2);
	assert_int_equal(v->item[2].item[0].kind, CFG_LIST);
	assert_int_equal(cfg_find(&c, "b")->value.item_count, 0);
	assert_int_equal(cfg_find(&c, "c")->value.item_count, 0);
	cfg_free(&c);
	refused("a = [ 1, , 2 ]\n", 1, "',' stands where a value");
	refused("a = [ 'x' 'y' ]\n", 1, "'y' stands in the list of 'a'");
	refused("b = 1\na = [ 1,\n 2\n", 2, "has no end: write ]");
	refused("a = [", 1, "has no end: write ]");
	refused("a = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 1,
		"nested more than 16 deep");
}

static void plus_equals_adds(void **state)
{
	struct faults f;
	struct cfg c =
		parse("a += 'x'\na += 'y'\nb = [ 1 ]\nb += [ 2, 3 ]\n", &f);

	(void)state;
	assert_no_fault(&f);
	assert_string_equal(cfg_find(&c, "a")->value.text, "xy");
	assert_int_equal(cfg_find(&c, "b")->value.item_count, 3);
	assert_int_equal(cfg_find(&c, "b")->value.item[2].number, 3);
	cfg_free(&c);
	refused("a = 'x'\na += [ 1 ]\n", 2, "adds a list to a string");
}

static void separators_are_newline_and_semicolon(void **state)
{
	struct faults f;
	struct cfg c = parse(";;\n\na=1;;b=2 ; ; c=3\n;", &f);

	(void)state;
	assert_no_fault(&f);
	assert_int_equal(c.count, 3);
	cfg_free(&c);
	refused("a=1 b=2\n", 1, "'b' follows the value of 'a'");
	refused("a=1,\n", 1, "',' follows the value of 'a'");
}

static void wrong_text_is_named(void **state)
{
	(void)state;
	refused("\n\nkernel = vmlinuz\n", 3, "write kernel = \"vmlinuz\"");
	refused("a = \"abc\nb = 1\n", 1, "the string \"abc has no end");
	refused("a = \"abc\\", 1, "has no end");
	refused("a = 'x\\qy'\n", 1, "'\\q' in a string means nothing");
	refused("a\n", 1, "'a' is not followed by =");
	refused("a =\nb = 1\n", 1, "'a' has no value");
	refused("A = 1\n", 1, "'A' is a capital letter");
	refused("a = 1\r\n", 1, "carriage return");
	refused("= 1\n", 1, "'=' stands where the name");
	refused("'a' = 1\n", 1, "'a' stands where the name");
	refused("a == 1\n", 1, "'=' stands where a value of 'a'");
	refused("a = 1\na = 2\n", 2,
		"'a' is set a second time, first in "
		"line 1");
}

static void all_faults_are_found_not_only_the_first(void **state)
{
	struct faults f;
	struct cfg c = parse("a = x\nb = 'good'\n!\nc = [ 1\n 2 ]\nd = 4\n"
			     "a = y\n",
			     &f);

	(void)state;
	assert_int_equal(f.bad, 4);
	assert_fault(&f, 1, "'x' has no quotes");
	assert_fault(&f, 3, "'!' means nothing");
	assert_fault(&f, 5, "'2' stands in the list of 'c'");
	assert_fault(&f, 7, "'y' has no quotes");
	assert_non_null(cfg_find(&c, "b"));
	assert_non_null(cfg_find(&c, "d"));
	assert_null(cfg_find(&c, "a"));
	assert_true(cfg_mentions(&c, "a"));
	cfg_free(&c);
	faults_free(&f);
}

static void zero_bytes_are_refused(void **state)
{
	static const char in_string[] = "a = 'x\0y'\n", outside[] = "a\0=1\n";
	struct faults f = { 0 };
	struct cfg c;

	(void)state;
	cfg_parse("f", in_string, sizeof(in_string) - 1, &c, &f);
	assert_one_fault(&f, 1, "zero byte");
	cfg_free(&c);
	cfg_parse("f", outside, sizeof(outside) - 1, &c, &f);
	assert_int_not_equal(f.bad, 0);
	faults_free(&f);
	cfg_free(&c);
}

static void missing_file_is_a_fault(void **state)
{
	struct faults f = { 0 };
	struct cfg c;

	(void)state;
	assert_false(cfg_read("/nonexistent/x.cfg", &c, &f));
	assert_one_fault(&f, 0, "No such file");
	assert_false(cfg_read("/", &c, &f));
	assert_one_fault(&f, 0, "directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_keep_their_content),
		cmocka_unit_test(numbers_have_three_bases),
		cmocka_unit_test(lists_nest_and_end_in_a_comma_or_not),
		cmocka_unit_test(plus_equals_adds),
		cmocka_unit_test(separators_are_newline_and_semicolon),
		cmocka_unit_test(wrong_text_is_named),
		cmocka_unit_test(all_faults_are_found_not_only_the_first),
		cmocka_unit_test(zero_bytes_are_refused),
		cmocka_unit_test(missing_file_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
