/* SPDX-License-Identifier: MIT */
/*
 * The launch image.
 */
#include "image.h"
#include "cell.h"
#include "node.h"
#include "path.h"
#include "watch.h"
#include <string.h>

struct image_head image_head(const struct image *image)
{
	struct image_head h;

	memcpy(&h, image->bytes, sizeof(h));
	return h;
}

struct image_client image_client(const struct image *image, uint32_t i)
{
	struct image_client c;

	memcpy(&c, image->bytes + sizeof(struct image_head) + i * sizeof(c),
	       sizeof(c));
	return c;
}

uint32_t image_first(const struct image *image)
{
	return (uint32_t)(sizeof(struct image_head) +
			  image_head(image).client_count *
				  sizeof(struct image_client));
}

static uint32_t image_record_size(const struct image_node *n)
{
	return (uint32_t)sizeof(*n) + n->perm_count * 4u + n->path_length +
	       n->value_length + n->end_length;
}

bool image_next(const struct image *image, uint32_t *offset,
		struct image_record *r)
{
	const uint8_t *at = image->bytes + *offset;

	if (*offset >= image->size)
		return false;
	memcpy(&r->head, at, sizeof(r->head));
	memcpy(r->perm, at + sizeof(r->head), r->head.perm_count * 4u);
	r->path = (const char *)at + sizeof(r->head) +
		  r->head.perm_count * 4u;
	r->value = (const uint8_t *)r->path + r->head.path_length;
	r->end = r->value + r->head.value_length;
	*offset += (image_record_size(&r->head) + 3u) & ~3u;
	return true;
}

static const char *client_check(const struct image_client *c,
				uint32_t domid_before)
{
	uint32_t named = 0;

	if (c->domid <= domid_before || c->domid >= DOMID_LIMIT)
		return "the domids of clients are not ascending";
	if ((c->flags & ~IMAGE_CLIENT_PRIVILEGED) || c->reserved)
		return "a client has an unknown flag";
	if (c->arena_kib < 4 || c->arena_kib > 65536)
		return "an arena is not within 4 KiB and 64 MiB";
	if (!c->nodes || c->nodes > UINT16_MAX || !c->watches ||
	    c->watches > UINT16_MAX || !c->events || c->events > UINT16_MAX ||
	    !c->shadows || !c->transactions ||
	    c->transactions > TRANSACTION_MAX)
		return "a client's quota is out of range";
	while (named < IMAGE_NAME_MAX && c->name[named])
		named++;
	for (uint32_t i = named; i < IMAGE_NAME_MAX; i++)
		if (c->name[i])
			return "a client's name is not padded with zeros";
	return named && named < IMAGE_NAME_MAX ? NULL :
						 "a client's name is wrong";
}

static const char *record_check(const struct image *image, uint32_t offset)
{
	uint32_t left = image->size - offset, size;
	struct image_record r;

	if (left < sizeof(r.head))
		return "the last node is cut off";
	memcpy(&r.head, image->bytes + offset, sizeof(r.head));
	size = image_record_size(&r.head);
	if (size > left || ((size + 3u) & ~3u) > left)
		return "the last node is cut off";
	if (!r.head.perm_count || r.head.perm_count > PERM_MAX)
		return "a node's permissions are not 1 to 5";
	if ((r.head.flags & ~IMAGE_NODE_END) ||
	    (!(r.head.flags & IMAGE_NODE_END) && r.head.end_length))
		return "a node has an unknown flag";
	if (r.head.value_length + r.head.perm_count * 4u > VALUE_MAX ||
	    r.head.end_length + r.head.perm_count * 4u > VALUE_MAX)
		return "a node's value is too long";
	for (uint32_t i = size; i % 4; i++)
		if (image->bytes[offset + i])
			return "a node is not padded with zeros";
	image_next(image, &offset, &r);
	if (!path_valid(r.path, r.head.path_length) &&
	    !path_is_special(r.path, r.head.path_length))
		return "a node's path is not valid";
	for (uint32_t i = 0; i < r.head.perm_count; i++)
		if (PERM_RIGHTS(r.perm[i]) > 3 ||
		    PERM_DOMID(r.perm[i]) >= DOMID_LIMIT)
			return "a node's permission is not valid";
	return NULL;
}

const char *image_check(const struct image *image)
{
	const char *wrong = NULL;
	struct image_head h;
	uint32_t before = 0, offset, nodes = 0;

	if (image->size < sizeof(h))
		return "it is too short";
	h = image_head(image);
	if (h.magic != IMAGE_MAGIC)
		return "it is not an image of a store";
	if (h.version != IMAGE_VERSION || h.reserved)
		return "its version is not known";
	if (h.size != image->size || h.size % 4)
		return "its size is not what it says";
	if (!h.client_count || h.client_count > IMAGE_CLIENTS_MAX ||
	    image_first(image) > h.size)
		return "the number of clients is wrong";
	if (h.checksum != image_sum(image->bytes + sizeof(h),
				    h.size - sizeof(h)))
		return "its checksum is wrong";
	for (uint32_t i = 0; !wrong && i < h.client_count; i++) {
		struct image_client c = image_client(image, i);

		wrong = client_check(&c, before);
		before = c.domid;
	}
	offset = image_first(image);
	while (!wrong && offset < h.size) {
		struct image_record r;

		wrong = record_check(image, offset);
		if (!wrong)
			image_next(image, &offset, &r);
		nodes++;
	}
	if (!wrong && nodes != h.node_count)
		wrong = "the number of nodes is not what it says";
	return wrong;
}

