/* SPDX-License-Identifier: MIT */
/*
 * The shared page. The indices run freely modulo 2^32; what lies between two
 * of them is at most one ring.
 */
#include "ring.h"
#include <string.h>

#define FEATURES (XENSTORE_SERVER_FEATURE_RECONNECTION | \
		  XENSTORE_SERVER_FEATURE_ERROR)

static uint32_t ring_load(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void ring_store(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* How many bytes lie together from index on. */
static uint32_t ring_run(uint32_t index, uint32_t count)
{
	uint32_t run = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(index);

	return count < run ? count : run;
}

enum ring_state ring_take(struct client *c,
			  struct xenstore_domain_interface *ring, void *to,
			  uint32_t max, uint32_t *count)
{
	uint32_t have = ring_load(&ring->req_prod) - c->req_cons, run;
	uint8_t *at = to;

	*count = 0;
	if (have > XENSTORE_RING_SIZE)
		return RING_BROKEN;
	if (have > max)
		have = max;
	if (!have)
		return RING_GOOD;
	run = ring_run(c->req_cons, have);
	memcpy(at, ring->req + MASK_XENSTORE_IDX(c->req_cons), run);
	memcpy(at + run, ring->req, have - run);
	c->req_cons += have;
	ring_store(&ring->req_cons, c->req_cons);
	*count = have;
	return RING_GOOD;
}

enum ring_state ring_put(struct client *c,
			 struct xenstore_domain_interface *ring,
			 const void *from, uint32_t max, uint32_t *count)
{
	uint32_t used = c->rsp_prod - ring_load(&ring->rsp_cons), room, run;
	const uint8_t *at = from;

	*count = 0;
	if (used > XENSTORE_RING_SIZE)
		return RING_BROKEN;
	room = XENSTORE_RING_SIZE - used;
	if (room > max)
		room = max;
	if (!room)
		return RING_GOOD;
	run = ring_run(c->rsp_prod, room);
	memcpy(ring->rsp + MASK_XENSTORE_IDX(c->rsp_prod), at, run);
	memcpy(ring->rsp, at + run, room - run);
	c->rsp_prod += room;
	ring_store(&ring->rsp_prod, c->rsp_prod);
	*count = room;
	return RING_GOOD;
}

bool ring_waits(const struct client *c,
		struct xenstore_domain_interface *ring)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (c->out_sent < c->out_size)
		return c->rsp_prod - ring_load(&ring->rsp_cons) !=
		       XENSTORE_RING_SIZE;
	return ring_load(&ring->req_prod) != c->req_cons;
}

bool ring_wants_reconnect(struct xenstore_domain_interface *ring)
{
	return ring_load(&ring->connection) != XENSTORE_CONNECTED;
}

bool ring_adopt(struct client *c, struct xenstore_domain_interface *ring)
{
	c->req_cons = ring_load(&ring->req_cons);
	c->rsp_prod = ring_load(&ring->rsp_prod);
	return ring_load(&ring->req_prod) - c->req_cons <=
		       XENSTORE_RING_SIZE &&
	       c->rsp_prod - ring_load(&ring->rsp_cons) <=
		       XENSTORE_RING_SIZE;
}

void ring_clear(struct client *c, struct xenstore_domain_interface *ring)
{
	c->req_cons = c->rsp_prod = 0;
	ring_store(&ring->req_cons, 0);
	ring_store(&ring->req_prod, 0);
	ring_store(&ring->rsp_cons, 0);
	ring_store(&ring->rsp_prod, 0);
}

void ring_open(struct xenstore_domain_interface *ring)
{
	ring_store(&ring->server_features, FEATURES);
	ring_store(&ring->error, XENSTORE_ERROR_NONE);
	ring_store(&ring->connection, XENSTORE_CONNECTED);
}

void ring_fail(struct xenstore_domain_interface *ring, uint32_t error)
{
	ring_store(&ring->error, error);
}
