/* SPDX-License-Identifier: MIT */
/*
 * Xen's libxlutil is the oracle of the parser. What we accept it accepts,
 * with the same values; what it accepts and we do not, we refuse for one of
 * the reasons that cfg.h gives. On Debian's example files, on a sample of
 * all of the grammar, and on thousands of mutants of both.
 */
#include "cfg.h"
#include "tool_test.h"

#include <dirent.h>
#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libxlutil leaks after a parse error; it is not what is tested here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

#define MUTANTS 20000u

static const char sample[] =
	"# all of the grammar\n"
	"name = \"web1\"; type='pvh'\n"
	"memory = 512\nmaxmem=0x200\nvcpus = 010;\n"
	"disk = [ '/dev/vg/x,raw,xvda,rw', \"format=qcow2,vdev=xvdb\", ]\n"
	"vif = [\n  'mac=00:16:3e:00:00:01,bridge=br0', # first\n\n  '' ]\n"
	"nested = [ [ 1, [], ['a', \"b\"], ], 2 ]\n"
	"extra = \"console=hvc0 \\\"quoted\\\" \\\\ \\t end\"\n"
	"extra += ' more'\ndisk += [ 'c' ]\n"
	"empty = []; s = ''\n";

/* Reasons for which we refuse what libxlutil takes. */
static const char *const stricter[] = {
	"a second time",    "is not a number",
	"nested more than", "in a string means nothing",
	"zero byte",
};

struct example {
	char *name;
	struct blob text;
};

static struct example *examples;
static size_t example_count;

static void example_add(const char *name, const void *bytes, size_t size)
{
	struct example *e;

	examples = mem_grow(examples, example_count + 1, sizeof(*e));
	e = &examples[example_count++];
	e->name = text_copy(name);
	/* libxlutil calls a comment in a last line without end an error. */
	e->text.at = mem_alloc(size + 2);
	memcpy(e->text.at, bytes, size);
	e->text.at[size] = '\n';
	e->text.size = size + 1;
}

static void examples_from(const char *folder)
{
	DIR *d = opendir(folder);

	for (struct dirent *e; d && (e = readdir(d));) {
		char *path = path_join(folder, e->d_name);
		struct blob b;

		if (text_starts(e->d_name, "xlexample") &&
		    file_read(path, CFG_FILE_MAX, &b) == 0) {
			example_add(e->d_name, b.at, b.size);
			blob_free(&b);
		}
		free(path);
	}
	if (d)
		closedir(d);
}

static void compare_value(XLU_Config *x, const struct cfg_value *mine,
			  XLU_ConfigValue *theirs)
{
	XLU_ConfigList *list;
	char *text;

	assert_non_null(theirs);
	if (mine->kind != CFG_LIST) {
		assert_int_equal(xlu_cfg_value_type(theirs), XLU_STRING);
		xlu_cfg_value_get_string(x, theirs, &text, 1);
		assert_string_equal(mine->text, text);
		return;
	}
	assert_int_equal(xlu_cfg_value_type(theirs), XLU_LIST);
	xlu_cfg_value_get_list(x, theirs, &list, 1);
	for (size_t i = 0; i < mine->item_count; i++)
		compare_value(x, &mine->item[i],
			      xlu_cfg_get_listitem2(list, (int)i));
	assert_null(xlu_cfg_get_listitem2(list, (int)mine->item_count));
}

static void compare_setting(XLU_Config *x, const struct cfg_setting *s)
{
	XLU_ConfigList *list;
	const char *text;
	int count;
	long n;

	if (s->value.kind != CFG_LIST) {
		if (xlu_cfg_get_string(x, s->key, &text, 1))
			fail_msg("'%s' is no string there", s->key);
		assert_string_equal(s->value.text, text);
		if (s->value.kind == CFG_NUMBER) {
			if (xlu_cfg_get_long(x, s->key, &n, 1))
				fail_msg("%s=%s is no number", s->key,
					 s->value.text);
			assert_true((uint64_t)n == s->value.number);
		}
		return;
	}
	assert_int_equal(xlu_cfg_get_list(x, s->key, &list, &count, 1), 0);
	assert_int_equal(count, s->value.item_count);
	for (int i = 0; i < count; i++)
		compare_value(x, &s->value.item[i],
			      xlu_cfg_get_listitem2(list, i));
}

