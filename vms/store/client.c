/* SPDX-License-Identifier: MIT */
/*
 * Clients and their turns.
 */
#include "client.h"
#include "cell.h"
#include "node.h"
#include "path.h"
#include "protocol.h"
#include "ring.h"
#include "transaction.h"
#include "watch.h"
#include <string.h>

#define TURN_MESSAGES	8u	/* requests and events in one turn */
#define TURN_RECLAIM	512u	/* nodes, before a turn's messages */
#define STEP_RECLAIM	256u	/* nodes in one step */
#define STEP_DROP	64u	/* watches and events */
#define STEP_SWEEP	512u	/* cells looked at */
#define STEP_IMAGE	16u	/* records of the image looked at */

/* Forget the message that is coming in and the one that is going out. */
static void client_forget(struct client *c)
{
	c->in_used = 0;
	c->out_size = c->out_sent = 0;
	c->event_turn = 0;
}

void client_connect(struct store *s, uint32_t client,
		    struct xenstore_domain_interface *ring)
{
	struct client *c = store_client(s, client);

	client_forget(c);
	c->state = CLIENT_READY;
	/* A ring in use already would be one whose guest did not wait. */
	if (!ring_adopt(c, ring))
		ring_clear(c, ring);
	ring_open(ring);
	watch_fire_special(s, "@introduceDomain");
}

void client_gone(struct store *s, uint32_t client)
{
	struct client *c = store_client(s, client);

	c->state = CLIENT_ABSENT;
	if (c->work == WORK_RESET)
		return;
	c->work = WORK_RESET;
	c->stage = RESET_DROP;
	c->conflict = 0;
	s->reset_count++;
	client_forget(c);
	transaction_abort_all(s, client);
}

bool client_is_clean(struct store *s, uint32_t client)
{
	const struct client *c = store_client(s, client);

	return c->state == CLIENT_ABSENT && c->work == WORK_NONE;
}

static void client_break(struct store *s, uint32_t client,
			 struct xenstore_domain_interface *ring,
			 uint32_t error)
{
	struct client *c = store_client(s, client);

	c->state = CLIENT_BROKEN;
	c->work = WORK_BREAK;
	client_forget(c);
	transaction_abort_all(s, client);
	ring_fail(ring, error);
}

/* One step of the work that stands before the client's requests. */
static unsigned int client_work(struct store *s, uint32_t client,
				struct xenstore_domain_interface *ring)
{
	struct client *c = store_client(s, client);
	enum client_work work = c->work;

	if (!watch_drop_some(s, client, STEP_DROP))
		return TURN_AGAIN;
	c->work = WORK_NONE;
	switch (work) {
	case WORK_DROP:
		protocol_acknowledge(c);
		return TURN_AGAIN;
	case WORK_RECONNECT:
		c->state = CLIENT_READY;
		ring_clear(c, ring);
		ring_open(ring);
		return TURN_NOTIFY | TURN_AGAIN;
	case WORK_BREAK:
	case WORK_RESET:
	case WORK_NONE:
		break;
	}
	return 0;
}

enum fill { FILL_WHOLE, FILL_PART, FILL_BROKEN };

/* Take what has come of the next request. */
static enum fill client_fill(struct store *s, uint32_t client,
			     struct xenstore_domain_interface *ring,
			     unsigned int *result)
{
	struct client *c = store_client(s, client);
	uint32_t want, got;

	for (;;) {
		want = (uint32_t)sizeof(c->in.head);
		if (c->in_used >= want) {
			if (c->in.head.len > XENSTORE_PAYLOAD_MAX) {
				client_break(s, client, ring,
					     XENSTORE_ERROR_PROTO);
				return FILL_BROKEN;
			}
			want += c->in.head.len;
			if (c->in_used == want)
				return FILL_WHOLE;
		}
		if (ring_take(c, ring, c->in.bytes + c->in_used,
			      want - c->in_used, &got) == RING_BROKEN) {
			client_break(s, client, ring, XENSTORE_ERROR_RINGIDX);
			return FILL_BROKEN;
		}
		if (!got)
			return FILL_PART;
		c->in_used += got;
		*result |= TURN_NOTIFY;
	}
}

