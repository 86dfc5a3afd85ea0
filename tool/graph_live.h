/* SPDX-License-Identifier: MIT */
/*
 * The graph of a running machine.
 */
#pragma once
#include "client.h"
#include "graph.h"

/* What its configuration implies, from the tool that runs it. */
bool graph_fetch(struct client_link *l, struct graph *out);
/* The rows of a SHARES frame. */
void graph_hear_frame(struct graph *g, const struct frame *f);
/* What its VMM says of all pairs; false after a sentence. */
bool graph_complete(struct client_link *l, struct graph *g);
