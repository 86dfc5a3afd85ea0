/* SPDX-License-Identifier: MIT */
/*
 * Who shares what with whom: TELEMETRY_OP_GRAPH, read from the very tables
 * that decide it. One VM at a time, in bounded pieces.
 */
#pragma once
#include "lib/types.h"

struct domain;
struct outbox;

/* Begins to answer the command with this cookie; -XEN_EBUSY: not now. */
int graph_begin(const struct domain *d, uint32_t cookie);
/* The next piece; false if nothing is asked. Boot CPU. */
bool graph_step(struct outbox *box);
