/* SPDX-License-Identifier: MIT */
/* The device-tree reader against trees by libfdt, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/fdt.h"
#include "tree.h"

static uint8_t *data;
static size_t size;
static struct fdt fdt;
static struct fdt_fault fault;

static int make_tree(void **state)
{
	(void)state;
	tree_begin();
	tree_string("model", "test");
	tree_node("a@1");
	tree_cell("n", 7);
	tree_pair("pair", 1, 0x89abcdef);
	tree_data("list", "one\0two\0", 8);
	tree_data("empty", "", 0);
	tree_node("deep");
	tree_string("s", "x");
	tree_end();
	tree_node("other@5");
	tree_end();
	tree_end();
	tree_node("b");
	tree_end();
	data = tree_finish(&size);
	assert_true(fdt_open(&fdt, data, size, &fault));
	return 0;
}

static int free_tree(void **state)
{
	(void)state;
	free(data);
	return 0;
}

static void nodes_are_found_in_order(void **state)
{
	fdt_node a = fdt_first_child(&fdt, fdt_root(&fdt));
	fdt_node b = fdt_next_sibling(&fdt, a);

	(void)state;
	assert_string_equal(fdt_name(&fdt, a), "a@1");
	assert_string_equal(fdt_name(&fdt, b), "b");
	assert_int_equal(fdt_next_sibling(&fdt, b).offset, 0);
	assert_int_equal(fdt_first_child(&fdt, b).offset, 0);
	assert_int_equal(fdt_next_sibling(&fdt, fdt_root(&fdt)).offset, 0);
	assert_int_equal(fdt_child(&fdt, fdt_root(&fdt), "a").offset,
			 a.offset);
	assert_int_equal(fdt_child(&fdt, fdt_root(&fdt), "a@1").offset,
			 a.offset);
	assert_int_equal(fdt_child(&fdt, fdt_root(&fdt), "c").offset, 0);
	assert_int_equal(fdt_child(&fdt, fdt_root(&fdt), "a@").offset, 0);
}

static void paths_are_full_and_cut_to_size(void **state)
{
	fdt_node a = fdt_child(&fdt, fdt_root(&fdt), "a");
	char text[40];

	(void)state;
	fdt_path(&fdt, fdt_root(&fdt), text, sizeof(text));
	assert_string_equal(text, "/");
	fdt_path(&fdt, fdt_child(&fdt, a, "deep"), text, sizeof(text));
	assert_string_equal(text, "/a@1/deep");
	fdt_path(&fdt, fdt_child(&fdt, a, "other"), text, sizeof(text));
	assert_string_equal(text, "/a@1/other@5");
	fdt_path(&fdt, fdt_child(&fdt, fdt_root(&fdt), "b"), text,
		 sizeof(text));
	assert_string_equal(text, "/b");
	fdt_path(&fdt, fdt_child(&fdt, a, "deep"), text, 6);
	assert_string_equal(text, "/a@1/");
}

static void properties_are_read(void **state)
{
	fdt_node a = fdt_child(&fdt, fdt_root(&fdt), "a");
	struct fdt_property p;
	unsigned int count = 0;

	(void)state;
	assert_true(fdt_find(&fdt, a, "n", &p));
	assert_int_equal(p.size, 4);
	assert_int_equal(fdt_cell(&p, 0), 7);
	assert_true(fdt_find(&fdt, a, "pair", &p));
	assert_int_equal(fdt_cell(&p, 0), 1);
	assert_int_equal(fdt_cell(&p, 1), 0x89abcdef);
	assert_false(fdt_find(&fdt, a, "s", &p));
	assert_true(fdt_find(&fdt, a, "empty", &p));
	assert_int_equal(p.size, 0);
	for (bool more = fdt_first_property(&fdt, a, &p); more;
	     more = fdt_next_property(&fdt, &p))
		count++;
	assert_int_equal(count, 4);
}

static void strings_are_told_from_other_data(void **state)
{
	fdt_node a = fdt_child(&fdt, fdt_root(&fdt), "a");
	struct fdt_property p;

	(void)state;
	fdt_find(&fdt, a, "list", &p);
	assert_false(fdt_is_string(&p));
	assert_true(fdt_has_string(&p, "one"));
	assert_true(fdt_has_string(&p, "two"));
	assert_false(fdt_has_string(&p, "on"));
	assert_false(fdt_has_string(&p, "one2"));
	p.size = 7;		/* "one\0two" without its end */
	assert_true(fdt_has_string(&p, "one"));
	assert_false(fdt_has_string(&p, "two"));
	fdt_find(&fdt, a, "empty", &p);
	assert_false(fdt_is_string(&p));
	assert_false(fdt_has_string(&p, ""));
	fdt_find(&fdt, fdt_child(&fdt, a, "deep"), "s", &p);
	assert_true(fdt_is_string(&p));
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, data, cut);
		assert_false(fdt_open(&fdt, copy, cut, &fault));
		assert_non_null(fault.what);
		free(copy);
	}
}

