/* SPDX-License-Identifier: MIT */
/*
 * The graph of a running machine: names and services from the broker, what
 * may be shared and what is from the VMM, one VM after the other.
 */
#include "graph_live.h"

#include <string.h>

bool graph_fetch(struct client_link *l, struct graph *out)
{
	struct frame ask = frame_make(FRAME_DESCRIBE, 0, NULL, 0);
	struct text t = { 0 };
	bool good = client_fetch(l, &ask, &t);

	if (good)
		graph_read(t.at, out);
	else
		complain("machine '%s' has ended", l->name);
	text_free(&t);
	return good;
}

void graph_hear_frame(struct graph *g, const struct frame *f)
{
	struct telemetry_share row;

	for (size_t i = sizeof(struct telemetry_shares);
	     i + sizeof(row) <= f->length; i += sizeof(row)) {
		memcpy(&row, f->payload + i, sizeof(row));
		graph_hear(g, f->domid, &row);
	}
}

struct hearing {
	struct graph *g;
	unsigned int domid;
};

static void hear(const struct frame *f, void *context)
{
	const struct hearing *h = context;

	if (f->type == TELEMETRY_SHARES && f->domid == h->domid)
		graph_hear_frame(h->g, f);
}

/* All parts of what a VM shares. */
static bool complete_vm(struct client_link *l, struct graph *g,
			unsigned int domid)
{
	struct hearing h = { g, domid };
	int32_t from = 0, next;

	do {
		struct telemetry_command c = {
			0, TELEMETRY_OP_SHARES,
			{ (uint8_t)from, (uint8_t)(from >> 8),
			  (uint8_t)(from >> 16) }
		};

		next = client_ask(l, frame_make(TELEMETRY_COMMAND, domid, &c,
						sizeof(c)),
				  hear, &h);
		if (next < 0 || (next && next <= from)) {
			if (next != INT32_MIN)
				complain("graph: the VMM does not tell it (%d)",
					 next);
			return false;
		}
		from = next;
	} while (next);
	return true;
}

bool graph_complete(struct client_link *l, struct graph *g)
{
	for (unsigned int id = 1; id < g->limit; id++)
		if (g->vm[id] && !complete_vm(l, g, id))
			return false;
	g->live = true;
	return true;
}
