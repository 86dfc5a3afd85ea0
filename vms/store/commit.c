/* SPDX-License-Identifier: MIT */
/*
 * The end of a transaction: one walk over its shadows, parents first, sees
 * whether anything it depends on has changed; a second one, which cannot
 * fail, does to the nodes what was done to the shadows. s->path follows the
 * walk, and each shadow on the way remembers its node.
 */
#include "path.h"
#include "transaction.h"
#include "watch.h"
#include <string.h>

static bool shadow_has(const struct node *n, unsigned int flags)
{
	return (n->head.flags & flags) == flags;
}

/* From x to the next shadow; s->path follows. 0 at the end. */
static cell_t commit_next(struct store *s, cell_t root, cell_t x)
{
	struct node *n = store_node(s, x);
	struct path *p = &s->path;

	if (n->child_first) {
		x = n->child_first;
	} else {
		for (; x != root && !n->sibling_next; n = store_node(s, x)) {
			p->length -= n->name_length + 1u;
			x = n->parent;
		}
		if (x == root)
			return 0;
		p->length -= n->name_length + 1u;
		x = n->sibling_next;
	}
	n = store_node(s, x);
	/* The root's own '/' is not counted on the way. */
	p->text[p->length++] = '/';
	place_read(s, node_place(n), 0, p->text + p->length, n->name_length);
	p->length += n->name_length;
	p->text[p->length] = '\0';
	return x;
}

static void commit_begin(struct store *s)
{
	s->path.length = 0;
	s->path.special = 0;
	s->path.text[0] = '/';
}

/* The node that x stands for, given that its parent's is known. */
static cell_t commit_base(struct store *s, cell_t root, cell_t x)
{
	struct node *n = store_node(s, x);
	cell_t dir;

	if (x == root)
		return s->root;
	dir = store_node(s, n->parent)->base;
	return dir ? tree_find(s, dir, tree_name(s, x), n->name_length) : 0;
}

static enum store_error commit_check(struct store *s, uint32_t client,
				     const struct transaction *t)
{
	struct client *c = store_client(s, client);

	commit_begin(s);
	for (cell_t x = t->root; x; x = commit_next(s, t->root, x)) {
		struct node *n = store_node(s, x);
		const struct node *b;

		n->base = commit_base(s, t->root, x);
		b = store_node(s, n->base);
		if ((shadow_has(n, SHADOW_DEPENDS) &&
		     n->generation != (n->base ? b->generation : 0)) ||
		    (shadow_has(n, SHADOW_LISTED) &&
		     n->list_generation !=
			     (n->base ? b->list_generation : 0))) {
			/* Who is in his own way needs no help. */
			if (!n->base || b->writer != client)
				c->conflict = 1;
			return STORE_EAGAIN;
		}
		if ((n->head.flags & (SHADOW_WRITTEN | SHADOW_PERMS |
				      SHADOW_OPAQUE)) &&
		    shield_blocks(s, client, &s->path))
			return STORE_LATER;
	}
	return STORE_OK;
}

/* Exchange value and permissions; the rest of the texts is the same. */
static void commit_swap(struct node *n, struct node *x)
{
	uint8_t bytes[NODE_TEXT];
	uint16_t length = n->value_length;
	cell_t text = n->text;

	memcpy(bytes, n->bytes, NODE_TEXT);
	memcpy(n->bytes, x->bytes, NODE_TEXT);
	memcpy(x->bytes, bytes, NODE_TEXT);
	n->text = x->text;
	x->text = text;
	n->value_length = x->value_length;
	x->value_length = length;
}

static void commit_perms(struct node *n, const struct node *x)
{
	n->perm_count = x->perm_count;
	memcpy(n->perm, x->perm, sizeof(n->perm));
}

/* The spare becomes the node at x's path. */
static cell_t commit_create(struct store *s, uint32_t client, struct node *x)
{
	cell_t at = x->head.next;
	struct node *n = store_node(s, at);

	x->head.next = 0;
	n->head.type = CELL_NODE;
	n->name_length = x->name_length;
	n->writer = (uint16_t)client;
	commit_perms(n, x);
	n->value_length = x->value_length;
	n->text = x->text;
	memcpy(n->bytes, x->bytes, NODE_TEXT);
	/* The shadow keeps no text: it is not looked up any more. */
	x->text = 0;
	x->value_length = 0;
	/* It counted as a node already when it was a spare. */
	store_client(s, n->head.arena)->node_count--;
	node_attach(s, store_node(s, x->parent)->base, at);
	return at;
}

static void commit_change(struct store *s, uint32_t client, struct node *x)
{
	struct node *n = store_node(s, x->base);
	struct perms old;

	old.count = n->perm_count;
	memcpy(old.perm, n->perm, sizeof(old.perm));
	if (shadow_has(x, SHADOW_WRITTEN))
		commit_swap(n, x);
	commit_perms(n, x);
	n->generation = store_generation(s);
	n->writer = (uint16_t)client;
	/* On the walk the root's path is empty. */
	if (!s->path.length) {
		s->path.length = 1;
		watch_fire(s, &s->path, x->base, &old);
		s->path.length = 0;
	} else {
		watch_fire(s, &s->path, x->base, &old);
	}
}

static void commit_one(struct store *s, uint32_t client, struct node *x)
{
	if (x->base && shadow_has(x, SHADOW_OPAQUE)) {
		node_remove(s, client, x->base, &s->path);
		x->base = 0;
	}
	if (!shadow_has(x, SHADOW_KNOWN | SHADOW_EXISTS))
		return;
	if (!x->base) {
		x->base = commit_create(s, client, x);
		if (shadow_has(x, SHADOW_WRITTEN))
			watch_fire(s, &s->path, x->base, NULL);
	} else if (x->head.flags & (SHADOW_WRITTEN | SHADOW_PERMS)) {
		commit_change(s, client, x);
	}
}

enum store_error transaction_commit(struct store *s, uint32_t client,
				    struct transaction *t)
{
	enum store_error error = commit_check(s, client, t);

	if (error == STORE_LATER)
		return error;
	if (!error) {
		commit_begin(s);
		for (cell_t x = t->root; x; x = commit_next(s, t->root, x)) {
			struct node *n = store_node(s, x);

			n->base = commit_base(s, t->root, x);
			commit_one(s, client, n);
		}
		store_client(s, client)->conflict = 0;
	}
	transaction_abort(s, client, t);
	return error;
}
