/* SPDX-License-Identifier: MIT */
/*
 * A store on the host with three clients (domids 1, 2 and 5), each with a
 * ring of its own that the test drives as a guest would.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "block.h"
#include "client.h"
#include "error.h"
#include "perm.h"
#include "image.h"
#include "node.h"
#include "store.h"

#define RIG_CLIENTS	3u
#define RIG_EVENTS	64u

struct rig_event {
	char path[XENSTORE_PAYLOAD_MAX + 1];
	char token[XENSTORE_PAYLOAD_MAX + 1];
};

/* A guest: its page, its own indices, and what it has received. */
struct guest {
	struct xenstore_domain_interface *ring;
	uint32_t req_prod, rsp_cons;
	uint32_t req_id;
	uint32_t notified;	/* events it was sent */
	uint32_t have;
	union {
		struct xsd_sockmsg head;
		uint8_t bytes[MESSAGE_MAX];
	} message;
	/* The last reply. */
	uint32_t type, length;
	char reply[XENSTORE_PAYLOAD_MAX + 1];
	struct rig_event *event;
	uint32_t event_count, event_taken;
};

struct rig {
	struct store *s;
	struct image image;
	uint64_t now;
	uint8_t *seen;
	uint32_t *per_arena;
	uint32_t later;		/* clients that wait for a shield */
	struct guest guest[RIG_CLIENTS + 1];
	uint32_t moves;		/* how often the block was moved */
	bool move;		/* move it after every round */
};

/* The quotas of the rig's clients; rig_open() takes a copy. */
extern const struct image_client rig_client;

/*
 * A store with the rig's image: /shared is 1's and everybody's to write;
 * /secret is the store's own; 1 and 2 have a device between them; each has
 * name (not its own), data (its own), control/shutdown.
 */
struct rig *rig_open(const struct image_client *quota);
/* Audits and frees. */
void rig_close(struct rig *r);
void rig_audit(struct rig *r);
/* Seal, copy elsewhere, destroy the old place, open. */
void rig_move(struct rig *r);

/* As a guest: put bytes into the ring as far as they fit; how many did. */
uint32_t rig_put(struct rig *r, unsigned int guest, const void *from,
		 uint32_t count);
/* Take replies and events out of the ring. True if a reply is complete. */
bool rig_take(struct rig *r, unsigned int guest);
/* One round of the store: a turn for each, and a step. More to do? */
bool rig_round(struct rig *r);
/* Rounds until there is nothing to do; guests take what they are sent. */
void rig_settle(struct rig *r);

/* Send one request, without waiting for the reply. */
void rig_send(struct rig *r, unsigned int guest, uint32_t type, uint32_t tx,
	      const void *payload, uint32_t length);
/* Send one and wait; the error, or STORE_OK with the reply in the guest. */
enum store_error rig_call(struct rig *r, unsigned int guest, uint32_t type,
			  uint32_t tx, const void *payload, uint32_t length);

/* Requests by their parts; strings are C strings. */
enum store_error rig_path(struct rig *r, unsigned int guest, uint32_t type,
			  uint32_t tx, const char *path);
enum store_error rig_write(struct rig *r, unsigned int guest, uint32_t tx,
			   const char *path, const char *value);
enum store_error rig_watch(struct rig *r, unsigned int guest, uint32_t type,
			   const char *path, const char *token);
enum store_error rig_perms(struct rig *r, unsigned int guest, uint32_t tx,
			   const char *path, const char *perms);
uint32_t rig_start(struct rig *r, unsigned int guest);
enum store_error rig_end(struct rig *r, unsigned int guest, uint32_t tx,
			 bool commit);

/* Is the last reply exactly this (length counts the NULs inside)? */
void rig_expect(struct rig *r, unsigned int guest, const char *text,
		uint32_t length);
/* READ gives this value. */
void rig_expect_value(struct rig *r, unsigned int guest, uint32_t tx,
		      const char *path, const char *value);
/* The next event is this; or there is none. */
void rig_expect_event(struct rig *r, unsigned int guest, const char *path,
		      const char *token);
void rig_expect_no_event(struct rig *r, unsigned int guest);

/* Domain end and return. */
void rig_gone(struct rig *r, unsigned int guest);
void rig_connect(struct rig *r, unsigned int guest);

#define TEXT(t)	(t), (uint32_t)(sizeof(t) - 1)
