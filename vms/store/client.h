/* SPDX-License-Identifier: MIT */
/*
 * Clients: from connecting to the end of the domain, and their turns.
 *  L1  a turn does a bounded amount of work for one client, and so does a
 *      step for the store; who calls them in turn starves nobody;
 *  L2  requests of one client are answered in order, and between two of them
 *      at least one waiting event is delivered;
 *  L3  after a domain's end its home is as the launch image has it (with the
 *      end values), its arena holds nothing else, and no event of its past
 *      life reaches the next.
 */
#pragma once
#include "image.h"
#include "store.h"

/* What client_turn() says. */
#define TURN_NOTIFY	0x1u	/* send the client an event */
#define TURN_AGAIN	0x2u	/* there is more to do now */
#define TURN_LATER	0x4u	/* there is, after client_later() */

/*
 * The client's ring is there: serve it from now on. The caller then
 * notifies the client.
 */
void client_connect(struct store *s, uint32_t client,
		    struct xenstore_domain_interface *ring);
/* Its domain has ended; the ring is not touched any more. */
void client_gone(struct store *s, uint32_t client);
/* Is everything of its past life gone? Only then it may connect again. */
bool client_is_clean(struct store *s, uint32_t client);

/* Serve a client that is not absent. now: ns, never going back. */
unsigned int client_turn(struct store *s, uint32_t client,
			 struct xenstore_domain_interface *ring,
			 uint64_t now);
/* When a turn that said TURN_LATER is worth trying again. */
uint64_t client_later(struct store *s);

/*
 * One step of what is to be done for nobody's turn: reclaiming what was
 * removed, resetting domains that ended. False if there is nothing.
 */
bool client_step(struct store *s, const struct image *image);
