/* SPDX-License-Identifier: MIT */
/*
 * The serving graph as lines, and lines as a graph; see graph.h.
 */
#include "graph.h"
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe_vm(const struct machine *m, const struct vm *vm,
			struct text *out)
{
	for (size_t i = 0; i < vm->disk_count; i++)
		if (vm->disk[i].back)
			text_add(out, "serve %u %u disk %s\n", vm->disk[i].back,
				 vm->domid, vm->disk[i].vdev);
	for (size_t i = 0; i < vm->vif_count; i++)
		if (vm->vif[i].back)
			text_add(out, "serve %u %u vif %u\n", vm->vif[i].back,
				 vm->domid, vm->vif[i].id);
	if (m->store_domid && vm->domid != m->store_domid)
		text_add(out, "serve %u %u xenstore\n", m->store_domid,
			 vm->domid);
}

void graph_describe(const struct machine *m, struct text *out)
{
	for (size_t i = 0; i < m->vm_count; i++)
		describe_vm(m, &m->vm[i], out);
	for (unsigned int a = 1; a <= m->vm_count; a++)
		for (unsigned int b = a + 1; b <= m->vm_count; b++)
			if (serve_are_peers(m, a, b))
				text_add(out, "share %u %u\n", a, b);
}

const char *graph_name(const struct graph *g, unsigned int domid)
{
	return domid < g->limit && g->vm[domid] ? g->vm[domid] : "?";
}

static void vm_add(struct graph *g, unsigned int domid, const char *name)
{
	if (domid >= g->limit) {
		g->vm = mem_grow(g->vm, domid + 1, sizeof(g->vm[0]));
		for (size_t i = g->limit; i <= domid; i++)
			g->vm[i] = NULL;
		g->limit = domid + 1;
	}
	free(g->vm[domid]);
	g->vm[domid] = text_copy(name);
}

const struct graph_pair *graph_pair_of(const struct graph *g, unsigned int a,
				       unsigned int b)
{
	for (size_t i = 0; i < g->pair_count; i++) {
		const struct graph_pair *p = &g->pair[i];

		if ((p->a == a && p->b == b) || (p->a == b && p->b == a))
			return p;
	}
	return NULL;
}

/* The same; a new one if there is none. */
static struct graph_pair *pair_at(struct graph *g, unsigned int a,
				  unsigned int b)
{
	const struct graph_pair *found = graph_pair_of(g, a, b);

	if (found)
		return &g->pair[found - g->pair];
	g->pair = mem_grow(g->pair, g->pair_count + 1, sizeof(g->pair[0]));
	struct graph_pair *p = &g->pair[g->pair_count++];

	*p = (struct graph_pair){ .a = a, .b = b };
	return p;
}

static void serve_add(struct graph *g, unsigned int server, unsigned int client,
		      const char *what)
{
	struct graph_pair *p = pair_at(g, server, client);

	p->a = server;
	p->b = client;
	p->serves = p->implied = true;
	text_add(&p->what, "%s%s", p->what.length ? ", " : "", what);
}

static void line_read(struct graph *g, const char *line)
{
	unsigned int a, b;
	int at = 0;

	if (sscanf(line, "vm %u %n", &a, &at) == 1 && at && a &&
	    a <= MACHINE_VMS_MAX) {
		vm_add(g, a, line + at);
	} else if (text_starts(line, "machine ")) {
		free(g->name);
		g->name = text_copy(line + strlen("machine "));
	} else if (sscanf(line, "serve %u %u %n", &a, &b, &at) == 2 && at) {
		serve_add(g, a, b, line + at);
	} else if (sscanf(line, "share %u %u", &a, &b) == 2) {
		pair_at(g, a, b)->implied = true;
	}
}

static int by_names(const void *x, const void *y, void *arg)
{
	const struct graph *g = arg;
	const struct graph_pair *p = x, *q = y;
	int order = strcmp(graph_name(g, p->a), graph_name(g, q->a));

	return order ? order
		     : strcmp(graph_name(g, p->b), graph_name(g, q->b));
}

static void sort(struct graph *g)
{
	if (g->pair_count)
		qsort_r(g->pair, g->pair_count, sizeof(g->pair[0]), by_names,
			g);
}

void graph_read(const char *lines, struct graph *out)
{
	char *copy = text_copy(lines), *rest = copy, *line;

	*out = (struct graph){ 0 };
	while ((line = strsep(&rest, "\n")))
		line_read(out, line);
	if (!out->name)
		out->name = text_copy("machine");
	sort(out);
	free(copy);
}

/* Both ends tell of a channel, one after the other. */
static void channel_hear(struct graph *g, unsigned int domid,
			 const struct telemetry_share *said)
{
	for (size_t i = 0; i < g->channel_count; i++) {
		struct graph_channel *c = &g->channel[i];

		if (c->a == said->peer && c->port_a == said->peer_port &&
		    c->b == domid && c->port_b == said->port) {
			c->sent_b = said->count;
			return;
		}
	}
	g->channel = mem_grow(g->channel, g->channel_count + 1,
			      sizeof(g->channel[0]));
	g->channel[g->channel_count++] = (struct graph_channel){
		.a = domid,
		.b = said->peer,
		.port_a = said->port,
		.port_b = said->peer_port,
		.sent_a = said->count,
	};
}

