/* SPDX-License-Identifier: MIT */
/*
 * The store's one block of memory: everything it knows.
 *
 * The block begins with struct store; behind it lie the clients, the buckets
 * of their watches, the map from domain to client, and the cells. Invariants:
 *  S1  nothing outside the block changes while the store runs, and nothing
 *      inside is an address: cells, clients and offsets are numbers, so the
 *      block may be copied elsewhere between any two calls and go on there;
 *  S2  every cell belongs to the arena of one client for ever, and what a
 *      client stores, watches or touches is in cells of its own arena;
 *  S3  client 0 is the store itself: its arena holds the nodes of the launch
 *      image that no client owns, and nobody can make it grow.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define STORE_MAGIC	0x3145524f54534842ull	/* "BHSTORE1" */
#define STORE_VERSION	1u

#define PATH_MAX_ABS	XENSTORE_ABS_PATH_MAX
#define PATH_MAX_REL	XENSTORE_REL_PATH_MAX
#define PATH_MAX_DEPTH	64u	/* names in a path */
#define VALUE_MAX	2048u	/* with 4 bytes for each permission */
#define PERM_MAX	5u
#define TOKEN_MAX	(XENSTORE_PAYLOAD_MAX - PATH_MAX_ABS - 2u)
#define TRANSACTION_MAX	16u
#define DOMID_LIMIT	0x7ff0u
#define HOME_MAX	24u	/* "/local/domain/32751" and NUL */
#define MESSAGE_MAX	(sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

/* A cell by number; 0 is none. */
typedef uint32_t cell_t;

enum cell_type {
	CELL_FREE,
	CELL_TEXT,	/* more of the bytes of another cell */
	CELL_NODE,
	CELL_SHADOW,	/* a node as a transaction sees it */
	CELL_SPARE,	/* kept for a node that a transaction will make */
	CELL_WATCH,
	CELL_EVENT,
};

struct cell_head {
	cell_t next;		/* free list, text chain; shadow: its spare */
	uint16_t arena;		/* the client that pays, for ever */
	uint8_t type;
	uint8_t flags;
};

/* Flags of a node. */
#define NODE_LAUNCH	0x01u	/* from the launch image */
#define NODE_FIXED	0x02u	/* cannot be removed */
/* Flags of a shadow. */
#define SHADOW_KNOWN	0x01u	/* decides existence, value, permissions */
#define SHADOW_EXISTS	0x02u
#define SHADOW_DEPENDS	0x04u	/* generation must be the same at the end */
#define SHADOW_LISTED	0x08u	/* list_generation must be the same, too */
#define SHADOW_WRITTEN	0x10u	/* value changed or node made: watches fire */
#define SHADOW_PERMS	0x20u	/* permissions changed */
#define SHADOW_OPAQUE	0x40u	/* removed once: nothing below shows through */

#define NODE_TEXT	32u
#define WATCH_TEXT	80u
#define EVENT_TEXT	96u
#define CELL_TEXT_SIZE	120u

struct node {
	struct cell_head head;
	uint64_t generation;	/* of value and permissions */
	uint64_t list_generation; /* of the list of children */
	cell_t parent, child_root, left, right;
	cell_t sibling_prev, sibling_next, child_first, child_last;
	union {
		uint32_t child_bytes;	/* node: length of the list */
		cell_t base;		/* shadow: its node, in a commit */
	};
	cell_t text;		/* what of name and value exceeds bytes[] */
	uint16_t name_length, value_length;
	uint16_t home;		/* client in whose home this lies, or 0 */
	uint16_t writer;	/* client that changed it last */
	uint8_t level;		/* in the tree of its siblings */
	uint8_t perm_count;
	uint16_t reserved;
	uint32_t perm[PERM_MAX]; /* see perm.h */
	uint8_t bytes[NODE_TEXT]; /* name, then value */
};

struct watch {
	struct cell_head head;
	uint32_t hash;		/* of the absolute path */
	cell_t bucket_next;
	cell_t home_next, home_prev;
	uint16_t client, home;
	uint16_t path_length, token_length;
	uint8_t relative, lost;	/* lost: an event found no room */
	uint16_t event_count;
	cell_t event_first, event_last; /* its own, among all that wait */
	cell_t text;
	uint8_t bytes[WATCH_TEXT]; /* path as given, token */
};

struct event {
	struct cell_head head;
	cell_t watch, event_next, watch_next;
	uint32_t hash;
	uint16_t path_length, reserved;
	cell_t text;
	uint8_t bytes[EVENT_TEXT]; /* path as the watch wants it */
};

struct text {
	struct cell_head head;
	uint8_t bytes[CELL_TEXT_SIZE];
};

union cell {
	struct cell_head head;
	struct node node;
	struct watch watch;
	struct event event;
	struct text text;
};
_Static_assert(sizeof(union cell) == 128, "cell");
_Static_assert(sizeof(struct node) == 128, "node");
_Static_assert(sizeof(struct watch) == 128, "watch");
_Static_assert(sizeof(struct event) == 128, "event");
_Static_assert(sizeof(struct text) == 128, "text");

