/* SPDX-License-Identifier: MIT */
/*
 * Asking the VMM bit by bit; see watch.h.
 */
#include "watch.h"
#include "graph_live.h"

#include <stdlib.h>
#include <string.h>

#define PERIOD_MS    1000 /* from look to look */
#define SOON_MS	     100
#define NO_ANSWER_MS 5000 /* then a look begins anew */
#define TOO_OLD_MS   5000 /* for a rate until now */

void watch_open(const struct machine *m, struct watch *out)
{
	struct text t = { 0 };

	*out = (struct watch){ 0 };
	text_add(&t, "machine %s\n", m->name);
	for (size_t i = 0; i < m->vm_count; i++)
		text_add(&t, "vm %zu %s\n", i + 1, m->vm[i].name);
	graph_describe(m, &t);
	out->lines = t.at;
}

void watch_close(struct watch *w)
{
	look_free(&w->before);
	look_free(&w->last);
	look_free(&w->now);
	free(w->lines);
	w->lines = NULL;
}

static void give_up(struct session *s, struct watch *w)
{
	session_ask_drop(s);
	w->asks = WATCH_RESTS;
	w->next_at = session_now() + PERIOD_MS;
}

static void ask(struct session *s, struct watch *w)
{
	enum telemetry_op op = w->asks == WATCH_LISTS ? TELEMETRY_OP_LIST
						      : TELEMETRY_OP_SHARES;

	w->asked = session_now();
	if (!session_ask(s, op, w->domid, (uint32_t)w->from))
		give_up(s, w);
}

int64_t watch_service(struct session *s, struct watch *w, bool wanted)
{
	int64_t now = session_now();

	if (w->asks != WATCH_RESTS && now - w->asked >= NO_ANSWER_MS)
		give_up(s, w);
	if (w->asks != WATCH_RESTS)
		return w->asked + NO_ANSWER_MS;
	if (!wanted)
		return 0;
	if (now < w->next_at)
		return w->next_at;
	look_free(&w->now);
	w->began = now;
	w->asks = WATCH_LISTS;
	w->domid = 0;
	w->from = 0;
	ask(s, w);
	return w->asks == WATCH_RESTS ? w->next_at : now + NO_ANSWER_MS;
}

static void whole(struct watch *w)
{
	int64_t now = session_now();

	if (now - w->last_at > TOO_OLD_MS)
		look_free(&w->last);
	look_free(&w->before);
	w->before = w->last;
	w->last = w->now;
	w->now = (struct look){ 0 };
	w->last.g.live = true;
	w->last_at = now;
	w->count++;
	w->asks = WATCH_RESTS;
	/* At most half of the time goes into asking. */
	if (w->next_at <= w->began)
		w->next_at = w->began + PERIOD_MS;
	if (w->next_at < now + (now - w->began))
		w->next_at = now + (now - w->began);
}

/* The answer to one question leads to the next; true: there is none. */
static bool replied(struct session *s, struct watch *w, int32_t status)
{
	if (w->asks == WATCH_LISTS && (status < 0 || !w->now.rows.count)) {
		give_up(s, w);
		return false;
	}
	if (status > w->from) {
		w->from = status;
	} else {
		if (w->asks == WATCH_LISTS)
			graph_read(w->lines, &w->now.g);
		w->asks = WATCH_SHARES;
		w->domid++;
		w->from = 0;
	}
	if (w->domid > s->machine->vm_count) {
		whole(w);
		return true;
	}
	ask(s, w);
	return false;
}

bool watch_hear(struct session *s, struct watch *w, const struct frame *f)
{
	struct telemetry_reply r;

	if (w->asks == WATCH_LISTS && f->type == TELEMETRY_DOMAIN)
		vm_rows_add(&w->now.rows, f);
	if (w->asks == WATCH_SHARES && f->type == TELEMETRY_SHARES &&
	    f->domid == w->domid)
		graph_hear_frame(&w->now.g, f);
	if (w->asks == WATCH_RESTS || f->type != TELEMETRY_REPLY ||
	    f->length < sizeof(r))
		return false;
	memcpy(&r, f->payload, sizeof(r));
	return replied(s, w, r.status);
}

void watch_wake(struct watch *w)
{
	int64_t soon = session_now() + SOON_MS;

	if (w->asks != WATCH_RESTS || w->next_at > soon)
		w->next_at = soon;
}

bool watch_is_fresh(const struct watch *w)
{
	return w->count && session_now() - w->last_at < PERIOD_MS;
}
