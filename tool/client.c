/* SPDX-License-Identifier: MIT */
/*
 * The other end of the control socket; see client.h.
 */
#include "client.h"
#include "control.h"
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xen/errno.h>

bool client_open_name(const char *name, struct client_link *out)
{
	*out = (struct client_link){ .fd = control_connect(name) };
	if (out->fd < 0) {
		complain("no machine '%s' is running here: `bulkhead list` "
			 "shows those that are",
			 name);
		return false;
	}
	out->name = text_copy(name);
	return true;
}

bool client_open(const struct arguments *a, struct client_link *out)
{
	const char *name = argument_value(a, "machine", NULL);
	char **names = control_names();
	bool good = false;

	*out = (struct client_link){ .fd = -1 };
	if (name || (names[0] && !names[1]))
		good = client_open_name(name ? name : names[0], out);
	else if (!names[0])
		complain("no machine is running: start one with `bulkhead run "
			 "DIR` in another terminal");
	else
		complain("several machines are running: write --machine %s, "
			 "or another one's name",
			 names[0]);
	for (size_t i = 0; names[i]; i++)
		free(names[i]);
	free(names);
	return good;
}

void client_close(struct client_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->name);
	*l = (struct client_link){ .fd = -1 };
}

bool client_write(struct client_link *l, const struct frame *f)
{
	uint8_t bytes[FRAME_MAX];
	size_t n = frame_write(f, bytes), done = 0;

	while (done < n) {
		ssize_t w = send(l->fd, bytes + done, n - done, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		done += (size_t)w;
	}
	return true;
}

bool client_wait(struct client_link *l, struct frame *out, int64_t until)
{
	uint8_t bytes[FRAME_MAX];

	while (!frame_next(&l->in, out)) {
		struct pollfd p = { l->fd, POLLIN, 0 };
		int64_t left = until - session_now();
		int r = poll(&p, 1, left > 0 ? (int)left : 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
		size_t room = frame_room(&l->in);
		ssize_t n = read(l->fd, bytes,
				 room < sizeof(bytes) ? room : sizeof(bytes));

		if (n <= 0) {
			errno = ECONNRESET;
			return false;
		}
		frame_feed(&l->in, bytes, (size_t)n);
	}
	return true;
}

static int32_t no_answer(const struct client_link *l)
{
	if (errno == ETIMEDOUT)
		complain("the VMM of machine '%s' does not answer: see "
			 "`bulkhead log`",
			 l->name);
	else
		complain("machine '%s' has ended", l->name);
	return INT32_MIN;
}

int32_t client_ask(struct client_link *l, struct frame command,
		   client_each *each, void *context)
{
	struct frame f;
	int64_t until = session_now() + CLIENT_PATIENCE;
	struct telemetry_reply r;

	put_le32(command.payload, ++l->cookie);
	if (!client_write(l, &command)) {
		errno = ECONNRESET;
		return no_answer(l);
	}
	for (;;) {
		if (!client_wait(l, &f, until))
			return no_answer(l);
		if (f.type == TELEMETRY_REPLY && f.length >= sizeof(r)) {
			memcpy(&r, f.payload, sizeof(r));
			if (r.cookie != l->cookie)
				continue;
			each(&f, context);
			return r.status;
		}
		each(&f, context);
	}
}

void vm_rows_add(struct vm_rows *rows, const struct frame *f)
{
	if (f->length < sizeof(struct telemetry_domain))
		return;
	rows->at = mem_grow(rows->at, rows->count + 1, sizeof(rows->at[0]));
	struct vm_row *row = &rows->at[rows->count++];

	row->domid = f->domid;
	memcpy(&row->d, f->payload, sizeof(row->d));
	row->d.name[TELEMETRY_NAME_MAX - 1] = '\0';
}

#define LIST_TRIES 50u

struct answer {
	struct text *words;
	struct vm_rows *rows;
};

static void answer_take(const struct frame *f, void *context)
{
	const size_t head = sizeof(struct telemetry_reply);
	struct answer *a = context;

	if (f->type == TELEMETRY_DOMAIN && a->rows)
		vm_rows_add(a->rows, f);
	if (f->type == TELEMETRY_REPLY && a->words)
		text_add_bytes(a->words, f->payload + head, f->length - head);
}

int32_t client_command(struct client_link *l, enum telemetry_op op,
		       unsigned int domid, struct text *words,
		       struct vm_rows *rows)
{
	struct answer a = { words, rows };
	unsigned int tries = 0;
	int32_t from = 0, next;

	/* OP_LIST has a row in each part, or it was lost: then once more. */
	do {
		size_t count = rows ? rows->count : 0;
		struct telemetry_command c = {
			0, (uint8_t)op, { (uint8_t)from, (uint8_t)(from >> 8) }
		};

		next = client_ask(
			l, frame_make(TELEMETRY_COMMAND, domid, &c, sizeof(c)),
			answer_take, &a);
		if (next >= 0 && rows && rows->count == count)
			next = ++tries < LIST_TRIES ? from : -XEN_EIO;
		else if (next > 0 && next <= from)
			next = -XEN_EIO;
		else if (next <= 0)
			return next;
		from = next;
	} while (next >= 0);
	return next;
}

bool client_fetch(struct client_link *l, const struct frame *ask,
		  struct text *out)
{
	int64_t until = session_now() + CLIENT_PATIENCE;
	struct frame f;

	text_add_bytes(out, "", 0);
	if (!client_write(l, ask))
		return false;
	while (client_wait(l, &f, until)) {
		if (f.type != ask->type)
			continue;
		if (!f.length)
			return true;
		text_add_bytes(out, f.payload, f.length);
	}
	return false;
}

unsigned int client_vm(struct client_link *l, const char *name)
{
	struct frame ask = frame_make(FRAME_DESCRIBE, 0, NULL, 0);
	const char *names[MACHINE_VMS_MAX + 1] = { NULL };
	struct text t = { 0 };
	size_t count = 0;
	unsigned int found = 0;

	if (!client_fetch(l, &ask, &t)) {
		no_answer(l);
		text_free(&t);
		return 0;
	}
	char *rest = t.at;

	for (char *line; (line = strsep(&rest, "\n"));) {
		unsigned int domid;
		char vm[64], number[16];

		if (sscanf(line, "vm %u %63s", &domid, vm) != 2)
			continue;
		snprintf(number, sizeof(number), "%u", domid);
		if (text_equal(vm, name) ||
		    (!found && text_equal(number, name)))
			found = domid;
		if (count < MACHINE_VMS_MAX)
			names[count++] = strrchr(line, ' ') + 1;
	}
	const char *near = found ? NULL : name_near(name, names);

	if (!found && near)
		complain("'%s' is no VM of machine '%s': did you mean '%s'?",
			 name, l->name, near);
	else if (!found)
		complain("'%s' is no VM of machine '%s': `bulkhead list` "
			 "shows them",
			 name, l->name);
	text_free(&t);
	return found;
}
