/* SPDX-License-Identifier: MIT */
/*
 * The page shared with a client: two rings of bytes and their indices.
 *  R1  of the page only req_prod, rsp_cons, connection and the bytes of
 *      requests are read, each once for each use; what the store wrote there
 *      is never read back;
 *  R2  an index that does not fit ends the service until the client asks for
 *      a fresh connection: nothing is read or written at it.
 */
#pragma once
#include "store.h"

enum ring_state { RING_GOOD, RING_BROKEN };

/* Bytes of requests, at most max; *count is how many came. */
enum ring_state ring_take(struct client *c,
			  struct xenstore_domain_interface *ring, void *to,
			  uint32_t max, uint32_t *count);
/* Bytes of replies, at most max; *count is how many went. */
enum ring_state ring_put(struct client *c,
			 struct xenstore_domain_interface *ring,
			 const void *from, uint32_t max, uint32_t *count);
/* Is there something to take (or room to put)? With a full fence before. */
bool ring_waits(const struct client *c,
		struct xenstore_domain_interface *ring);

/* The client asks for a fresh connection. */
bool ring_wants_reconnect(struct xenstore_domain_interface *ring);
/* Begin with what is in the page; false if that makes no sense. */
bool ring_adopt(struct client *c, struct xenstore_domain_interface *ring);
/* Begin with empty rings. */
void ring_clear(struct client *c, struct xenstore_domain_interface *ring);
/* Announce features and readiness. */
void ring_open(struct xenstore_domain_interface *ring);
/* XENSTORE_ERROR_*: the service has ended. */
void ring_fail(struct xenstore_domain_interface *ring, uint32_t error);