void graph_hear(struct graph *g, unsigned int domid,
		const struct telemetry_share *said)
{
	if (!domid || !said->peer || domid == said->peer)
		return;
	struct graph_pair *p = pair_at(g, domid, said->peer);

	switch ((enum telemetry_share_kind)said->kind) {
	case TELEMETRY_SHARE_PEER:
		p->allowed = true;
		break;
	case TELEMETRY_SHARE_PORT:
		if (p->a == domid)
			p->channels++;
		channel_hear(g, domid, said);
		break;
	case TELEMETRY_SHARE_MAP:
		*(p->a == domid ? &p->maps_a : &p->maps_b) += said->count;
		break;
	}
	g->live = true;
}

size_t graph_differences(const struct graph *g)
{
	size_t count = 0;

	for (size_t i = 0; g->live && i < g->pair_count; i++)
		count += g->pair[i].implied != g->pair[i].allowed;
	return count;
}

char *graph_neighbours(const struct graph *g, unsigned int domid, bool serves)
{
	struct text t = { 0 };

	for (size_t i = 0; i < g->pair_count; i++) {
		const struct graph_pair *p = &g->pair[i];

		if (!p->serves || (serves ? p->a : p->b) != domid)
			continue;
		text_add(&t, "%s%s", t.length ? "," : "",
			 graph_name(g, serves ? p->b : p->a));
	}
	if (!t.length)
		text_add(&t, "-");
	return t.at;
}

char *graph_traffic(const struct graph_pair *p)
{
	uint32_t maps = p->maps_a + p->maps_b;

	return text_format("%u channel%s, %u grant%s mapped", p->channels,
			   p->channels == 1 ? "" : "s", maps,
			   maps == 1 ? "" : "s");
}

static const char *what_of(const struct graph_pair *p)
{
	return p->what.length ? p->what.at : "shares";
}

/* What only the VMM or only the configuration says. */
static const char *difference(const struct graph *g, const struct graph_pair *p)
{
	if (!g->live || p->implied == p->allowed)
		return "";
	return p->allowed ? "  NOT IN THE CONFIGURATION"
			  : "  NOT ALLOWED BY THE VMM";
}

static void print_text(const struct graph *g, struct text *out)
{
	int width[3] = { 1, 1, 1 };

	for (size_t i = 0; i < g->pair_count; i++) {
		const struct graph_pair *p = &g->pair[i];
		const char *word[3] = { graph_name(g, p->a),
					graph_name(g, p->b), what_of(p) };

		for (unsigned int k = 0; k < 3; k++)
			if ((int)strlen(word[k]) > width[k])
				width[k] = (int)strlen(word[k]);
	}
	for (size_t i = 0; i < g->pair_count; i++) {
		const struct graph_pair *p = &g->pair[i];
		char *traffic = graph_traffic(p);

		text_add(out, "%-*s %s %-*s  ", width[0], graph_name(g, p->a),
			 p->serves ? "->" : "--", width[1],
			 graph_name(g, p->b));
		if (g->live)
			text_add(out, "%-*s  %s%s\n", width[2], what_of(p),
				 traffic, difference(g, p));
		else
			text_add(out, "%s\n", what_of(p));
		free(traffic);
	}
	if (!g->pair_count)
		text_add(out, "no VM shares anything with another\n");
}

static void print_dot(const struct graph *g, struct text *out)
{
	text_add(out,
		 "digraph \"%s\" {\n\trankdir=LR;\n\tnode [shape=box];\n",
		 g->name);
	for (size_t i = 1; i < g->limit; i++)
		if (g->vm[i])
			text_add(out, "\t\"%s\";\n", g->vm[i]);
	for (size_t i = 0; i < g->pair_count; i++) {
		const struct graph_pair *p = &g->pair[i];
		char *traffic = graph_traffic(p);

		text_add(out, "\t\"%s\" -> \"%s\" [label=\"%s%s%s\"%s];\n",
			 graph_name(g, p->a), graph_name(g, p->b), what_of(p),
			 g->live ? "\\n" : "", g->live ? traffic : "",
			 p->serves ? "" : ", dir=none");
		free(traffic);
	}
	text_add(out, "}\n");
}

void graph_print(const struct graph *g, enum graph_format f, struct text *out)
{
	switch (f) {
	case GRAPH_TEXT:
		print_text(g, out);
		break;
	case GRAPH_DOT:
		print_dot(g, out);
		break;
	case GRAPH_SVG:
		graph_print_svg(g, out);
		break;
	}
}

void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->limit; i++)
		free(g->vm[i]);
	for (size_t i = 0; i < g->pair_count; i++)
		text_free(&g->pair[i].what);
	free(g->vm);
	free(g->pair);
	free(g->channel);
	free(g->name);
	*g = (struct graph){ 0 };
}