/* Every node and property of an opened tree is visited; ASan looks on. */
static uint32_t visit(const struct fdt *f, fdt_node n, unsigned int depth)
{
	struct fdt_property p;
	uint32_t sum = 0;
	char text[64];

	assert_true(depth < FDT_DEPTH_MAX);
	for (bool more = fdt_first_property(f, n, &p); more;
	     more = fdt_next_property(f, &p)) {
		for (uint32_t i = 0; i < p.size; i++)
			sum += p.data[i];
		sum += (uint32_t)strlen(p.name);
		sum += fdt_is_string(&p) + fdt_has_string(&p, "one");
	}
	fdt_path(f, n, text, sizeof(text));
	sum += (uint32_t)strlen(fdt_name(f, n));
	for (n = fdt_first_child(f, n); n.offset; n = fdt_next_sibling(f, n))
		sum += visit(f, n, depth + 1);
	return sum;
}

static void every_damaged_byte_is_refused_or_harmless(void **state)
{
	static const uint8_t values[] = { 0, 1, 2, 3, 4, 9, 0x7f, 0x80, 0xff };
	unsigned int refused = 0;

	(void)state;
	for (size_t at = 0; at < size; at++) {
		uint8_t old = data[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			data[at] = values[i];
			if (fdt_open(&fdt, data, size, &fault))
				visit(&fdt, fdt_root(&fdt), 0);
			else
				refused++;
			data[at] = old;
		}
	}
	assert_true(refused > 100);
}

static void nesting_deeper_than_the_limit_is_refused(void **state)
{
	(void)state;
	for (unsigned int depth = 1; depth < 40; depth++) {
		size_t deep_size;
		void *deep;

		tree_begin();
		for (unsigned int i = 1; i < depth; i++)
			tree_node("n");
		for (unsigned int i = 1; i < depth; i++)
			tree_end();
		deep = tree_finish(&deep_size);
		assert_int_equal(fdt_open(&fdt, deep, deep_size, &fault),
				 depth <= FDT_DEPTH_MAX);
		if (depth > FDT_DEPTH_MAX)
			assert_string_equal(fault.what,
					    "nodes are nested too deeply");
		else
			visit(&fdt, fdt_root(&fdt), 0);
		free(deep);
	}
}

static void a_fault_names_its_position(void **state)
{
	fdt_node b = fdt_child(&fdt, fdt_root(&fdt), "b");

	(void)state;
	data[b.offset + 3] = 77;
	assert_false(fdt_open(&fdt, data, size, &fault));
	assert_string_equal(fault.what, "there is an unknown token");
	assert_int_equal(fault.offset, b.offset);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_tree, free_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nodes_are_found_in_order),
		TEST(paths_are_full_and_cut_to_size),
		TEST(properties_are_read),
		TEST(strings_are_told_from_other_data),
		TEST(every_truncation_is_refused),
		TEST(every_damaged_byte_is_refused_or_harmless),
		TEST(nesting_deeper_than_the_limit_is_refused),
		TEST(a_fault_names_its_position),
	};

	return cmocka_run_group_tests_name("fdt", tests, NULL, NULL);
}
