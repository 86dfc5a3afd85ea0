/* SPDX-License-Identifier: MIT */
/*
 * The two serial ports. COM1 carries text for people: the VMM's log as
 * "[vmm] ..." and each VM's console as "[name] ...", line by line; typed
 * bytes go to the VM in focus, Ctrl-T moves the focus. COM2 carries frames
 * (bulkhead/telemetry.h). The boot CPU alone works here, at its pace: what a
 * VM prints waits in its own history ring, so nobody waits for a slow line.
 */
#include <bulkhead/telemetry.h>
#include "core/hooks.h"
#include "core/upcall.h"
#include "core/world.h"
#include "lib/format.h"
#include "vdev/console.h"
#include "vdev/pci.h"
#include "vdev/telemetry.h"

#define SERIAL_COM1	0u
#define SERIAL_COM2	1u
#define CTRL_T		0x14u
#define CHUNK		128u
#define SERIAL_BUSY	(NSEC_PER_MS / 5)	/* between two looks */
#define SERIAL_QUIET	(2 * NSEC_PER_MS)
#define LINE_PATIENCE	(50 * NSEC_PER_MS)	/* for an unfinished line */
#define LINGER		(3 * NSEC_PER_SEC)	/* output before power-off */

static struct ring box[2];
static uint32_t focus;		/* domid that gets typed bytes */
static uint32_t line_owner;	/* domid in the middle of a line, 0 none */
static nsec_t line_since;	/* when it last wrote */
static bool greeted;
static nsec_t done_since;
static bool typed;		/* bytes came in at this look */
static uint32_t next_domain = 1;	/* fairness */

/* --- COM1: text --- */

static void text_put(const char *text, size_t size)
{
	ring_put(&box[SERIAL_COM1], text, size);
}

static void end_line(void)
{
	if (line_owner)
		text_put("\r\n", 2);
	line_owner = 0;
}

static void begin_line(const struct domain *d)
{
	char prefix[DOMAIN_NAME_MAX + 4];

	text_put(prefix, format_text(prefix, sizeof(prefix), "[%s] ", d->name));
	line_owner = d->id;
}

static void text_from(struct domain *d, const char *text, size_t size,
		      nsec_t now)
{
	line_since = now;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\r')
			continue;
		if (line_owner != d->id)
			begin_line(d);
		if (text[i] == '\n')
			end_line();
		else
			text_put(&text[i], 1);
	}
}

/* Up to a chunk of d's output, if it may write now; how much. */
static size_t text_of(struct domain *d, nsec_t now)
{
	uint64_t from = d->console.sent[0];
	char text[CHUNK];
	size_t size, got;

	if (from == atomic_load_relaxed(&d->console.produced))
		return 0;
	/* Each byte may cost a prefix and a line end at worst. */
	if (ring_room(&box[SERIAL_COM1]) < CHUNK * 3)
		return 0;
	size = got = console_history(d, &from, text, sizeof(text));
	if (line_owner && line_owner != d->id) {
		/* Whole lines may cut in; the rest waits for its turn. */
		if (now - line_since < LINE_PATIENCE)
			return 0;
		end_line();
	}
	/* Of a full chunk, whole lines; the rest comes with the next. */
	while (got == sizeof(text) && size && text[size - 1] != '\n')
		size--;
	size = size ? size : got;
	text_from(d, text, size, now);
	d->console.sent[0] = from - (got - size);
	return size;
}

/* --- the VMM's log, to both ports --- */

static void send_log(void)
{
	char text[LOG_LINE_MAX];

	for (uint32_t cpu = 0; cpu < world.cpu_count; cpu++) {
		size_t size;

		if (ring_room(&box[SERIAL_COM1]) < CHUNK * 8 ||
		    ring_room(&box[SERIAL_COM2]) < CHUNK * 2)
			return;
		size = log_read(cpu, text, sizeof(text));
		if (!size)
			continue;
		telemetry_send(&box[SERIAL_COM2], TELEMETRY_LOG, 0, text, size);
		end_line();
		text_put("[vmm] ", 6);
		text_put(text, size - 1);
		text_put("\r\n", 2);
	}
}

/* --- COM2: frames --- */

