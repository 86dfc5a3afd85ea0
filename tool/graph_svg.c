/* SPDX-License-Identifier: MIT */
/*
 * The graph as a picture: servers left of what they serve, one column for
 * each step from those that need nobody. Boxes in a column stand in the
 * order of their names; what joins them are curves with a word at the end
 * of each, so that nothing needs a layout that looks for crossings.
 */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

#define BOX_WIDTH  120u
#define BOX_HEIGHT 20u	/* with nothing coming in */
#define LINE	   18u	/* for each that does */
#define GAP_X	   190u
#define GAP_Y	   24u
#define MARGIN	   20u

struct layout {
	const struct graph *g;
	unsigned int *column, *top, *lines; /* by number */
	unsigned int *line;		    /* of each pair, at its end */
	unsigned int columns, height;
};

/* What serves stands left of what it serves; no circle, so this ends. */
static void columns_find(struct layout *l)
{
	const struct graph *g = l->g;
	bool moved = true;

	for (size_t turn = 0; moved && turn < g->limit; turn++) {
		moved = false;
		for (size_t i = 0; i < g->pair_count; i++) {
			const struct graph_pair *p = &g->pair[i];

			if (!p->serves || p->a >= g->limit ||
			    p->b >= g->limit ||
			    l->column[p->b] > l->column[p->a])
				continue;
			l->column[p->b] = l->column[p->a] + 1;
			moved = true;
		}
	}
}

static unsigned int height(const struct layout *l, unsigned int domid)
{
	unsigned int lines = l->lines[domid];

	return BOX_HEIGHT + (lines ? lines : 1) * LINE;
}

static void rows_find(struct layout *l)
{
	unsigned int *used = mem_alloc((l->g->limit + 1) * sizeof(used[0]));

	for (size_t i = 0; i < l->g->pair_count; i++)
		if (l->g->pair[i].b < l->g->limit)
			l->line[i] = l->lines[l->g->pair[i].b]++;
	for (unsigned int i = 1; i < l->g->limit; i++) {
		unsigned int c = l->column[i];

		if (!l->g->vm[i])
			continue;
		l->top[i] = used[c];
		used[c] += height(l, i) + GAP_Y;
		if (used[c] > l->height)
			l->height = used[c];
		if (c + 1 > l->columns)
			l->columns = c + 1;
	}
	free(used);
}

static unsigned int left(const struct layout *l, unsigned int domid)
{
	return MARGIN + l->column[domid] * (BOX_WIDTH + GAP_X);
}

static unsigned int middle(const struct layout *l, unsigned int domid)
{
	return MARGIN + l->top[domid] + height(l, domid) / 2;
}

/* Names hold nothing that XML minds; what comes from a file might. */
static void words(struct text *out, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '<':
			text_add(out, "&lt;");
			break;
		case '>':
			text_add(out, "&gt;");
			break;
		case '&':
			text_add(out, "&amp;");
			break;
		default:
			text_add(out, "%c", *s);
		}
}

static void curve(const struct layout *l, size_t index, struct text *out)
{
	const struct graph_pair *p = &l->g->pair[index];
	unsigned int x1 = left(l, p->a) + BOX_WIDTH, x2 = left(l, p->b);
	unsigned int y1 = middle(l, p->a);
	unsigned int y2 = MARGIN + l->top[p->b] + BOX_HEIGHT / 2 + LINE / 2 +
			  l->line[index] * LINE;
	char *traffic = graph_traffic(p);
	bool wrong = l->g->live && p->implied != p->allowed;

	if (x2 < x1) /* in one column: round the right side */
		x2 += BOX_WIDTH;
	unsigned int bend = x2 < x1 + GAP_X ? GAP_X / 2 : GAP_X * 2 / 3;

	text_add(out,
		 "<path d=\"M %u %u C %u %u %u %u %u %u\" fill=\"none\" "
		 "stroke=\"%s\"%s%s><title>",
		 x1, y1, x1 + bend, y1, x2 > x1 ? x2 - bend : x2 + bend, y2, x2,
		 y2, wrong ? "#c00" : "#567",
		 p->serves ? " marker-end=\"url(#tip)\"" : "",
		 p->serves ? "" : " stroke-dasharray=\"4 3\"");
	text_add(out, "%s, %s", graph_name(l->g, p->a),
		 graph_name(l->g, p->b));
	if (l->g->live)
		text_add(out, ": %s", traffic);
	text_add(out, "</title></path>\n<text x=\"%u\" y=\"%u\" "
		      "text-anchor=\"end\" font-size=\"11\">",
		 x2 - 10, y2 - 5);
	words(out, p->what.length ? p->what.at : "shares");
	text_add(out, "</text>\n");
	free(traffic);
}

static void box(const struct layout *l, unsigned int domid, struct text *out)
{
	unsigned int x = left(l, domid), y = MARGIN + l->top[domid];

	text_add(out,
		 "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"5\" "
		 "fill=\"#eef\" stroke=\"#334\"/>\n<text x=\"%u\" y=\"%u\" "
		 "text-anchor=\"middle\">",
		 x, y, BOX_WIDTH, height(l, domid), x + BOX_WIDTH / 2,
		 middle(l, domid) + 5);
	words(out, graph_name(l->g, domid));
	text_add(out, "</text>\n");
}

void graph_print_svg(const struct graph *g, struct text *out)
{
	struct layout l = {
		.g = g,
		.column = mem_alloc((g->limit + 1) * sizeof(l.column[0])),
		.top = mem_alloc((g->limit + 1) * sizeof(l.top[0])),
		.lines = mem_alloc((g->limit + 1) * sizeof(l.lines[0])),
		.line = mem_alloc((g->pair_count + 1) * sizeof(l.line[0])),
	};

	columns_find(&l);
	rows_find(&l);
	text_add(out,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		 "height=\"%u\" font-family=\"sans-serif\" font-size=\"14\">\n"
		 "<title>",
		 2 * MARGIN + l.columns * (BOX_WIDTH + GAP_X) - GAP_X,
		 2 * MARGIN + l.height - GAP_Y);
	words(out, g->name);
	text_add(out,
		 "</title>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" "
		 "refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
		 "orient=\"auto\"><path d=\"M 0 0 L 8 4 L 0 8 z\" "
		 "fill=\"#567\"/></marker></defs>\n");
	for (size_t i = 0; i < g->pair_count; i++)
		if (g->pair[i].a < g->limit && g->pair[i].b < g->limit)
			curve(&l, i, out);
	for (unsigned int i = 1; i < g->limit; i++)
		if (g->vm[i])
			box(&l, i, out);
	text_add(out, "</svg>\n");
	free(l.column);
	free(l.top);
	free(l.lines);
	free(l.line);
}
