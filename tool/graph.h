/* SPDX-License-Identifier: MIT */
/*
 * Who serves whom and who may share what, as one thing to print. It is read
 * from lines that graph_describe() writes, whether they come from a folder
 * or over the socket from the tool that runs the machine:
 *
 *	machine NAME
 *	vm NUMBER NAME
 *	serve SERVER CLIENT WHAT	what: words, to the end of the line
 *	share A B			channels, neither serves the other
 *
 * and completed with what the running VMM says of each pair. Invariants:
 *  G1  a pair of VMs is there at most once, with `what` of all devices;
 *  G2  serving pairs form no circle.
 */
#pragma once
#include <bulkhead/telemetry.h>
#include "machine.h"

struct graph_pair {
	unsigned int a, b; /* numbers; a serves b if `serves` */
	bool serves;
	bool implied; /* by the configuration */
	bool allowed; /* by the running VMM */
	struct text what;
	/* Read from the VMM. */
	uint32_t channels;	/* bound, as a sees them */
	uint32_t maps_a, maps_b; /* grants of the other that each has mapped */
};

/* An event channel: two ends and how often each ever sent. */
struct graph_channel {
	unsigned int a, b;
	uint32_t port_a, port_b;
	uint32_t sent_a, sent_b;
};

struct graph {
	char *name;   /* of the machine */
	char **vm;    /* by number; NULL: none */
	size_t limit; /* numbers are below this */
	struct graph_pair *pair;
	size_t pair_count;
	struct graph_channel *channel; /* as read from the VMM */
	size_t channel_count;
	bool live; /* the VMM was asked */
};

enum graph_format { GRAPH_TEXT, GRAPH_DOT, GRAPH_SVG };

/* The lines `serve` and `share` of a machine. */
void graph_describe(const struct machine *m, struct text *out);
/* Reads all four kinds of lines; others are not its business. */
void graph_read(const char *lines, struct graph *out);
/* A row that the VMM says of one VM. */
void graph_hear(struct graph *g, unsigned int domid,
		const struct telemetry_share *said);
/* The pair of two VMs, whichever serves; NULL: there is none. */
const struct graph_pair *graph_pair_of(const struct graph *g, unsigned int a,
				       unsigned int b);
/* Pairs where the VMM and the configuration differ. */
size_t graph_differences(const struct graph *g);
void graph_print(const struct graph *g, enum graph_format f, struct text *out);
void graph_print_svg(const struct graph *g, struct text *out);
void graph_free(struct graph *g);

/* Those that a VM serves, or uses, with commas between; "-" for none. */
char *graph_neighbours(const struct graph *g, unsigned int domid, bool serves);
/* Channels and grants of a pair in words; freed by the caller. */
char *graph_traffic(const struct graph_pair *p);
const char *graph_name(const struct graph *g, unsigned int domid);
