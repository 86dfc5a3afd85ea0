/* SPDX-License-Identifier: MIT */
/*
 * Rates out of counters; see top.h.
 */
#include "top.h"
#include "vm_table.h"

#include <stdlib.h>
#include <string.h>

void look_free(struct look *l)
{
	free(l->rows.at);
	graph_free(&l->g);
	l->rows = (struct vm_rows){ 0 };
}

static const struct telemetry_domain *row_of(const struct look *l,
					     unsigned int domid)
{
	for (size_t i = 0; i < l->rows.count; i++)
		if (l->rows.at[i].domid == domid)
			return &l->rows.at[i].d;
	return NULL;
}

/* Counters only grow, but a machine may be another than before. */
static double grown(uint64_t before, uint64_t after)
{
	return after > before ? (double)(after - before) : 0;
}

static double span_of(const struct look *before, const struct look *after,
		      unsigned int domid)
{
	const struct telemetry_domain *old = row_of(before, domid);
	const struct telemetry_domain *new = row_of(after, domid);

	return old && new ? grown(old->time_ns, new->time_ns) / 1e9 : 0;
}

double top_span(const struct look *before, const struct look *after)
{
	return after->rows.count
		       ? span_of(before, after, after->rows.at[0].domid)
		       : 0;
}

struct vm_rates top_vm_rates(const struct look *before,
			     const struct look *after, const struct vm_row *row)
{
	const struct telemetry_domain *old = row_of(before, row->domid);
	double span = span_of(before, after, row->domid);

	if (!(span > 0))
		return (struct vm_rates){ 0 };
	return (struct vm_rates){
		true,
		grown(old->cpu_time_ns, row->d.cpu_time_ns) / 1e7 / span,
		grown(old->exit_count, row->d.exit_count) / span,
		grown(old->event_count, row->d.event_count) / span,
	};
}

static void vm_print(const struct look *before, const struct look *after,
		     const struct vm_row *row, int width, struct text *out)
{
	struct vm_rates r = top_vm_rates(before, after, row);
	char *serves = graph_neighbours(&after->g, row->domid, true);
	char *uses = graph_neighbours(&after->g, row->domid, false);
	char letters[7];

	vm_state_letters(&row->d, letters);
	text_add(out, "%-*s %4u  %s %5u", width, row->d.name, row->domid,
		 letters, row->d.vcpu_count);
	if (r.known)
		text_add(out, " %6.1f %9.0f %9.0f", r.cpu, r.exits, r.wakeups);
	else
		text_add(out, " %6s %9s %9s", "-", "-", "-");
	text_add(out, "  %s  %s\n", serves, uses);
	free(serves);
	free(uses);
}

static const struct graph_channel *channel_before(const struct look *before,
						  const struct graph_channel *c)
{
	for (size_t i = 0; i < before->g.channel_count; i++) {
		const struct graph_channel *old = &before->g.channel[i];

		if (old->a == c->a && old->b == c->b &&
		    old->port_a == c->port_a && old->port_b == c->port_b)
			return old;
	}
	return NULL;
}

/* The counters have 32 bits and go round. */
static double rate(uint32_t before, uint32_t after, double span)
{
	return (double)(uint32_t)(after - before) / span;
}

struct channel_rates top_channel_rates(const struct look *before,
				       const struct look *after,
				       const struct graph_channel *c)
{
	const struct graph_channel *old = channel_before(before, c);
	double span = span_of(before, after, c->a);

	if (!old || !(span > 0))
		return (struct channel_rates){ 0 };
	return (struct channel_rates){
		true,
		rate(old->sent_a, c->sent_a, span),
		rate(old->sent_b, c->sent_b, span),
	};
}

/* Servers come first, whoever of the two told of the channel first. */
static void channel_print(const struct look *before, const struct look *after,
			  const struct graph_channel *c, int width,
			  struct text *out)
{
	struct channel_rates r = top_channel_rates(before, after, c);
	const struct graph_pair *p = graph_pair_of(&after->g, c->a, c->b);
	bool turned = p && p->a == c->b;
	char *end[2];

	end[turned] =
		text_format("%s:%u", graph_name(&after->g, c->a), c->port_a);
	end[!turned] =
		text_format("%s:%u", graph_name(&after->g, c->b), c->port_b);
	text_add(out, "%-*s %s %-*s", width, end[0],
		 p && p->serves ? "->" : "--", width, end[1]);
	free(end[0]);
	free(end[1]);
	if (r.known)
		text_add(out, " %9.0f %9.0f", turned ? r.b : r.a,
			 turned ? r.a : r.b);
	else
		text_add(out, " %9s %9s", "-", "-");
	text_add(out, "  %s\n", p && p->what.length ? p->what.at : "");
}

void top_print(const struct look *before, const struct look *after,
	       struct text *out)
{
	int width = 4;

	for (size_t i = 0; i < after->rows.count; i++)
		if ((int)strlen(after->rows.at[i].d.name) > width)
			width = (int)strlen(after->rows.at[i].d.name);
	text_add(out, "machine %s, rates over %.2f s of its time\n\n",
		 after->g.name, top_span(before, after));
	text_add(out,
		 "%-*s   ID   State VCPUs   CPU%%   exits/s  wakeups/s"
		 "  Serves  Uses\n",
		 width, "Name");
	for (size_t i = 0; i < after->rows.count; i++)
		vm_print(before, after, &after->rows.at[i], width, out);
	width += 5; /* a colon and a port */
	text_add(out, "\n%-*s    %-*s  events/s      back\n", width, "Channel",
		 width, "");
	for (size_t i = 0; i < after->g.channel_count; i++)
		channel_print(before, after, &after->g.channel[i], width, out);
	if (!after->g.channel_count)
		text_add(out, "no channel between VMs is bound\n");
}
