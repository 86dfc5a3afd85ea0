/* SPDX-License-Identifier: MIT */
/*
 * bulkhead list, pause, unpause, restart, destroy.
 */
#include "client.h"
#include "control.h"
#include "graph_live.h"
#include "vm_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>

static const char *error_words(int32_t status, const char *command)
{
	switch (-status) {
	case XEN_EPERM:
		return "the machine takes no such commands (commands = 0)";
	case XEN_ESRCH:
		return "it has ended: `bulkhead restart` starts it again";
	case XEN_EINVAL:
		if (text_equal(command, "pause"))
			return "it is paused already";
		if (text_equal(command, "unpause"))
			return "it is not paused";
		return "the VM is not in a state for that";
	case XEN_EBUSY:
		return "it is about to end: try again";
	case XEN_ENOSYS:
		return "this VMM cannot do it";
	default:
		return "the VMM refused";
	}
}

int cmd_operate(const struct arguments *a)
{
	static const struct {
		const char *name, *done;
		enum telemetry_op op;
	} table[] = {
		{ "pause", "paused", TELEMETRY_OP_PAUSE },
		{ "unpause", "unpaused", TELEMETRY_OP_UNPAUSE },
		{ "restart", "restarted", TELEMETRY_OP_RESTART },
		{ "destroy", "destroyed", TELEMETRY_OP_DESTROY },
	};
	struct client_link l;
	struct text words = { 0 };
	size_t i = 0;
	int status = EXIT_BAD;

	while (!text_equal(table[i].name, a->command->name))
		i++;
	if (!client_open(a, &l))
		return EXIT_BAD;
	unsigned int domid = client_vm(&l, a->word[0]);
	int32_t r = domid ? client_command(&l, table[i].op, domid, &words, NULL)
			  : INT32_MIN;

	if (r == 0) {
		printf("%s %s\n", a->word[0], table[i].done);
		status = EXIT_GOOD;
	} else if (r != INT32_MIN) {
		const char *name = table[i].name;

		complain("%s %s: %s (%d)", name, a->word[0],
			 words.length ? words.at : error_words(r, name), r);
	}
	text_free(&words);
	client_close(&l);
	return status;
}

void vm_state_letters(const struct telemetry_domain *d, char out[7])
{
	static const char shutdown_crash = 3; /* xen/sched.h */

	memcpy(out, "------", 7);
	switch ((enum telemetry_state)d->state) {
	case TELEMETRY_STATE_RUNNING:
		out[0] = 'r';
		break;
	case TELEMETRY_STATE_BLOCKED:
		out[1] = 'b';
		break;
	case TELEMETRY_STATE_BUILDING:
	case TELEMETRY_STATE_PAUSED:
		out[2] = 'p';
		break;
	case TELEMETRY_STATE_SHUTDOWN:
		out[3] = 's';
		if (d->reason == shutdown_crash)
			out[4] = 'c';
		break;
	case TELEMETRY_STATE_DYING:
	case TELEMETRY_STATE_DEAD:
		out[5] = 'd';
		break;
	}
}

void vm_table_print(const struct vm_rows *rows, const struct graph *g,
		    struct text *out)
{
	text_add(out, "%-40s %5s %5s %5s\t%s\t%s%s\n", "Name", "ID", "Mem",
		 "VCPUs", "State", "Time(s)", g ? "  Serves  Uses" : "");
	for (size_t i = 0; i < rows->count; i++) {
		const struct vm_row *r = &rows->at[i];
		char letters[7];

		vm_state_letters(&r->d, letters);
		text_add(out, "%-40s %5u %5llu %5u     %s  %8.1f", r->d.name,
			 r->domid, (unsigned long long)(r->d.memory_kib >> 10),
			 r->d.vcpu_count, letters,
			 (double)r->d.cpu_time_ns / 1e9);
		if (g) {
			char *serves = graph_neighbours(g, r->domid, true);
			char *uses = graph_neighbours(g, r->domid, false);

			text_add(out, "  %s  %s", serves, uses);
			free(serves);
			free(uses);
		}
		text_add(out, "\n");
	}
}

static int list_one(struct client_link *l, bool whom)
{
	struct vm_rows rows = { 0 };
	struct graph g = { 0 };
	struct text words = { 0 }, table = { 0 };
	int32_t r = client_command(l, TELEMETRY_OP_LIST, 0, &words, &rows);

	if (r == 0 && whom && !graph_fetch(l, &g))
		r = INT32_MIN;
	if (r == 0) {
		vm_table_print(&rows, whom ? &g : NULL, &table);
		fputs(table.at, stdout);
	} else if (r != INT32_MIN) {
		complain("list: %s (%d)",
			 words.length ? words.at : error_words(r, "list"), r);
	}
	text_free(&words);
	text_free(&table);
	graph_free(&g);
	free(rows.at);
	return r == 0 ? EXIT_GOOD : EXIT_BAD;
}

int cmd_list(const struct arguments *a)
{
	const char *name = argument_value(a, "machine", NULL);
	char **names = control_names();
	bool several = names[0] && names[1];
	bool whom = argument_flag(a, "long");
	int status = EXIT_GOOD;
	struct client_link l;

	if (name || !names[0]) {
		status = EXIT_BAD;
		if (client_open(a, &l)) {
			status = list_one(&l, whom);
			client_close(&l);
		}
	}
	for (size_t i = 0; names[i]; i++) {
		if (!name && client_open_name(names[i], &l)) {
			if (several)
				printf("%smachine %s\n", i ? "\n" : "",
				       names[i]);
			if (list_one(&l, whom) != EXIT_GOOD)
				status = EXIT_BAD;
			client_close(&l);
		}
		free(names[i]);
	}
	free(names);
	return status;
}
