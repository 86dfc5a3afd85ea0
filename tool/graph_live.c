/* SPDX-License-Identifier: MIT */
/*
 * The graph of a running machine: names and services from the broker, what
 * may be shared and what is from the VMM, one VM after the other.
 */
#include "graph_live.h"
#include "session.h"

#include <string.h>
#include <time.h>
#include <xen/errno.h>

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

struct hearing {
	struct graph *g;
	unsigned int domid;
};

static void hear(const struct frame *f, void *context)
{
	struct hearing *h = context;
	struct telemetry_pair said;

	if (f->type != TELEMETRY_PAIR || f->length < sizeof(said) ||
	    f->domid != h->domid)
		return;
	memcpy(&said, f->payload, sizeof(said));
	graph_hear(h->g, f->domid, &said);
}

bool graph_complete(struct client_link *l, struct graph *g)
{
	static const struct timespec moment = { 0, 10000000 };
	int64_t until = session_now() + CLIENT_PATIENCE;

	for (unsigned int id = 1; id < g->limit; id++) {
		struct hearing h = { g, id };
		int32_t r;

		/* Somebody else may be asking the same. */
		while ((r = client_ask(l, TELEMETRY_OP_GRAPH, id, hear, &h)) ==
			       -XEN_EBUSY &&
		       session_now() < until)
			nanosleep(&moment, NULL);
		if (r == INT32_MIN)
			return false;
		if (r) {
			complain("graph: the VMM does not tell it (%d)", r);
			return false;
		}
	}
	g->live = true;
	return true;
}
