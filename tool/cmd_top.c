/* SPDX-License-Identifier: MIT */
/*
 * bulkhead top: what the VMs of a running machine do, again and again.
 */
#include "graph_live.h"
#include "session.h"
#include "terminal.h"
#include "top.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_INTERRUPT 0x03 /* Ctrl-C: a raw terminal sends no signal */

static bool look(struct client_link *l, struct look *out)
{
	*out = (struct look){ 0 };
	int32_t r = client_command(l, TELEMETRY_OP_LIST, 0, NULL, &out->rows);

	if (r && r != INT32_MIN)
		complain("top: the VMM refused (%d)", r);
	if (r || !graph_fetch(l, &out->g))
		return false;
	return graph_complete(l, &out->g);
}

/* False: the user wants no more. */
static bool wait_for(int64_t ms, bool keys)
{
	int64_t until = session_now() + ms, left;

	while ((left = until - session_now()) > 0) {
		struct pollfd p = { keys ? STDIN_FILENO : -1, POLLIN, 0 };
		unsigned char key;

		if (poll(&p, 1, (int)left) <= 0 || !p.revents)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' ||
		    key == KEY_INTERRUPT || key == TERMINAL_QUIT_KEY)
			return false;
	}
	return true;
}

static bool show(const struct look *before, const struct look *after,
		 bool clear)
{
	struct text t = { 0 };

	if (clear)
		text_add(&t, "\033[H\033[J");
	top_print(before, after, &t);
	fputs(t.at, stdout);
	text_free(&t);
	return fflush(stdout) == 0;
}

static int top(struct client_link *l, int64_t ms, bool once)
{
	bool screen = !once && isatty(STDOUT_FILENO);
	bool keys = !once && terminal_raw(true), good;
	struct look before, after;

	good = look(l, &before);
	while (good && wait_for(ms, keys)) {
		good = look(l, &after);
		if (!good) {
			look_free(&after);
			break;
		}
		bool shown = show(&before, &after, screen);

		look_free(&before);
		before = after;
		if (once || !shown)
			break;
		if (!screen)
			fputc('\n', stdout);
	}
	look_free(&before);
	if (keys)
		terminal_restore();
	return good ? EXIT_GOOD : EXIT_BAD;
}

int cmd_top(const struct arguments *a)
{
	static const uint64_t delays[2] = { 1, 3600 };
	uint64_t seconds = 1;
	struct client_link l;
	int status = EXIT_BAD;

	if (!argument_number(a, "delay", delays, &seconds))
		return EXIT_BAD;
	if (client_open(a, &l)) {
		status = top(&l, (int64_t)seconds * 1000,
			     argument_flag(a, "once"));
		client_close(&l);
	}
	return status;
}
