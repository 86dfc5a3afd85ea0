/* SPDX-License-Identifier: MIT */
/*
 * bulkhead graph: who serves whom, from the files of a machine or, for one
 * that runs, from the tables of its VMM.
 */
#include "client.h"
#include "graph.h"
#include "graph_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool graph_of_folder(const char *folder, struct graph *out)
{
	struct faults faults = { 0 };
	struct text t = { 0 };
	struct machine m;
	bool good = machine_read(folder, &m, &faults);

	faults_print(&faults, stderr);
	if (good) {
		text_add(&t, "machine %s\n", m.name);
		for (size_t i = 0; i < m.vm_count; i++)
			text_add(&t, "vm %u %s\n", m.vm[i].domid, m.vm[i].name);
		graph_describe(&m, &t);
		graph_read(t.at, out);
	}
	text_free(&t);
	faults_free(&faults);
	machine_free(&m);
	return good;
}

static bool graph_of_running(const struct arguments *a, struct graph *out)
{
	struct client_link l;
	bool good = client_open(a, &l) && graph_fetch(&l, out);

	if (good && !graph_complete(&l, out)) {
		graph_free(out);
		good = false;
	}
	client_close(&l);
	return good;
}

static bool format_read(const char *word, enum graph_format *out)
{
	static const char *const names[] = { "text", "dot", "svg", NULL };

	for (unsigned int i = 0; names[i]; i++)
		if (text_equal(names[i], word)) {
			*out = (enum graph_format)i;
			return true;
		}
	complain("--format is '%s': write text, dot or svg", word);
	return false;
}

int cmd_graph(const struct arguments *a)
{
	enum graph_format format;
	struct graph g;
	struct text t = { 0 };

	if (!format_read(argument_value(a, "format", "text"), &format))
		return EXIT_BAD;
	if (a->word_count && argument_flag(a, "machine"))
		return complain("graph takes a folder or --machine, not both");
	if (a->word_count ? !graph_of_folder(a->word[0], &g)
			  : !graph_of_running(a, &g))
		return EXIT_BAD;
	size_t wrong = graph_differences(&g);

	graph_print(&g, format, &t);
	fputs(t.at, stdout);
	if (wrong)
		complain("the VMM and the configuration differ in %zu pair%s",
			 wrong, wrong == 1 ? "" : "s");
	text_free(&t);
	graph_free(&g);
	return wrong ? EXIT_BAD : EXIT_GOOD;
}
