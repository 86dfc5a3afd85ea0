/* SPDX-License-Identifier: MIT */
/*
 * What comes from the VMM: text on COM1, frames on COM2. Frames are not
 * trusted to name a domain that exists or to hold what their type says.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After the VMM's last word QEMU has so long to end by itself. */
#define GRACE_MS 5000

void session_to_vmm(struct session *s, const struct frame *f)
{
	uint8_t bytes[FRAME_MAX];

	text_add_bytes(&s->to_com2, bytes, frame_write(f, bytes));
}

static void log_add(struct session *s, const void *bytes, size_t count)
{
	session_keep(&s->log, SESSION_LOG, bytes, count);
	session_share_log(s, false, bytes, count);
}

static void console_frame(struct session *s, const struct frame *f)
{
	if (f->domid > s->machine->vm_count)
		return;
	struct vm_view *vm = &s->vm[f->domid];

	vm->heard = true;
	vm->printed += f->length;
	session_keep(&vm->history, SESSION_HISTORY, f->payload, f->length);
	if (s->console && f->domid == s->console)
		session_print(s, f->payload, f->length);
}

static void event_frame(struct session *s, const struct frame *f)
{
	static const char *const names[] = {
		[TELEMETRY_EVENT_STARTED] = "started",
		[TELEMETRY_EVENT_SHUTDOWN] = "shut down",
		[TELEMETRY_EVENT_DEAD] = "ended",
		[TELEMETRY_EVENT_RESTART] = "restarting",
		[TELEMETRY_EVENT_PAUSED] = "paused",
		[TELEMETRY_EVENT_UNPAUSED] = "unpaused",
	};
	struct telemetry_event e;

	if (f->length < sizeof(e) || !f->domid ||
	    f->domid > s->machine->vm_count)
		return;
	memcpy(&e, f->payload, sizeof(e));
	if (e.kind == TELEMETRY_EVENT_STARTED)
		s->vm[f->domid].heard = true;
	if (e.kind == TELEMETRY_EVENT_DEAD)
		session_input_drop(s, f->domid);
	if (!s->options->verbose || !s->console ||
	    e.kind >= ARRAY_COUNT(names) || !names[e.kind])
		return;
	fprintf(stderr, "bulkhead: VM '%s' %s (reason %u, %llu ms)\r\n",
		s->machine->vm[f->domid - 1].name, names[e.kind], e.reason,
		(unsigned long long)(e.time_ns / 1000000));
}

static void frame_take(struct session *s, const struct frame *f)
{
	switch ((enum telemetry_type)f->type) {
	case TELEMETRY_CONSOLE:
		console_frame(s, f);
		break;
	case TELEMETRY_LOG:
		log_add(s, f->payload, f->length);
		break;
	case TELEMETRY_EVENT:
		event_frame(s, f);
		break;
	case TELEMETRY_PANIC:
		log_add(s, f->payload, f->length);
		s->panicked = true;
		s->kill_at = session_now() + GRACE_MS;
		break;
	case TELEMETRY_DONE:
		if (f->length)
			s->done = f->payload[0];
		if (s->machine->poweroff_when_done)
			s->kill_at = session_now() + GRACE_MS;
		break;
	case TELEMETRY_TAKEN:
		session_input_taken(s, f);
		break;
	case TELEMETRY_HELLO:
	case TELEMETRY_DOMAIN:
	case TELEMETRY_SHARES:
	case TELEMETRY_INVENTORY:
	case TELEMETRY_REPLY:
	case TELEMETRY_COMMAND:
	case TELEMETRY_INPUT:
		break;
	}
	session_share(s, f);
}

void session_vmm_read(struct session *s)
{
	uint8_t bytes[4096];
	struct frame f;
	ssize_t n;

	while (s->qemu.com2 >= 0) {
		size_t room = frame_room(&s->in);

		if (room > sizeof(bytes))
			room = sizeof(bytes);
		n = read(s->qemu.com2, bytes, room);
		if (n <= 0) {
			if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
				close(s->qemu.com2);
				s->qemu.com2 = -1;
			}
			return;
		}
		frame_feed(&s->in, bytes, (size_t)n);
		while (frame_next(&s->in, &f))
			frame_take(s, &f);
	}
}

void session_com1_read(struct session *s)
{
	char bytes[4096];
	ssize_t n;

	while (s->qemu.com1 >= 0) {
		n = read(s->qemu.com1, bytes, sizeof(bytes));
		if (n <= 0) {
			if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
				close(s->qemu.com1);
				s->qemu.com1 = -1;
			}
			return;
		}
		session_keep(&s->com1, SESSION_LOG, bytes, (size_t)n);
		session_share_log(s, true, bytes, (size_t)n);
		if (!s->console)
			session_print(s, bytes, (size_t)n);
		else if (s->options->verbose)
			fwrite(bytes, 1, (size_t)n, stderr);
	}
}
