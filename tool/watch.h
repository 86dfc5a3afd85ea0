/* SPDX-License-Identifier: MIT */
/*
 * Looks at the machine from inside the tool that runs it, for the live page:
 * the same questions as `bulkhead top` asks, but nobody waits for an answer.
 * Invariants:
 *  W1  one question is on its way at most; an answer to another is not heard;
 *  W2  `last` is a whole look; what is being gathered is in `now`;
 *  W3  nothing is asked but within watch_service() while somebody wants it,
 *      or to complete what was begun.
 */
#pragma once
#include "session.h"
#include "top.h"

enum watch_asks { WATCH_RESTS, WATCH_LISTS, WATCH_SHARES };

struct watch {
	struct look before, last, now;
	uint64_t count; /* whole looks, ever */
	int64_t last_at;
	char *lines; /* what the configuration says, for graph_read() */
	enum watch_asks asks;
	unsigned int domid; /* whose shares; 0 in a list */
	int32_t from;	    /* and from where on */
	int64_t began, asked, next_at;
};

void watch_open(const struct machine *m, struct watch *out);
void watch_close(struct watch *w);
/* Begins a look that is due; returns when to come back (ms), 0: never. */
int64_t watch_service(struct session *s, struct watch *w, bool wanted);
/* What the VMM answered; true when that made a look whole. */
bool watch_hear(struct session *s, struct watch *w, const struct frame *f);
/* Something happened: look soon. */
void watch_wake(struct watch *w);
/* The last look is of this moment, or nearly so. */
bool watch_is_fresh(const struct watch *w);
