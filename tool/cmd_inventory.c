/* SPDX-License-Identifier: MIT */
/*
 * bulkhead inventory: what a running machine has, as its VMM finds it. Bus 0
 * is asked for, then each bus that a bridge names.
 */
#include "client.h"
#include "inventory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct gathering {
	struct inventory *v;
	uint32_t cookie;
	bool named[256]; /* buses to ask for */
};

static void hear(const struct frame *f, void *context)
{
	const size_t reply = sizeof(struct telemetry_reply);
	struct gathering *g = context;
	struct telemetry_inventory head;
	struct telemetry_function row;

	if (f->type == TELEMETRY_REPLY && f->length >= reply && !g->v->iommu)
		g->v->iommu = text_copy_n((const char *)f->payload + reply,
					  f->length - reply);
	if (f->type != TELEMETRY_INVENTORY || f->length < sizeof(head))
		return;
	memcpy(&head, f->payload, sizeof(head));
	g->v->cpus = head.cpu_count;
	g->v->memory = head.ram_kib >> 10;
	for (size_t i = sizeof(head); i + sizeof(row) <= f->length;
	     i += sizeof(row)) {
		uint32_t config[16];

		memcpy(&row, f->payload + i, sizeof(row));
		memcpy(config, row.config, sizeof(config));
		inventory_add(g->v, row.bdf, config);
		const struct function *last =
			&g->v->function[g->v->count - 1];

		if (last->first > last->bdf >> 8)
			g->named[last->first] = true;
	}
}

static bool gather_bus(struct client_link *l, struct gathering *g,
		       unsigned int bus)
{
	int32_t from = (int32_t)(bus << 8), next;

	do {
		struct telemetry_command c = {
			0, TELEMETRY_OP_INVENTORY,
			{ (uint8_t)from, (uint8_t)(from >> 8),
			  (uint8_t)(from >> 16) }
		};

		next = client_ask(l, frame_make(TELEMETRY_COMMAND, 0, &c,
						sizeof(c)),
				  hear, g);
		if (next < 0 || (next && next <= from)) {
			if (next != INT32_MIN)
				complain("inventory: the VMM does not tell it "
					 "(%d)",
					 next);
			return false;
		}
		from = next;
	} while (next);
	return true;
}

static bool gather(struct client_link *l, struct inventory *v)
{
	struct gathering g = { .v = v };

	g.named[0] = true;
	for (unsigned int bus = 0; bus < 256; bus++)
		if (g.named[bus] && !gather_bus(l, &g, bus))
			return false;
	inventory_finish(v);
	return true;
}

int cmd_inventory(const struct arguments *a)
{
	const char *save = argument_value(a, "save", NULL);
	struct inventory v = { 0 };
	struct text t = { 0 };
	struct client_link l;
	int status = EXIT_BAD, err = 0;

	if (save && argument_flag(a, "json"))
		return complain("inventory takes --json or --save, not both");
	if (!client_open(a, &l))
		return EXIT_BAD;
	if (gather(&l, &v)) {
		if (argument_flag(a, "json"))
			inventory_json(&v, &t);
		else
			inventory_print(&v, &t);
		if (save)
			err = file_write(save, t.at, t.length);
		else
			fputs(t.at, stdout);
		status = EXIT_GOOD;
	}
	if (err)
		status = complain("%s cannot be written (%s)", save,
				  strerror(err));
	client_close(&l);
	text_free(&t);
	inventory_free(&v);
	return status;
}
