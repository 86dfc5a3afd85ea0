/* SPDX-License-Identifier: MIT */
/*
 * Other tools on the control socket. They speak the VMM's frames; most are
 * passed on under a cookie of ours, some are answered here. OP_TAIL is: the
 * broker has seen every byte since the start, in order with what follows.
 */
#include "session.h"
#include "graph.h"
#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xen/errno.h>

#define SESSION_PATIENCE 30000 /* ms; clients give up before */

static void client_send(struct client *c, const struct frame *f)
{
	uint8_t bytes[FRAME_MAX];

	if (c->fd < 0 || c->leaving)
		return;
	text_add_bytes(&c->out, bytes, frame_write(f, bytes));
	if (c->out.length > SESSION_CLIENT_MAX)
		c->leaving = true; /* it does not read */
}

/* Any length of text as frames of one type. */
static void client_text(struct client *c, unsigned int type, unsigned int domid,
			const char *text, size_t length)
{
	while (length) {
		size_t n = length > TELEMETRY_PAYLOAD_MAX
				   ? TELEMETRY_PAYLOAD_MAX
				   : length;
		struct frame f = frame_make(type, domid, text, n);

		client_send(c, &f);
		text += n;
		length -= n;
	}
}

static void client_reply(struct client *c, uint32_t cookie, int status,
			 const char *words)
{
	struct telemetry_reply r = { cookie, status };
	uint8_t payload[TELEMETRY_PAYLOAD_MAX];
	size_t n = strlen(words);

	if (n > sizeof(payload) - sizeof(r))
		n = sizeof(payload) - sizeof(r);
	memcpy(payload, &r, sizeof(r));
	memcpy(payload + sizeof(r), words, n);
	struct frame f = frame_make(TELEMETRY_REPLY, 0, payload, sizeof(r) + n);

	client_send(c, &f);
}

void session_accept(struct session *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < SESSION_CLIENTS; i++)
		if (s->client[i].fd < 0) {
			s->client[i] = (struct client){ .fd = fd };
			return;
		}
	if (fd >= 0)
		close(fd);
}

void session_client_close(struct session *s, struct client *c)
{
	if (c->fd < 0)
		return;
	for (size_t i = 0; i < SESSION_COMMANDS; i++)
		if (s->pending[i].client == c)
			s->pending[i].client = NULL;
	close(c->fd);
	text_free(&c->out);
	*c = (struct client){ .fd = -1 };
}

void session_client_flush(struct client *c)
{
	session_flush(c->fd, &c->out);
}

static void tail_answer(struct session *s, struct client *c, unsigned int domid,
			uint32_t cookie)
{
	if (domid > s->machine->vm_count) {
		client_reply(c, cookie, -XEN_ESRCH, "no such VM");
		return;
	}
	const struct text *t = &s->vm[domid].history;
	size_t skip = t->length > SESSION_HISTORY ? t->length - SESSION_HISTORY
						  : 0;

	if (t->length)
		client_text(c, TELEMETRY_CONSOLE, domid, t->at + skip,
			    t->length - skip);
	client_reply(c, cookie, 0, "");
}

/* An answer that got lost must not hold its place for ever. */
static void pending_expire(struct session *s)
{
	int64_t now = session_now();

	for (size_t i = 0; i < SESSION_COMMANDS; i++)
		if (s->pending[i].cookie && s->pending[i].until < now)
			s->pending[i] = (struct pending){ 0 };
}

/* Sends a command under a cookie of ours; NULL: too many are on their way. */
static struct pending *command_send(struct session *s, unsigned int domid,
				    const struct telemetry_command *command)
{
	pending_expire(s);
	for (size_t i = 0; i < SESSION_COMMANDS; i++) {
		struct pending *p = &s->pending[i];

		if (p->cookie)
			continue;
		if (!++s->cookie)
			s->cookie = 1;
		*p = (struct pending){
			.cookie = s->cookie,
			.theirs = command->cookie,
			.list = command->op == TELEMETRY_OP_LIST,
			.until = session_now() + SESSION_PATIENCE,
		};
		struct frame out = frame_make(TELEMETRY_COMMAND, domid, command,
					      sizeof(*command));

		put_le32(out.payload, p->cookie);
		session_to_vmm(s, &out);
		return p;
	}
	return NULL;
}