/* Send what is left of the message that is going out. */
static bool client_flush(struct store *s, uint32_t client,
			 struct xenstore_domain_interface *ring,
			 unsigned int *result)
{
	struct client *c = store_client(s, client);
	uint32_t sent;

	while (c->out_sent < c->out_size) {
		if (ring_put(c, ring, c->out.bytes + c->out_sent,
			     c->out_size - c->out_sent, &sent) ==
		    RING_BROKEN) {
			client_break(s, client, ring, XENSTORE_ERROR_RINGIDX);
			*result |= TURN_NOTIFY | TURN_AGAIN;
			return false;
		}
		if (!sent) {
			if (ring_waits(c, ring))
				continue;
			return false;
		}
		c->out_sent += sent;
		*result |= TURN_NOTIFY;
	}
	return true;
}

/* One message in, or out; false if the turn is over. */
static bool client_message(struct store *s, uint32_t client,
			   struct xenstore_domain_interface *ring,
			   unsigned int *result)
{
	struct client *c = store_client(s, client);

	if (!client_flush(s, client, ring, result))
		return false;
	if (c->work) {
		*result |= client_work(s, client, ring);
		return c->state == CLIENT_READY;
	}
	if (c->event_turn && protocol_event(s, client)) {
		c->event_turn = 0;
		return true;
	}
	switch (client_fill(s, client, ring, result)) {
	case FILL_WHOLE:
		c->event_turn = 1;
		if (protocol_handle(s, client))
			return true;
		*result |= s->grave ? TURN_AGAIN : TURN_LATER;
		return false;
	case FILL_PART:
		if (protocol_event(s, client) || ring_waits(c, ring))
			return true;
		return false;
	case FILL_BROKEN:
		*result |= TURN_NOTIFY | TURN_AGAIN;
		return false;
	}
	return false;
}

unsigned int client_turn(struct store *s, uint32_t client,
			 struct xenstore_domain_interface *ring,
			 uint64_t now)
{
	struct client *c = store_client(s, client);
	unsigned int result = 0;

	s->now = now;
	if (c->state == CLIENT_ABSENT)
		return 0;
	/* More than a turn's requests can make: removal pays for itself. */
	node_reclaim(s, TURN_RECLAIM);
	if (ring_wants_reconnect(ring) && c->work != WORK_RECONNECT) {
		client_forget(c);
		transaction_abort_all(s, client);
		c->work = WORK_RECONNECT;
	}
	if (c->state == CLIENT_BROKEN)
		return c->work ? client_work(s, client, ring) : 0;
	for (unsigned int i = 0; i < TURN_MESSAGES; i++)
		if (!client_message(s, client, ring, &result))
			return result;
	return result | TURN_AGAIN;
}

uint64_t client_later(struct store *s)
{
	return s->shield_client ? s->shield_until : s->now;
}

/* Remove what the domain left in its home, or elsewhere at its expense. */
static bool reset_sweep(struct store *s, uint32_t client)
{
	struct client *c = store_client(s, client);
	uint32_t end = c->cursor + STEP_SWEEP;

	for (; c->cursor < end; c->cursor++) {
		struct node *n;

		if (c->cursor >= s->cell_count) {
			c->cursor = 0;
			return true;
		}
		n = store_node(s, c->cursor);
		if (n->head.type != CELL_NODE ||
		    (n->head.flags & NODE_LAUNCH) ||
		    (n->home != client && n->head.arena != client))
			continue;
		/* What is buried already has no way up to the root. */
		if (node_path(s, c->cursor, &s->path))
			node_remove(s, client, c->cursor, &s->path);
	}
	return false;
}

static bool client_reset(struct store *s, uint32_t client,
			 const struct image *image)
{
	struct client *c = store_client(s, client);

	switch (c->stage) {
	case RESET_DROP:
		if (watch_drop_some(s, client, STEP_DROP)) {
			c->stage = RESET_SWEEP;
			c->cursor = 1;
		}
		return false;
	case RESET_SWEEP:
		if (reset_sweep(s, client))
			c->stage = RESET_IMAGE;
		return false;
	case RESET_IMAGE:
		return image_restore(s, image, client, STEP_IMAGE);
	}
	return false;
}

bool client_step(struct store *s, const struct image *image)
{
	node_reclaim(s, STEP_RECLAIM);
	for (uint32_t i = 1; s->reset_count && i < s->client_count; i++) {
		struct client *c = store_client(s, i);

		if (c->work != WORK_RESET || !client_reset(s, i, image))
			continue;
		c->work = WORK_NONE;
		s->reset_count--;
		watch_fire_special(s, "@releaseDomain");
	}
	return s->reset_count || s->grave;
}