static size_t frames_of(struct domain *d, nsec_t now)
{
	char text[CHUNK];
	uint64_t from = d->console.sent[1];
	size_t size = 0;

	if (from != atomic_load_relaxed(&d->console.produced) &&
	    ring_room(&box[SERIAL_COM2]) >= CHUNK * 2) {
		size = console_history(d, &from, text, sizeof(text));
		telemetry_send(&box[SERIAL_COM2], TELEMETRY_CONSOLE, d->id,
			       text, size);
		d->console.sent[1] = from;
	}
	/* After the output that led to it. */
	if (d->console.sent[1] == atomic_load(&d->console.produced))
		telemetry_send_news(&box[SERIAL_COM2], d, now);
	return size;
}

/* --- input --- */

static void move_focus(void)
{
	for (uint32_t i = 1; i < world.domain_count; i++) {
		uint32_t next = focus + i;

		if (next >= world.domain_count)
			next -= world.domain_count - 1;
		if (atomic_load(&world.domain[next]->state) == DOMAIN_DEAD)
			continue;
		focus = next;
		break;
	}
	log_line("input goes to %s", world.domain[focus]->name);
}

void upcall_serial_input(unsigned int port, uint8_t byte)
{
	struct domain *d;

	typed = true;
	if (port == SERIAL_COM2) {
		telemetry_receive(&box[SERIAL_COM2], byte);
		return;
	}
	d = domain_at(focus ? focus : 1);
	if (byte == CTRL_T)
		move_focus();
	else if (d)
		console_input(d, (char)byte);
}

size_t upcall_serial_output(unsigned int port, uint8_t *buffer, size_t size)
{
	return ring_take(&box[port], buffer, size);
}

/* --- the regular look --- */

static bool boxes_empty(void)
{
	return ring_room(&box[0]) == RING_SIZE &&
	       ring_room(&box[1]) == RING_SIZE;
}

static bool all_sent(void)
{
	for (uint32_t i = 1; i < world.domain_count; i++) {
		struct domain *d = world.domain[i];
		uint64_t produced = atomic_load(&d->console.produced);

		if (d->console.sent[0] != produced ||
		    d->console.sent[1] != produced || atomic_load(&d->news) ||
		    atomic_load(&d->device_pending))
			return false;
	}
	return boxes_empty();
}

/* The store is there for the others and ends with them. */
static bool others_live(void)
{
	const struct domain *store = domain_at(world.store);
	uint32_t state = store ? atomic_load(&store->state) : DOMAIN_DEAD;

	return atomic_load(&world.live_count) >
	       (state != DOMAIN_DEAD && state != DOMAIN_SHUTDOWN);
}

/* Every VM has ended, or the operator said so: say it, drain, power off. */
static void maybe_power_off(nsec_t now)
{
	uint8_t byte = atomic_load(&world.any_crash) ? 0x12 : 0x10;

	if (!atomic_load(&world.poweroff_wanted) &&
	    (!world.poweroff_when_done || others_live()))
		return;
	if (done_since && (all_sent() || now - done_since > LINGER))
		arch_poweroff(byte);
	if (!done_since && telemetry_send(&box[SERIAL_COM2], TELEMETRY_DONE, 0,
					  &byte, sizeof(byte)))
		done_since = now;
}

nsec_t hook_serial(nsec_t now)
{
	size_t moved = 0;
	char text[240];

	if (!greeted) {
		greeted = telemetry_send_hello(&box[SERIAL_COM2]);
		for (uint32_t i = 1; i < world.domain_count; i++)
			if (!focus && !world.domain[i]->start_paused)
				focus = i;
	}
	if (atomic_exchange(&world.audit_wanted, false))
		telemetry_audit(text, sizeof(text));
	pci_report();
	send_log();
	/* A bounded number of VMs and bytes a time, each VM in turn. */
	for (uint32_t i = 1;
	     i < world.domain_count && i <= 64 && moved < CHUNK; i++) {
		struct domain *d = world.domain[next_domain];

		if (++next_domain >= world.domain_count)
			next_domain = 1;
		console_look(d);
		moved += text_of(d, now);
		moved += frames_of(d, now);
	}
	arch_console_poll();
	maybe_power_off(now);
	moved += typed;
	typed = false;
	return now + (moved || !boxes_empty() ? SERIAL_BUSY : SERIAL_QUIET);
}
