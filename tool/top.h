/* SPDX-License-Identifier: MIT */
/*
 * Two looks at a running machine, and what happened in between, by second
 * of the machine's own time: what `bulkhead top` prints. Invariant:
 *  T1  a rate is the difference of two counters of one VM or one channel,
 *      the same in both looks; what is in the later look only has none.
 */
#pragma once
#include "client.h"
#include "graph.h"

struct look {
	struct vm_rows rows;
	struct graph g;
};

void look_free(struct look *l);
/* By second of the machine's time; `known` is false when there is none. */
struct vm_rates {
	bool known;
	double cpu, exits, wakeups; /* cpu: per cent of one processor */
};

struct channel_rates {
	bool known;
	double a, b; /* how often each end sends */
};

struct vm_rates top_vm_rates(const struct look *before,
			     const struct look *after,
			     const struct vm_row *row);
struct channel_rates top_channel_rates(const struct look *before,
				       const struct look *after,
				       const struct graph_channel *c);
/* The machine's time between the looks, in seconds; 0: it did not run. */
double top_span(const struct look *before, const struct look *after);
void top_print(const struct look *before, const struct look *after,
	       struct text *out);
