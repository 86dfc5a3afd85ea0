/* SPDX-License-Identifier: MIT */
/*
 * The table of VMs, in the columns of `xl list`.
 */
#pragma once
#include "client.h"
#include "graph.h"

/* xl's six letters: running, blocked, paused, shut down, crashed, dying. */
void vm_state_letters(const struct telemetry_domain *d, char out[7]);
/* With a graph, also whom each serves and uses. */
void vm_table_print(const struct vm_rows *rows, const struct graph *g,
		    struct text *out);
