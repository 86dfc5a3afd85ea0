/* SPDX-License-Identifier: MIT */
/*
 * A look at a machine in JSON; see page_state.h. A rate that is not known
 * yet is null. Memory is in KiB, times are in seconds of the machine's own.
 */
#include "page_state.h"
#include "json.h"

#include <inttypes.h>
#include <string.h>

#define SHUTDOWN_CRASH 3 /* xen/sched.h */

static void text_value(struct text *out, const char *key, const char *value)
{
	text_add(out, "\"%s\":", key);
	json_string(out, value, strlen(value));
}

static void rate_value(struct text *out, const char *key, bool known,
		       double rate)
{
	if (known)
		text_add(out, ",\"%s\":%.1f", key, rate);
	else
		text_add(out, ",\"%s\":null", key);
}

static const char *state_name(const struct telemetry_domain *d)
{
	switch ((enum telemetry_state)d->state) {
	case TELEMETRY_STATE_BUILDING:
		return "building";
	case TELEMETRY_STATE_RUNNING:
		return "running";
	case TELEMETRY_STATE_BLOCKED:
		return "blocked";
	case TELEMETRY_STATE_PAUSED:
		return "paused";
	case TELEMETRY_STATE_SHUTDOWN:
		return d->reason == SHUTDOWN_CRASH ? "crashed" : "shut down";
	case TELEMETRY_STATE_DYING:
		return "dying";
	case TELEMETRY_STATE_DEAD:
		return "dead";
	}
	return "unknown";
}

static void vm_add(const struct session *s, const struct watch *w,
		   const struct vm_row *row, struct text *out)
{
	const struct telemetry_domain *d = &row->d;
	struct vm_rates r = top_vm_rates(&w->before, &w->last, row);

	text_add(out, "{\"id\":%u,", row->domid);
	text_value(out, "name", s->machine->vm[row->domid - 1].name);
	text_add(out, ",\"state\":\"%s\"", state_name(d));
	text_add(out,
		 ",\"vcpus\":%u,\"memory\":%" PRIu64 ",\"restarts\":%" PRIu32
		 ",\"seconds\":%.3f,\"printed\":%" PRIu64,
		 d->vcpu_count, d->memory_kib, d->restart_count,
		 (double)d->cpu_time_ns / 1e9, s->vm[row->domid].printed);
	rate_value(out, "cpu", r.known, r.cpu);
	rate_value(out, "exits", r.known, r.exits);
	rate_value(out, "wakeups", r.known, r.wakeups);
	text_add(out, "}");
}

/* What went over all channels of a pair, in both directions. */
static struct channel_rates pair_rates(const struct watch *w,
				       const struct graph_pair *p)
{
	struct channel_rates sum = { 0 };

	for (size_t i = 0; i < w->last.g.channel_count; i++) {
		const struct graph_channel *c = &w->last.g.channel[i];

		if (!(c->a == p->a && c->b == p->b) &&
		    !(c->a == p->b && c->b == p->a))
			continue;
		struct channel_rates r =
			top_channel_rates(&w->before, &w->last, c);
		bool turned = c->a == p->b;

		sum.known |= r.known;
		sum.a += turned ? r.b : r.a;
		sum.b += turned ? r.a : r.b;
	}
	return sum;
}

static void pair_add(const struct watch *w, const struct graph_pair *p,
		     struct text *out)
{
	struct channel_rates r = pair_rates(w, p);

	text_add(out, "{\"a\":%u,\"b\":%u,\"serves\":%s,", p->a, p->b,
		 p->serves ? "true" : "false");
	text_value(out, "what", p->what.length ? p->what.at : "shares");
	text_add(out,
		 ",\"channels\":%" PRIu32 ",\"grants\":%" PRIu32
		 ",\"differs\":%s",
		 p->channels, p->maps_a + p->maps_b,
		 p->implied == p->allowed ? "false" : "true");
	rate_value(out, "there", r.known, r.a);
	rate_value(out, "back", r.known, r.b);
	text_add(out, "}");
}

void page_state(const struct session *s, const struct watch *w,
		struct text *out)
{
	const struct look *l = &w->last;
	double time = l->rows.count ? (double)l->rows.at[0].d.time_ns : 0;
	const char *comma = "";

	text_add(out, "{");
	text_value(out, "machine", s->machine->name);
	text_add(out,
		 ",\"look\":%" PRIu64 ",\"time\":%.2f,\"span\":%.2f,"
		 "\"cpus\":%" PRIu64 ",\"memory\":%" PRIu64
		 ",\"accel\":\"%s\",\"vms\":[",
		 w->count, time / 1e9, top_span(&w->before, l),
		 s->machine->cpus, s->machine->memory << 10,
		 s->options->kvm ? "kvm" : "tcg");
	for (size_t i = 0; i < l->rows.count; i++) {
		unsigned int domid = l->rows.at[i].domid;

		if (!domid || domid > s->machine->vm_count)
			continue;
		text_add(out, "%s", comma);
		vm_add(s, w, &l->rows.at[i], out);
		comma = ",";
	}
	text_add(out, "],\"pairs\":[");
	for (size_t i = 0; i < l->g.pair_count; i++) {
		text_add(out, "%s", i ? "," : "");
		pair_add(w, &l->g.pair[i], out);
	}
	text_add(out, "]}");
}

void page_console(const struct session *s, unsigned int domid, struct text *out)
{
	const struct text *t = &s->vm[domid].history;
	const char *from = t->at ? t->at : "";
	size_t count = t->length;

	if (count > SESSION_HISTORY) {
		from += count - SESSION_HISTORY;
		count = SESSION_HISTORY;
		/* From the beginning of a line, if there is one. */
		const char *line = memchr(from, '\n', count);

		if (line) {
			count -= (size_t)(line + 1 - from);
			from = line + 1;
		}
	}
	text_add(out, "{\"vm\":%u,\"printed\":%" PRIu64 ",\"text\":", domid,
		 s->vm[domid].printed);
	json_string(out, from, count);
	text_add(out, "}");
}

void page_end(const struct session *s, struct text *out)
{
	const char *how = "QEMU ended";
	bool good = false;

	if (s->panicked || s->done == 0x13) {
		how = "the VMM panicked";
	} else if (s->timed_out) {
		how = "stopped, as --timeout says";
	} else if (s->signal || s->quit) {
		how = "ended by its operator";
		good = true;
	} else if (s->done == 0x10) {
		how = "every VM has ended";
		good = true;
	} else if (s->done == 0x12) {
		how = "a VM crashed";
	}
	text_add(out, "{\"good\":%s,\"how\":\"%s\"}", good ? "true" : "false",
		 how);
}