static bool for_a_reason(const struct faults *f)
{
	for (size_t i = 0; i < f->count; i++)
		for (size_t r = 0; r < ARRAY_COUNT(stricter); r++)
			if (strstr(f->at[i].words, stricter[r]))
				return true;
	return false;
}

/* What both made of one text: 1 accepted by both, 0 refused. */
static int judge(const char *name, const char *bytes, size_t size)
{
	static FILE *quiet;
	struct faults f = { 0 };
	struct cfg c;

	if (!quiet)
		quiet = fopen("/dev/null", "w");
	XLU_Config *x = xlu_cfg_init(quiet, name);
	bool theirs = xlu_cfg_readdata(x, bytes, (int)size) == 0;

	cfg_parse(name, bytes, size, &c, &f);
	bool mine = !f.bad;

	if (mine != theirs && (mine || !for_a_reason(&f))) {
		faults_print(&f, stderr);
		fail_msg("%s: we %s, libxlutil %s:\n%.*s", name,
			 mine ? "accept" : "refuse",
			 theirs ? "accepts" : "refuses", (int)size, bytes);
	}
	for (size_t i = 0; mine && i < c.count; i++)
		compare_setting(x, &c.at[i]);
	xlu_cfg_destroy(x);
	cfg_free(&c);
	faults_free(&f);
	return mine;
}

static void examples_mean_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < example_count; i++) {
		const struct example *e = &examples[i];

		assert_int_equal(judge(e->name, (const char *)e->text.at,
				       e->text.size),
				 1);
	}
}

static void debian_examples_are_there(void **state)
{
	(void)state;
	/* The sample is always there; the others come from Debian. */
	if (example_count < 2)
		skip();
	assert_true(example_count >= 3);
}

static uint32_t seed = 12345;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

/* One small change: a byte dropped, put in, swapped or a line doubled. */
static void mutate(char *s, size_t *size)
{
	static const char alphabet[] = "\"'[],;=+#\\\n \tx0a19_.-nq(A\r\xc3";
	size_t at = random_below((uint32_t)*size);
	char letter = alphabet[random_below(sizeof(alphabet) - 1)];

	switch (random_below(4)) {
	case 0:
		memmove(s + at, s + at + 1, --*size - at);
		break;
	case 1:
		memmove(s + at + 1, s + at, (*size)++ - at);
		s[at] = letter;
		break;
	case 2:
		s[at] = letter;
		break;
	default:
		if (at + 1 < *size) {
			char c = s[at];

			s[at] = s[at + 1];
			s[at + 1] = c;
		}
		break;
	}
}

static void mutants_are_judged_alike(void **state)
{
	size_t accepted = 0, refused = 0;

	(void)state;
	for (unsigned int i = 0; i < MUTANTS; i++) {
		const struct example *e =
			&examples[i % (2 * example_count) < example_count
					  ? 0
					  : i % example_count];
		char *s = mem_alloc(e->text.size + 16);
		size_t size = e->text.size;

		memcpy(s, e->text.at, size);
		for (unsigned int n = 1 + random_below(4); n; n--)
			mutate(s, &size);
		s[size++] = '\n';
		if (judge("mutant", s, size))
			accepted++;
		else
			refused++;
		free(s);
	}
	/* A judge that says always the same has not looked. */
	assert_true(accepted > MUTANTS / 20);
	assert_true(refused > MUTANTS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_mean_the_same),
		cmocka_unit_test(debian_examples_are_there),
		cmocka_unit_test(mutants_are_judged_alike),
	};
	const char *folder = getenv("XL_EXAMPLES");

	example_add("sample", sample, sizeof(sample) - 1);
	examples_from(folder ? folder : "/etc/xen");
	int status = cmocka_run_group_tests(tests, NULL, NULL);

	for (size_t i = 0; i < example_count; i++) {
		free(examples[i].name);
		blob_free(&examples[i].text);
	}
	free(examples);
	return status;
}