static void command_pass(struct session *s, struct client *c,
			 const struct frame *f)
{
	struct telemetry_command command;

	if (f->length < sizeof(command))
		return;
	memcpy(&command, f->payload, sizeof(command));
	if (command.op == TELEMETRY_OP_TAIL) {
		tail_answer(s, c, f->domid, command.cookie);
		return;
	}
	struct pending *p = command_send(s, f->domid, &command);

	if (p)
		p->client = c;
	else
		client_reply(c, command.cookie, -XEN_EBUSY,
			     "the VMM answers no command at present");
}

bool session_ask(struct session *s, enum telemetry_op op, unsigned int domid,
		 uint32_t from)
{
	struct telemetry_command command = {
		0,
		(uint8_t)op,
		{ (uint8_t)from, (uint8_t)(from >> 8), (uint8_t)(from >> 16) }
	};
	struct pending *p = command_send(s, domid, &command);

	if (p)
		p->watch = true;
	return p;
}

void session_ask_drop(struct session *s)
{
	for (size_t i = 0; i < SESSION_COMMANDS; i++)
		s->pending[i].watch = false;
}

static void describe(struct session *s, struct client *c)
{
	/* Whoever asks may be in another folder. */
	char *folder = realpath(s->machine->folder, NULL);
	char *vmm = realpath(s->options->vmm, NULL);
	struct text t = { 0 };
	struct frame end = frame_make(FRAME_DESCRIBE, 0, NULL, 0);

	text_add(&t,
		 "machine %s\nfolder %s\nmemory %" PRIu64 "\ncpus %" PRIu64
		 "\nvms %zu\npid %d\nqemu %d\n"
		 "accel %s\nvmm %s\ngdb %" PRIu64 "\n",
		 s->machine->name, folder ? folder : "?", s->machine->memory,
		 s->machine->cpus, s->machine->vm_count, (int)getpid(),
		 (int)s->qemu.pid, s->options->kvm ? "kvm" : "tcg",
		 vmm ? vmm : s->options->vmm, s->options->gdb_port);
	for (size_t i = 0; i < s->machine->vm_count; i++)
		text_add(&t, "vm %zu %s\n", i + 1, s->machine->vm[i].name);
	graph_describe(s->machine, &t);
	client_text(c, FRAME_DESCRIBE, 0, t.at, t.length);
	client_send(c, &end);
	text_free(&t);
	free(folder);
	free(vmm);
}

static void log_answer(struct session *s, struct client *c,
		       const struct frame *f)
{
	unsigned int flags = f->length ? f->payload[0] : 0;
	bool all = flags & 2 || !s->log.length;
	const struct text *t = all ? &s->com1 : &s->log;
	struct frame end = frame_make(FRAME_LOG, 0, NULL, 0);

	if (t->length)
		client_text(c, FRAME_LOG, 0, t->at, t->length);
	c->follows_log = flags & 1 && !all;
	c->follows_all = flags & 1 && all;
	if (!(flags & 1))
		client_send(c, &end);
}

static void client_frame(struct session *s, struct client *c,
			 const struct frame *f)
{
	switch (f->type) {
	case TELEMETRY_COMMAND:
		command_pass(s, c, f);
		break;
	case TELEMETRY_INPUT:
		session_input(s, f->domid ? f->domid : UINT16_MAX, f->payload,
			      f->length);
		break;
	case FRAME_ATTACH:
		c->domid = f->domid;
		break;
	case FRAME_DESCRIBE:
		describe(s, c);
		break;
	case FRAME_LOG:
		log_answer(s, c, f);
		break;
	case FRAME_QUIT:
		s->quit = true;
		break;
	default:
		break;
	}
}

