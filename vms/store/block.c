/* SPDX-License-Identifier: MIT */
/*
 * Laying the block out. Behind struct store come clients, buckets, the map
 * and the cells, in this order, each aligned to 128 bytes.
 */
#include "block.h"
#include "cell.h"
#include "node.h"
#include "path.h"
#include <string.h>

#define ALIGN(n)	(((uint64_t)(n) + 127u) & ~127ull)
#define CELLS_PER_KIB	(1024u / sizeof(union cell))
#define BUCKETS_MAX	1024u

/* Nodes that every store has: root, the special ones, /local, /domain. */
#define FRAME_NODES	6u

static uint32_t bucket_count(uint32_t watches)
{
	uint32_t count = 8;

	while (count < watches / 2 && count < BUCKETS_MAX)
		count *= 2;
	return count;
}

/* Where the last name of a path begins. */
static uint32_t last_name(const struct image_record *r)
{
	uint32_t at = r->head.path_length;

	while (at && r->path[at - 1] != '/')
		at--;
	return at;
}

static bool is_client(const struct image *image, uint32_t domid)
{
	uint32_t low = 0, high = image_head(image).client_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		uint32_t there = image_client(image, middle).domid;

		if (there == domid)
			return true;
		if (there < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Cells of client 0: the frame, the homes and what no client owns. */
static uint32_t system_cells(const struct image *image)
{
	uint32_t cells = FRAME_NODES + image_head(image).client_count;
	uint32_t offset = image_first(image);
	struct image_record r;

	while (image_next(image, &offset, &r)) {
		uint32_t value = r.head.value_length;

		if (is_client(image, PERM_DOMID(r.perm[0])))
			continue;
		if (r.head.end_length > value)
			value = r.head.end_length;
		/* Twice: the new value is there before the old one goes. */
		cells += 1 + 2 * text_cells(r.head.path_length -
						    last_name(&r) + value,
					    NODE_TEXT);
	}
	return cells;
}

/* Offsets and numbers, as struct store has them. */
struct layout {
	uint64_t client_at, bucket_at, map_at, cell_at, size;
	uint32_t clients, buckets, domids, cells;
};

static struct layout block_layout(const struct image *image)
{
	struct layout l = { .clients = 1, .buckets = 1 };

	l.cells = 1 + system_cells(image);
	for (uint32_t i = 0; i < image_head(image).client_count; i++) {
		struct image_client c = image_client(image, i);

		l.clients++;
		l.buckets += bucket_count(c.watches);
		l.cells += c.arena_kib * (uint32_t)CELLS_PER_KIB;
		l.domids = c.domid + 1u;
	}
	l.client_at = ALIGN(sizeof(struct store));
	l.bucket_at = l.client_at + ALIGN(l.clients * sizeof(struct client));
	l.map_at = l.bucket_at + ALIGN(l.buckets * sizeof(cell_t));
	l.cell_at = l.map_at + ALIGN(l.domids * sizeof(uint16_t));
	l.size = l.cell_at + (uint64_t)l.cells * sizeof(union cell);
	return l;
}

uint64_t block_size(const struct image *image)
{
	return block_layout(image).size;
}

/* Clients, their arenas, buckets and homes' paths. */
static void block_clients(struct store *s, const struct image *image)
{
	uint16_t *map = (uint16_t *)((char *)s + s->map_at);
	struct client *c = store_client(s, 0);
	uint32_t bucket = 1, cell = 1;

	c->flags = IMAGE_CLIENT_PRIVILEGED;
	memcpy(c->name, "store", 6);
	c->cell_first = c->cell_fresh = cell;
	c->cell_count = system_cells(image);
	c->node_limit = UINT32_MAX;
	cell += c->cell_count;
	for (uint32_t i = 1; i < s->client_count; i++) {
		struct image_client from = image_client(image, i - 1);

		c = store_client(s, i);
		c->domid = from.domid;
		c->flags = from.flags;
		memcpy(c->name, from.name, sizeof(c->name));
		c->cell_first = c->cell_fresh = cell;
		c->cell_count = from.arena_kib * (uint32_t)CELLS_PER_KIB;
		c->reserve = c->cell_count / 8;
		c->node_limit = from.nodes;
		c->watch_limit = from.watches;
		c->event_limit = from.events;
		c->transaction_limit = from.transactions;
		c->shadow_limit = from.shadows;
		c->bucket_first = bucket;
		c->bucket_mask = bucket_count(from.watches) - 1;
		memcpy(c->home_path, "/local/domain/", 14);
		c->home_length = 14 + path_decimal(c->home_path + 14,
						   c->domid);
		map[c->domid] = (uint16_t)i;
		bucket += c->bucket_mask + 1;
		cell += c->cell_count;
	}
}

/* A node of the frame, owned by nobody and readable by one domain. */
static cell_t frame_node(struct store *s, cell_t dir, const char *name,
			 uint32_t length, uint32_t reader)
{
	cell_t at = node_make(s, 0, CELL_NODE, name, length);
	struct node *n = store_node(s, at);

	n->perm[0] = PERM(0, 0);
	n->perm_count = 1;
	if (reader) {
		n->perm[1] = PERM(reader, RIGHT_READ);
		n->perm_count = 2;
	}
	n->head.flags = NODE_FIXED;
	if (dir)
		node_attach(s, dir, at);
	return at;
}

static void block_frame(struct store *s)
{
	cell_t domain;

	s->root = frame_node(s, 0, "", 0, 0);
	s->special = frame_node(s, 0, "", 0, 0);
	frame_node(s, s->special, "@introduceDomain", 16, 0);
	frame_node(s, s->special, "@releaseDomain", 14, 0);
	domain = frame_node(s, s->root, "local", 5, 0);
	domain = frame_node(s, domain, "domain", 6, 0);
	for (uint32_t i = 1; i < s->client_count; i++) {
		struct client *c = store_client(s, i);

		c->home = frame_node(s, domain, c->home_path + 14,
				     c->home_length - 14, c->domid);
		store_node(s, c->home)->home = (uint16_t)i;
	}
}

const char *block_init(void *at, const struct image *image)
{
	struct layout l = block_layout(image);
	uint32_t offset = image_first(image);
	const char *wrong = NULL;
	struct store *s = at;
	struct image_record r;

	s->magic = STORE_MAGIC;
	s->version = STORE_VERSION;
	s->size = l.size;
	s->image_checksum = image_head(image).checksum;
	s->client_at = l.client_at;
	s->bucket_at = l.bucket_at;
	s->map_at = l.map_at;
	s->cell_at = l.cell_at;
	s->client_count = l.clients;
	s->bucket_count = l.buckets;
	s->map_count = l.domids;
	s->cell_count = l.cells;
	block_clients(s, image);
	block_frame(s);
	while (!wrong && image_next(image, &offset, &r))
		wrong = image_load(s, &r);
	for (uint32_t i = 1; !wrong && i < s->client_count; i++)
		if (store_client(s, i)->node_count >
		    store_client(s, i)->node_limit)
			wrong = "a client's quota of nodes is too small";
	return wrong;
}

static uint64_t block_sum(const struct store *s)
{
	const uint64_t *at = (const uint64_t *)s;
	uint64_t sum = 14695981039346656037ull;

	for (uint64_t i = 0; i < s->size / 8; i++)
		sum = (sum ^ at[i]) * 1099511628211ull;
	return sum;
}

void block_seal(struct store *s)
{
	s->sealed = 1;
	s->checksum = 0;
	s->checksum = block_sum(s);
}

const char *block_open(struct store *s, uint64_t size,
		       const struct image *image)
{
	uint64_t sum = s->checksum;

	if (size < sizeof(*s) || s->magic != STORE_MAGIC)
		return "it is not a block of a store";
	if (s->version != STORE_VERSION)
		return "its version is not known";
	if (s->size > size || s->size % 8)
		return "its size is wrong";
	if (s->image_checksum != image_head(image).checksum)
		return "it belongs to another image";
	if (!s->sealed)
		return "it is not sealed";
	s->checksum = 0;
	if (block_sum(s) != sum)
		return "its checksum is wrong";
	s->sealed = 0;
	return NULL;
}
