/* SPDX-License-Identifier: MIT */
/*
 * The serving graph as it is printed: what the configuration implies, what
 * the VMM says of it, and the three formats.
 */
#include "graph.h"
#include "serve.h"
#include "tool_world.h"

#include <stdlib.h>
#include <string.h>

static void graph_of(const struct world *w, struct graph *g)
{
	struct text t = { 0 };

	text_add(&t, "machine box\n");
	for (size_t i = 0; i < w->m.vm_count; i++)
		text_add(&t, "vm %zu %s\n", i + 1, w->m.vm[i].name);
	graph_describe(&w->m, &t);
	graph_read(t.at, g);
	text_free(&t);
}

static const struct graph_pair *pair_of(const struct graph *g, const char *a,
					const char *b)
{
	for (size_t i = 0; i < g->pair_count; i++)
		if (text_equal(graph_name(g, g->pair[i].a), a) &&
		    text_equal(graph_name(g, g->pair[i].b), b))
			return &g->pair[i];
	fail_msg("%s and %s are no pair", a, b);
	return NULL;
}

static void graph_has_what_may_share_and_nothing_else(void **state)
{
	struct world w = world_demo();
	struct graph g;
	unsigned int count = 0;

	(void)state;
	test_vm_file(w.folder, "x", "channels=['y']\n");
	test_vm_file(w.folder, "y", "channels=['x']\n");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	graph_of(&w, &g);
	for (unsigned int a = 1; a <= w.m.vm_count; a++)
		for (unsigned int b = a + 1; b <= w.m.vm_count; b++)
			count += serve_may_share(&w.m, a, b);
	assert_int_equal(g.pair_count, count);
	for (size_t i = 0; i < g.pair_count; i++) {
		assert_true(serve_may_share(&w.m, g.pair[i].a, g.pair[i].b));
		assert_true(g.pair[i].implied);
	}
	assert_true(pair_of(&g, "blk0", "web1")->serves);
	assert_string_equal(pair_of(&g, "blk0", "web1")->what.at, "disk xvda");
	assert_string_equal(pair_of(&g, "store", "web2")->what.at, "xenstore");
	assert_false(pair_of(&g, "x", "y")->serves);
	char *serves = graph_neighbours(&g, world_at(&w, "net0")->domid, true);
	char *uses = graph_neighbours(&g, world_at(&w, "web1")->domid, false);

	assert_string_equal(serves, "web1,web2");
	assert_string_equal(uses, "blk0,net0,store");
	free(serves);
	free(uses);
	graph_free(&g);
	world_end(&w);
}

static void the_vmms_word_is_compared(void **state)
{
	const struct telemetry_share allowed = { .peer = 2 };
	const struct telemetry_share stranger = { .peer = 3 };
	const struct telemetry_share there[] = {
		{ 2, TELEMETRY_SHARE_PORT, 5, 7, 100 },
		{ 2, TELEMETRY_SHARE_PORT, 6, 9, 0 },
		{ 2, TELEMETRY_SHARE_MAP, 0, 0, 4 },
	}, back[] = {
		{ 1, TELEMETRY_SHARE_PORT, 7, 5, 40 },
		{ 1, TELEMETRY_SHARE_MAP, 0, 0, 5 },
	};
	struct graph g;
	struct text t = { 0 };

	(void)state;
	graph_read("vm 1 a\nvm 2 b\nvm 3 c\nserve 1 2 disk xvda\n", &g);
	assert_int_equal(graph_differences(&g), 0); /* nobody was asked */
	for (size_t i = 0; i < ARRAY_COUNT(there); i++)
		graph_hear(&g, 1, &there[i]);
	assert_int_equal(graph_differences(&g), 1);
	graph_hear(&g, 1, &allowed);
	for (size_t i = 0; i < ARRAY_COUNT(back); i++)
		graph_hear(&g, 2, &back[i]);
	assert_int_equal(graph_differences(&g), 0);
	assert_int_equal(g.channel_count, 2);
	assert_int_equal(g.channel[0].sent_a, 100);
	assert_int_equal(g.channel[0].sent_b, 40);
	assert_int_equal(g.channel[1].sent_b, 0);
	graph_print(&g, GRAPH_TEXT, &t);
	assert_string_equal(
		t.at, "a -> b  disk xvda  2 channels, 9 grants mapped\n");
	text_free(&t);
	graph_hear(&g, 1, &stranger);
	assert_int_equal(graph_differences(&g), 1);
	graph_print(&g, GRAPH_TEXT, &t);
	assert_non_null(strstr(t.at, "a -- c  shares     0 channels, 0 grants "
				     "mapped  NOT IN THE CONFIGURATION\n"));
	text_free(&t);
	graph_free(&g);
}

static void formats_hold_every_name_and_pair(void **state)
{
	static const char lines[] = "machine m\nvm 1 one\nvm 2 two\nvm 3 s\n"
				    "serve 1 2 disk x<&>\nshare 1 2\n"
				    "serve 3 1 xenstore\nserve 3 2 xenstore\n"
				    "accel tcg\nserve\nvm x\n";
	struct graph g;
	struct text dot = { 0 }, svg = { 0 };
	unsigned int curves = 0;

	(void)state;
	graph_read(lines, &g);
	assert_int_equal(g.pair_count, 3);
	graph_print(&g, GRAPH_DOT, &dot);
	assert_non_null(strstr(dot.at, "digraph \"m\" {"));
	assert_non_null(strstr(dot.at, "\"one\" -> \"two\" [label=\"disk "));
	graph_print(&g, GRAPH_SVG, &svg);
	assert_true(text_starts(svg.at, "<svg "));
	assert_non_null(strstr(svg.at, ">one</text>"));
	assert_non_null(strstr(svg.at, "disk x&lt;&amp;&gt;</text>"));
	for (const char *p = svg.at; (p = strstr(p, "<path d=\"M ")); p++)
		curves++;
	assert_int_equal(curves, 3 + 1); /* one is the arrow's tip */
	text_free(&dot);
	text_free(&svg);
	graph_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(graph_has_what_may_share_and_nothing_else),
		cmocka_unit_test(the_vmms_word_is_compared),
		cmocka_unit_test(formats_hold_every_name_and_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
