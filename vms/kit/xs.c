/* SPDX-License-Identifier: MIT */
/*
 * A client of the xenstore.
 *
 *  X1  the peer's indices are used modulo the ring and never trusted to be
 *      near: what is taken is at most what was asked for;
 *  X2  after each move of an index the store is notified.
 */
#include "xs.h"
#include "clock.h"
#include "event.h"
#include "hypercall.h"
#include "memory.h"
#include "string.h"

#define EVENTS		64u
#define EVENT_MAX	512u
#define PATIENCE	10000000000ull

struct xenstore_domain_interface *xs_ring;
evtchn_port_t xs_port;
char xs_reply[XENSTORE_PAYLOAD_MAX + 1];

static char event[EVENTS][EVENT_MAX];
static unsigned int event_head, event_tail;
static uint32_t last_id;

bool xs_wait_ready(uint64_t ns)
{
	uint64_t end = clock_now() + ns;

	while (READ_ONCE(xs_ring->connection) != XENSTORE_CONNECTED) {
		uint64_t seen = event_count(xs_port);

		if (READ_ONCE(xs_ring->connection) == XENSTORE_CONNECTED)
			break;
		if (clock_now() >= end)
			return false;
		event_wait(xs_port, seen, end - clock_now());
	}
	return true;
}

bool xs_init(uint64_t ns)
{
	uint64_t pfn, port;

	if (param_get(HVM_PARAM_STORE_PFN, &pfn) || !pfn ||
	    param_get(HVM_PARAM_STORE_EVTCHN, &port) || !port)
		return false;
	xs_ring = (struct xenstore_domain_interface *)(pfn << PAGE_SHIFT);
	xs_port = (evtchn_port_t)port;
	event_attach(xs_port, NULL);
	return xs_wait_ready(ns);
}

bool xs_reconnect(uint64_t ns)
{
	event_head = event_tail = 0;
	WRITE_ONCE(xs_ring->connection, XENSTORE_RECONNECT);
	event_send(xs_port);
	return xs_wait_ready(ns);
}

/* Sleep until the store did something after seen was read. */
static bool xs_sleep(uint64_t seen, uint64_t end)
{
	uint64_t now = clock_now();

	return now < end && event_wait(xs_port, seen, end - now);
}

static bool xs_put(const void *from, uint32_t count, uint64_t end)
{
	const char *at = from;

	while (count) {
		uint64_t seen = event_count(xs_port);
		uint32_t prod = xs_ring->req_prod;
		uint32_t used = prod - READ_ONCE(xs_ring->req_cons);
		uint32_t run = 0;

		while (run < count && used + run < XENSTORE_RING_SIZE) {
			xs_ring->req[MASK_XENSTORE_IDX(prod + run)] = at[run];
			run++;
		}
		if (!run) {
			if (!xs_sleep(seen, end))
				return false;
			continue;
		}
		__atomic_store_n(&xs_ring->req_prod, prod + run,
				 __ATOMIC_RELEASE);
		at += run;
		count -= run;
		event_send(xs_port);
	}
	return true;
}

static bool xs_take(void *to, uint32_t count, uint64_t end)
{
	char *at = to;

	while (count) {
		uint64_t seen = event_count(xs_port);
		uint32_t cons = xs_ring->rsp_cons;
		uint32_t have = __atomic_load_n(&xs_ring->rsp_prod,
						__ATOMIC_ACQUIRE) - cons;
		uint32_t run = 0;

		while (run < count && run < have) {
			at[run] = xs_ring->rsp[MASK_XENSTORE_IDX(cons + run)];
			run++;
		}
		if (!run) {
			if (!xs_sleep(seen, end))
				return false;
			continue;
		}
		__atomic_store_n(&xs_ring->rsp_cons, cons + run,
				 __ATOMIC_RELEASE);
		at += run;
		count -= run;
		/* A store that had no room waits for this. */
		if (have == XENSTORE_RING_SIZE)
			event_send(xs_port);
	}
	return true;
}

/* Is there at least a part of a message? */
static bool xs_begins(uint64_t end)
{
	for (;;) {
		uint64_t seen = event_count(xs_port);

		if (READ_ONCE(xs_ring->rsp_prod) != xs_ring->rsp_cons)
			return true;
		if (!xs_sleep(seen, end))
			return false;
	}
}

/* One message; *head is filled, the payload is in xs_reply. */
static bool xs_message(struct xsd_sockmsg *head, uint64_t end)
{
	if (!xs_take(head, sizeof(*head), end) ||
	    head->len > XENSTORE_PAYLOAD_MAX ||
	    !xs_take(xs_reply, head->len, end))
		return false;
	xs_reply[head->len] = '\0';
	if (head->type == XS_WATCH_EVENT &&
	    event_head - event_tail < EVENTS) {
		char *to = event[event_head++ % EVENTS];

		memcpy(to, xs_reply,
		       head->len < EVENT_MAX ? head->len : EVENT_MAX);
		to[EVENT_MAX - 1] = '\0';
	}
	return true;
}

long xs_call(uint32_t type, uint32_t tx, const void *payload, uint32_t size)
{
	struct xsd_sockmsg head = { type, ++last_id, tx, size };
	uint64_t end = clock_now() + PATIENCE;
	struct {
		struct xsd_sockmsg head;
		char payload[240];
	} whole;

	/* At once if it is short: one notification. */
	whole.head = head;
	if (size <= sizeof(whole.payload)) {
		memcpy(whole.payload, payload, size);
		if (!xs_put(&whole, (uint32_t)sizeof(head) + size, end))
			return -2;
	} else if (!xs_put(&head, sizeof(head), end) ||
		   !xs_put(payload, size, end)) {
		return -2;
	}
	do
		if (!xs_message(&head, end))
			return -2;
	while (head.type == XS_WATCH_EVENT);
	if (head.req_id != last_id || head.tx_id != tx)
		return -2;
	return head.type == XS_ERROR ? -1 : (long)head.len;
}

long xs_path(uint32_t type, uint32_t tx, const char *path)
{
	return xs_call(type, tx, path, (uint32_t)strlen(path) + 1);
}

long xs_read(uint32_t tx, const char *path)
{
	return xs_path(XS_READ, tx, path);
}

static long xs_two(uint32_t type, uint32_t tx, const char *a, const char *b,
		   uint32_t extra)
{
	static char text[XENSTORE_PAYLOAD_MAX];
	size_t at = strlen(a) + 1, size = strlen(b);

	if (at + size + 1 > sizeof(text))
		return -2;
	memcpy(text, a, at);
	memcpy(text + at, b, size + 1);
	return xs_call(type, tx, text, (uint32_t)(at + size) + extra);
}

long xs_write(uint32_t tx, const char *path, const char *value)
{
	return xs_two(XS_WRITE, tx, path, value, 0);
}

long xs_watch(uint32_t type, const char *path, const char *token)
{
	return xs_two(type, 0, path, token, 1);
}

const char *xs_event(uint64_t ns)
{
	uint64_t end = clock_now() + ns;
	struct xsd_sockmsg head;

	while (event_head == event_tail)
		/* Of a message that has begun the rest will come. */
		if (!xs_begins(end) ||
		    !xs_message(&head, clock_now() + PATIENCE))
			return NULL;
	return event[event_tail++ % EVENTS];
}
