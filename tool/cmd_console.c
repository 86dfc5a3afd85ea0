/* SPDX-License-Identifier: MIT */
/*
 * bulkhead console and log: what a VM, or the VMM, prints.
 */
#include "client.h"
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool print(const uint8_t *bytes, size_t count)
{
	while (count) {
		ssize_t n = write(STDOUT_FILENO, bytes, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		count -= (size_t)n;
	}
	return true;
}

/* True as long as the console goes on. */
static bool frames_show(struct client_link *l, unsigned int domid,
			unsigned int type)
{
	uint8_t bytes[FRAME_MAX];
	struct frame f;
	size_t room = frame_room(&l->in);
	ssize_t n =
		read(l->fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	frame_feed(&l->in, bytes, (size_t)n);
	while (frame_next(&l->in, &f))
		if (f.type == type && f.domid == domid &&
		    !print(f.payload, f.length))
			return false;
	return true;
}

static bool keys_send(struct client_link *l, unsigned int domid, bool raw,
		      bool *ended)
{
	uint8_t keys[512];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));
	uint8_t *quit = NULL;

	if (n <= 0) {
		*ended = true;
		return true;
	}
	if (raw)
		quit = memchr(keys, TERMINAL_QUIT_KEY, (size_t)n);
	if (quit)
		n = quit - keys;
	struct frame f = frame_make(TELEMETRY_INPUT, domid, keys, (size_t)n);

	return (!n || client_write(l, &f)) && !quit;
}

static int attach(struct client_link *l, unsigned int domid)
{
	struct frame f = frame_command(TELEMETRY_OP_TAIL, domid, 1);
	struct frame on = frame_make(FRAME_ATTACH, domid, NULL, 0);
	bool raw = terminal_raw(false);
	bool ended = isatty(STDIN_FILENO) && !raw, quit = false, open = true;

	client_write(l, &f);
	client_write(l, &on);
	while (open && !quit) {
		struct pollfd p[2] = { { l->fd, POLLIN, 0 },
				       { ended ? -1 : STDIN_FILENO, POLLIN,
					 0 } };

		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents)
			open = frames_show(l, domid, TELEMETRY_CONSOLE);
		if (p[1].revents && open)
			quit = !keys_send(l, domid, raw, &ended);
	}
	terminal_restore();
	if (raw)
		fputc('\n', stderr);
	if (!open && !quit)
		complain("machine '%s' has ended", l->name);
	return EXIT_GOOD;
}

/* What a VM that has ended printed can be read, but nobody answers. */
static void warn_if_ended(struct client_link *l, unsigned int domid,
			  const char *name)
{
	struct vm_rows rows = { 0 };
	bool ended = false;

	client_command(l, TELEMETRY_OP_LIST, 0, NULL, &rows);
	for (size_t i = 0; i < rows.count; i++)
		ended |= rows.at[i].domid == domid &&
			 rows.at[i].d.state == TELEMETRY_STATE_DEAD;
	free(rows.at);
	if (ended)
		complain("'%s' has ended; this is what it printed: `bulkhead "
			 "restart %s` starts it again", name, name);
}

int cmd_console(const struct arguments *a)
{
	struct client_link l;
	int status = EXIT_BAD;

	if (!client_open(a, &l))
		return EXIT_BAD;
	unsigned int domid = client_vm(&l, a->word[0]);

	if (domid) {
		if (isatty(STDIN_FILENO))
			fprintf(stderr,
				"bulkhead: console of '%s'; Ctrl-]: "
				"detach\n",
				a->word[0]);
		warn_if_ended(&l, domid, a->word[0]);
		status = attach(&l, domid);
	}
	client_close(&l);
	return status;
}

int cmd_log(const struct arguments *a)
{
	uint8_t flags = (uint8_t)(argument_flag(a, "follow") |
				  argument_flag(a, "all") << 1);
	struct frame ask = frame_make(FRAME_LOG, 0, &flags, 1);
	struct client_link l;
	struct text t = { 0 };
	int status = EXIT_GOOD;

	if (!client_open(a, &l))
		return EXIT_BAD;
	if (flags & 1) {
		client_write(&l, &ask);
		while (frames_show(&l, 0, FRAME_LOG))
			continue;
	} else if (client_fetch(&l, &ask, &t)) {
		fwrite(t.at, 1, t.length, stdout);
	} else {
		status = complain("machine '%s' has ended", l.name);
	}
	text_free(&t);
	client_close(&l);
	return status;
}
