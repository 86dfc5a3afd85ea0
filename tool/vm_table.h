/* SPDX-License-Identifier: MIT */
/*
 * The table of VMs, in the columns of `xl list`.
 */
#pragma once
#include "client.h"
#include "graph.h"

/* With a graph, also whom each serves and uses. */
void vm_table_print(const struct vm_rows *rows, const struct graph *g,
		    struct text *out);