uint32_t image_payer(struct store *s, const struct image_record *r)
{
	return store_client_of(s, PERM_DOMID(r->perm[0]));
}

/* Nobody may remove what the store owns, nor what leads to it. */
static void image_fix(struct store *s, cell_t node)
{
	for (; node; node = store_node(s, node)->parent)
		store_node(s, node)->head.flags |= NODE_FIXED;
}

static void image_path(struct store *s, const struct image_record *r)
{
	struct path *p = &s->path;

	p->special = r->path[0] == '@';
	p->length = r->head.path_length;
	memcpy(p->text, r->path, p->length);
	p->text[p->length] = '\0';
}

/* Make what node_find() did not find, the last name apart; 0: no room. */
static cell_t image_make(struct store *s, const struct found *f,
			 uint32_t payer)
{
	const struct path *p = &s->path;
	cell_t node = node_make(s, payer, CELL_NODE, p->text + f->at,
				p->length - f->at);

	if (node)
		node_attach(s, f->near, node);
	return node;
}

static bool image_set(struct store *s, const struct image_record *r,
		      cell_t node, bool ended)
{
	struct node *n = store_node(s, node);
	uint32_t payer = image_payer(s, r);

	n->head.flags |= NODE_LAUNCH;
	n->perm_count = r->head.perm_count;
	memcpy(n->perm, r->perm, sizeof(n->perm));
	if (!payer)
		image_fix(s, node);
	if (ended && (r->head.flags & IMAGE_NODE_END))
		return !node_set_value(s, payer, node, r->end,
				       r->head.end_length);
	return !node_set_value(s, payer, node, r->value,
			       r->head.value_length);
}

const char *image_load(struct store *s, const struct image_record *r)
{
	const struct path *p = &s->path;
	struct found f;

	image_path(s, r);
	f = node_find(s);
	if (f.node) {
		if (store_node(s, f.node)->head.flags & NODE_LAUNCH)
			return "a node is there twice";
	} else {
		if (path_component(p->text, p->length, f.at) + f.at !=
		    p->length)
			return "a node's parent does not come before it";
		f.node = image_make(s, &f, image_payer(s, r));
	}
	if (!f.node || !image_set(s, r, f.node, false))
		return "an arena is too small for its nodes";
	return NULL;
}

/* Is the node as the record says? */
static bool image_is(struct store *s, const struct image_record *r,
		     cell_t node)
{
	struct node *n = store_node(s, node);
	bool end = r->head.flags & IMAGE_NODE_END;
	uint32_t length = end ? r->head.end_length : r->head.value_length;

	return n->perm_count == r->head.perm_count &&
	       !memcmp(n->perm, r->perm, n->perm_count * 4u) &&
	       n->value_length == length &&
	       !place_compare(s, node_place(n), n->name_length,
			      end ? r->end : r->value, length);
}

/* False: there is no room yet. */
static bool image_restore_one(struct store *s, const struct image_record *r)
{
	const struct path *p = &s->path;
	struct found f;

	image_path(s, r);
	f = node_find(s);
	if (f.node && image_is(s, r, f.node)) {
		store_node(s, f.node)->head.flags |= NODE_LAUNCH;
		return true;
	}
	if (!f.node) {
		/* A parent that found no room leaves no place for this. */
		if (path_component(p->text, p->length, f.at) + f.at !=
		    p->length)
			return true;
		f.node = image_make(s, &f, image_payer(s, r));
		if (!f.node)
			return !s->grave;
		store_node(s, f.node)->perm_count = 1;
	}
	if (!image_set(s, r, f.node, true) && s->grave)
		return false;
	store_node(s, f.node)->generation = store_generation(s);
	store_node(s, f.node)->writer = 0;
	watch_fire(s, p, f.node, NULL);
	return true;
}

bool image_restore(struct store *s, const struct image *image,
		   uint32_t client, unsigned int count)
{
	struct client *c = store_client(s, client);

	if (!c->cursor)
		c->cursor = image_first(image);
	while (count--) {
		struct image_record r;
		uint32_t next = c->cursor;

		if (!image_next(image, &next, &r))
			return true;
		if (path_home(s, r.path, r.head.path_length) == client &&
		    !image_restore_one(s, &r))
			return false;
		c->cursor = next;
	}
	return false;
}
