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
/* The machine's time between the looks, in seconds; 0: it did not run. */
double top_span(const struct look *before, const struct look *after);
void top_print(const struct look *before, const struct look *after,
	       struct text *out);