struct transaction {
	uint32_t id;		/* 0: free */
	uint32_t count;		/* shadows */
	cell_t root;
};

enum client_state {
	CLIENT_ABSENT,		/* no ring */
	CLIENT_READY,
	CLIENT_BROKEN,		/* broke the rules of the ring */
};

/* What goes on in steps; the client's requests wait meanwhile. */
enum client_work {
	WORK_NONE,
	WORK_DROP,		/* RESET_WATCHES */
	WORK_RECONNECT,		/* the client asked for a fresh ring */
	WORK_BREAK,		/* everything goes; the ring stays broken */
	WORK_RESET,		/* the domain ended: back to the launch image */
};

enum reset_stage { RESET_DROP, RESET_SWEEP, RESET_IMAGE };

/* What main.c knows about the way to a client; the rest ignores it. */
struct link {
	uint32_t port, handle;
	uint32_t mapped;
	uint32_t backoff;	/* ms */
	uint64_t retry_at;	/* ns */
};

struct client {
	uint16_t domid;
	uint16_t flags;		/* IMAGE_CLIENT_* */
	char name[32];
	/* Its arena: cells [cell_first, cell_first + cell_count). */
	uint32_t cell_first, cell_count;
	uint32_t cell_fresh;	/* from here on never used */
	uint32_t cell_free_count;
	cell_t cell_free;
	uint32_t reserve;	/* cells that only events may use */
	uint32_t node_count, node_limit;
	uint32_t watch_count, watch_limit;
	uint32_t event_count, event_limit;
	uint32_t lost_count;
	uint32_t waiting;	/* got an event: wants a turn */
	uint32_t transaction_limit, shadow_limit;
	/* Watches by hash of path: buckets [bucket_first, + mask + 1). */
	uint32_t bucket_first, bucket_mask;
	cell_t home_watch;	/* watches of anybody in this home */
	cell_t event_head, event_tail;
	cell_t home;
	uint32_t home_length;
	char home_path[HOME_MAX];
	uint32_t transaction_next;
	struct transaction transaction[TRANSACTION_MAX];
	enum client_state state;
	enum client_work work;
	enum reset_stage stage;
	uint32_t cursor;
	uint32_t conflict;	/* lost a transaction to somebody else */
	uint64_t shield_free;
	struct link link;
	/* Private copies: the client can write those in the page. */
	uint32_t req_cons, rsp_prod;
	uint32_t in_used;
	uint32_t out_size, out_sent;
	uint32_t event_turn;	/* an event goes before the next request */
	union {
		struct xsd_sockmsg head;
		uint8_t bytes[MESSAGE_MAX];
	} in, out;
};

/* A request's path, absolute, valid and NUL-terminated. */
struct path {
	uint32_t length;
	uint32_t special;	/* @introduceDomain or @releaseDomain */
	char text[PATH_MAX_ABS + 8];
};

struct store {
	uint64_t magic;
	uint32_t version, sealed;
	uint64_t size;		/* of the block */
	uint64_t checksum;	/* of the block with this as 0, if sealed */
	uint32_t image_checksum, reserved;
	uint64_t client_at, bucket_at, map_at, cell_at;	/* offsets */
	uint32_t client_count, map_count, cell_count, bucket_count;
	uint64_t generation;
	uint64_t now;
	cell_t root, special;
	cell_t grave;
	uint32_t waiting;	/* some client's waiting is set */
	uint32_t reset_count;	/* clients in WORK_RESET */
	/* One transaction at a time may be shielded, see transaction.h. */
	uint32_t shield_client, shield_transaction;
	uint64_t shield_until, shield_free;
	/* Scratch: no meaning between calls. */
	struct path path;
	struct path walk;
	char name[PATH_MAX_ABS + 8];
};

static inline union cell *store_cell(struct store *s, cell_t c)
{
	return (union cell *)((char *)s + s->cell_at) + c;
}

static inline struct node *store_node(struct store *s, cell_t c)
{
	return &store_cell(s, c)->node;
}

static inline struct watch *store_watch(struct store *s, cell_t c)
{
	return &store_cell(s, c)->watch;
}

static inline struct event *store_event(struct store *s, cell_t c)
{
	return &store_cell(s, c)->event;
}

static inline struct client *store_client(struct store *s, uint32_t i)
{
	return (struct client *)((char *)s + s->client_at) + i;
}

static inline cell_t *store_bucket(struct store *s, const struct client *c,
				   uint32_t hash)
{
	return (cell_t *)((char *)s + s->bucket_at) + c->bucket_first +
	       (hash & c->bucket_mask);
}

/* The client of a domain, or 0. */
static inline uint32_t store_client_of(struct store *s, uint32_t domid)
{
	const uint16_t *map = (const uint16_t *)((char *)s + s->map_at);

	return domid < s->map_count ? map[domid] : 0;
}

static inline uint64_t store_generation(struct store *s)
{
	return ++s->generation;
}