void session_client_read(struct session *s, struct client *c)
{
	uint8_t bytes[FRAME_MAX];
	struct frame f;
	size_t room = frame_room(&c->in);
	ssize_t n =
		read(c->fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		session_client_close(s, c);
		return;
	}
	frame_feed(&c->in, bytes, (size_t)n);
	while (c->fd >= 0 && frame_next(&c->in, &f))
		client_frame(s, c, &f);
}

/* To whoever asked, under their cookie. */
static void answer_pass(struct session *s, const struct pending *p,
			const struct frame *f, bool cookie)
{
	struct frame out = *f;

	if (cookie)
		put_le32(out.payload, p->theirs);
	if (p->client)
		client_send(p->client, &out);
	if (p->watch)
		page_hear(s, &out);
}

/* The VMM answers in order: of a list asked for sooner the end got lost. */
static void lists_forget(struct session *s, uint32_t before)
{
	for (size_t i = 0; i < SESSION_COMMANDS; i++) {
		struct pending *p = &s->pending[i];

		if (p->cookie && p->list && (int32_t)(p->cookie - before) < 0)
			*p = (struct pending){ 0 };
	}
}

static void reply_route(struct session *s, const struct frame *f)
{
	uint32_t cookie;

	if (f->length < sizeof(struct telemetry_reply))
		return;
	cookie = le32(f->payload);
	for (size_t i = 0; i < SESSION_COMMANDS; i++) {
		struct pending p = s->pending[i];

		if (!cookie || p.cookie != cookie)
			continue;
		/* The answer may lead to the next question. */
		s->pending[i] = (struct pending){ 0 };
		if (p.list)
			lists_forget(s, cookie);
		answer_pass(s, &p, f, true);
		return;
	}
}

/* Rows of a list belong to the oldest list that was asked for. */
static void domain_route(struct session *s, const struct frame *f)
{
	struct pending *oldest = NULL;

	for (size_t i = 0; i < SESSION_COMMANDS; i++) {
		struct pending *p = &s->pending[i];

		if (p->cookie && p->list &&
		    (!oldest || (int32_t)(p->cookie - oldest->cookie) < 0))
			oldest = p;
	}
	if (oldest)
		answer_pass(s, oldest, f, false);
}

/* These rows say by which command they were asked for. */
static void rows_route(struct session *s, const struct frame *f)
{
	/* Each begins with a cookie. */
	if (f->length < sizeof(struct telemetry_shares))
		return;
	for (size_t i = 0; i < SESSION_COMMANDS; i++) {
		const struct pending *p = &s->pending[i];

		if (p->cookie && p->cookie == le32(f->payload))
			answer_pass(s, p, f, true);
	}
}

void session_share(struct session *s, const struct frame *f)
{
	if (f->type == TELEMETRY_SHARES || f->type == TELEMETRY_INVENTORY) {
		rows_route(s, f);
		return;
	}
	if (f->type == TELEMETRY_REPLY) {
		reply_route(s, f);
		return;
	}
	if (f->type == TELEMETRY_DOMAIN) {
		domain_route(s, f);
		return;
	}
	if (f->type == TELEMETRY_EVENT)
		page_wake(s);
	if (f->type != TELEMETRY_CONSOLE && f->type != TELEMETRY_EVENT)
		return;
	for (size_t i = 0; i < SESSION_CLIENTS; i++) {
		struct client *c = &s->client[i];

		if (c->fd >= 0 && c->domid && c->domid == f->domid)
			client_send(c, f);
	}
}

void session_share_log(struct session *s, bool all, const void *bytes,
		       size_t count)
{
	for (size_t i = 0; i < SESSION_CLIENTS; i++) {
		struct client *c = &s->client[i];

		if (c->fd >= 0 && (all ? c->follows_all : c->follows_log))
			client_text(c, FRAME_LOG, 0, bytes, count);
	}
}
