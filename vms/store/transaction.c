/* SPDX-License-Identifier: MIT */
/*
 * What a transaction sees, and what it does to its shadows.
 */
#include "transaction.h"
#include "path.h"
#include <string.h>

static bool shadow_has(const struct node *n, unsigned int flags)
{
	return (n->head.flags & flags) == flags;
}

struct transaction *transaction_of(struct store *s, uint32_t client,
				   uint32_t id)
{
	struct client *c = store_client(s, client);

	for (unsigned int i = 0; id && i < TRANSACTION_MAX; i++)
		if (c->transaction[i].id == id)
			return &c->transaction[i];
	return NULL;
}

/* Give the client the shield if it has a reason and it is time. */
static void shield_take(struct store *s, uint32_t client, uint32_t id)
{
	struct client *c = store_client(s, client);

	if (!c->conflict || s->now < s->shield_free ||
	    s->now < c->shield_free)
		return;
	c->conflict = 0;
	s->shield_client = client;
	s->shield_transaction = id;
	s->shield_until = s->now + SHIELD_TIME;
	s->shield_free = s->shield_until + SHIELD_GAP;
	c->shield_free = s->now + SHIELD_PAUSE;
}

static void shield_drop(struct store *s, uint32_t client, uint32_t id)
{
	if (s->shield_client == client && s->shield_transaction == id)
		s->shield_client = 0;
}

bool shield_blocks(struct store *s, uint32_t client, const struct path *path)
{
	const struct transaction *t;
	uint32_t at = 1;
	cell_t x;

	if (!s->shield_client || s->shield_client == client)
		return false;
	t = transaction_of(s, s->shield_client, s->shield_transaction);
	if (!t || s->now >= s->shield_until) {
		s->shield_client = 0;
		return false;
	}
	for (x = t->root; at < path->length;) {
		uint32_t size = path_component(path->text, path->length, at);
		cell_t next = tree_find(s, x, path->text + at, size);

		if (!next)
			return shadow_has(store_node(s, x), SHADOW_LISTED);
		x = next;
		at += size + 1;
	}
	return true;
}

enum store_error transaction_start(struct store *s, uint32_t client,
				   uint32_t *id)
{
	struct client *c = store_client(s, client);

	for (uint32_t i = 0; i < c->transaction_limit; i++) {
		struct transaction *t = &c->transaction[i];

		if (t->id)
			continue;
		t->root = node_make(s, client, CELL_SHADOW, "", 0);
		if (!t->root)
			return STORE_ENOSPC;
		t->count = 1;
		do
			t->id = ++c->transaction_next;
		while (!t->id);
		/* Two of one id would need 2^32 starts in between. */
		shield_take(s, client, t->id);
		*id = t->id;
		return STORE_OK;
	}
	return STORE_ENOSPC;
}

void transaction_abort(struct store *s, uint32_t client,
		       struct transaction *t)
{
	shield_drop(s, client, t->id);
	node_bury(s, t->root);
	*t = (struct transaction){ 0 };
}

void transaction_abort_all(struct store *s, uint32_t client)
{
	struct client *c = store_client(s, client);

	for (unsigned int i = 0; i < TRANSACTION_MAX; i++)
		if (c->transaction[i].id)
			transaction_abort(s, client, &c->transaction[i]);
}

struct found transaction_find(struct store *s, const struct transaction *t)
{
	const struct path *p = &s->path;
	struct found f = { .base = s->root, .shadow = t->root };
	uint32_t at = 1;

	f.near = shadow_has(store_node(s, t->root), SHADOW_KNOWN) ?
			 t->root : s->root;
	while (at < p->length) {
		uint32_t size = path_component(p->text, p->length, at);
		const char *name = p->text + at;
		struct node *x = store_node(s, f.shadow);
		cell_t node;

		if (f.shadow && shadow_has(x, SHADOW_OPAQUE))
			f.base = 0;
		if (f.base)
			f.base = tree_find(s, f.base, name, size);
		if (f.shadow)
			f.shadow = tree_find(s, f.shadow, name, size);
		x = store_node(s, f.shadow);
		node = f.base;
		if (f.shadow && shadow_has(x, SHADOW_KNOWN))
			node = shadow_has(x, SHADOW_EXISTS) ? f.shadow : 0;
		if (!node) {
			f.at = at;
			return f;
		}
		f.near = node;
		at += size + 1;
	}
	f.node = f.near;
	return f;
}

/* A shadow becomes KNOWN; base is its node, if there is one to be seen. */
static bool shadow_know(struct store *s, cell_t shadow, cell_t base,
			bool hidden)
{
	struct node *x = store_node(s, shadow), *n = store_node(s, base);
	cell_t text, old = x->text;

	if (shadow_has(x, SHADOW_KNOWN))
		return true;
	if (base) {
		if (!text_take(s, x->head.arena,
			       text_cells(n->name_length + n->value_length,
					  NODE_TEXT),
			       CELL_ORDINARY, &text))
			return false;
		place_read(s, node_place(n), 0, s->walk.text,
			   n->name_length + n->value_length);
		x->text = text;
		x->value_length = n->value_length;
		place_write(s, node_place(x), 0, s->walk.text,
			    n->name_length + n->value_length);
		text_give(s, old);
		x->generation = n->generation;
		x->perm_count = n->perm_count;
		memcpy(x->perm, n->perm, sizeof(x->perm));
		x->head.flags |= SHADOW_EXISTS;
	}
	x->head.flags |= SHADOW_KNOWN;
	if (!hidden)
		x->head.flags |= SHADOW_DEPENDS;
	return true;
}

/*
 * A KNOWN shadow for s->path up to the offset end, with shadows that know
 * nothing on the way; 0 if there is no room.
 */
static cell_t shadow_pin(struct store *s, uint32_t client,
			 struct transaction *t, uint32_t end)
{
	const struct client *c = store_client(s, client);
	const struct path *p = &s->path;
	cell_t base = s->root, x = t->root;
	bool hidden = false;

	for (uint32_t at = 1; at < end;) {
		uint32_t size = path_component(p->text, p->length, at);
		cell_t next;

		hidden |= shadow_has(store_node(s, x), SHADOW_OPAQUE);
		base = base && !hidden ?
			       tree_find(s, base, p->text + at, size) : 0;
		next = tree_find(s, x, p->text + at, size);
		if (!next) {
			if (t->count >= c->shadow_limit)
				return 0;
			next = node_make(s, client, CELL_SHADOW,
					 p->text + at, size);
			if (!next)
				return 0;
			t->count++;
			tree_insert(s, x, next);
		}
		x = next;
		at += size + 1;
	}
	return shadow_know(s, x, base, hidden) ? x : 0;
}

/* Where the component at offset at ends. */
static uint32_t path_end(const struct path *p, uint32_t at)
{
	return at + path_component(p->text, p->length, at);
}

enum store_error transaction_touch(struct store *s, uint32_t client,
				   struct transaction *t, struct found *f,
				   bool listed)
{
	uint32_t end = f->node ? s->path.length : path_end(&s->path, f->at);
	struct node *x;

	f->shadow = shadow_pin(s, client, t, end);
	if (!f->shadow)
		return STORE_ENOSPC;
	x = store_node(s, f->shadow);
	if (f->node)
		f->node = f->near = f->shadow;
	if (listed && f->base && !shadow_has(x, SHADOW_LISTED) &&
	    !shadow_has(x, SHADOW_OPAQUE)) {
		x->head.flags |= SHADOW_LISTED;
		x->list_generation = store_node(s, f->base)->list_generation;
	}
	return STORE_OK;
}

/* A cell for the node that this shadow may become. */
static bool shadow_spare(struct store *s, uint32_t client, cell_t shadow)
{
	struct node *x = store_node(s, shadow);
	struct client *c = store_client(s, client);

	if (x->head.next)
		return true;
	if (c->node_count >= c->node_limit)
		return false;
	x->head.next = cell_take(s, client, CELL_SPARE, CELL_ORDINARY);
	if (!x->head.next)
		return false;
	c->node_count++;
	return true;
}

/* The shadow, which must be KNOWN and absent, now exists and is empty. */
static void shadow_make(struct store *s, uint32_t client, cell_t shadow,
			cell_t parent)
{
	struct node *x = store_node(s, shadow);

	node_inherit(s, client, x, store_node(s, parent));
	x->head.flags |= SHADOW_EXISTS;
}

static enum store_error transaction_create(struct store *s, uint32_t client,
					   struct transaction *t,
					   const struct found *f,
					   const void *value, uint32_t length)
{
	const struct path *p = &s->path;
	cell_t parent, x = 0;
	enum store_error error;

	/* First all that can fail and that nobody sees. */
	parent = shadow_pin(s, client, t, f->at > 1 ? f->at - 1 : 1);
	if (!parent)
		return STORE_ENOSPC;
	for (uint32_t at = f->at; at < p->length; at = path_end(p, at) + 1) {
		x = shadow_pin(s, client, t, path_end(p, at));
		if (!x || !shadow_spare(s, client, x) ||
		    node_set_value(s, client, x, "", 0))
			return STORE_ENOSPC;
	}
	store_node(s, x)->perm_count = store_node(s, parent)->perm_count;
	error = node_set_value(s, client, x, value, length);
	if (error)
		return error;
	for (uint32_t at = f->at; at < p->length; at = path_end(p, at) + 1) {
		uint32_t size = path_component(p->text, p->length, at);

		x = tree_find(s, parent, p->text + at, size);
		shadow_make(s, client, x, parent);
		parent = x;
	}
	store_node(s, x)->head.flags |= SHADOW_WRITTEN;
	return STORE_OK;
}

enum store_error transaction_write(struct store *s, uint32_t client,
				   struct transaction *t, struct found *f,
				   const void *value, uint32_t length)
{
	enum store_error error;

	if (!f->node)
		return transaction_create(s, client, t, f, value ? value : "",
					  length);
	error = transaction_touch(s, client, t, f, false);
	if (error || !value)
		return error;
	error = node_set_value(s, client, f->shadow, value, length);
	if (!error)
		store_node(s, f->shadow)->head.flags |= SHADOW_WRITTEN;
	return error;
}

/* The shadow after this one, parents first, within the tree below top. */
static cell_t shadow_next(struct store *s, cell_t top, cell_t x)
{
	if (store_node(s, x)->child_first)
		return store_node(s, x)->child_first;
	while (x != top && !store_node(s, x)->sibling_next)
		x = store_node(s, x)->parent;
	return x == top ? 0 : store_node(s, x)->sibling_next;
}

enum store_error transaction_remove(struct store *s, uint32_t client,
				    struct transaction *t, struct found *f)
{
	enum store_error error = transaction_touch(s, client, t, f, false);

	if (error)
		return error;
	for (cell_t x = f->shadow; x; x = shadow_next(s, f->shadow, x)) {
		struct node *n = store_node(s, x);

		/* Not seen yet, and never to be: no dependence. */
		n->head.flags |= SHADOW_KNOWN | SHADOW_OPAQUE;
		n->head.flags &= (uint8_t)~(SHADOW_EXISTS | SHADOW_WRITTEN |
					    SHADOW_PERMS);
	}
	return STORE_OK;
}

enum store_error transaction_set_perms(struct store *s, uint32_t client,
				       struct transaction *t,
				       struct found *f,
				       const struct perms *perms)
{
	enum store_error error = transaction_touch(s, client, t, f, false);
	struct node *x = store_node(s, f->shadow);

	if (error)
		return error;
	memcpy(x->perm, perms->perm, sizeof(x->perm));
	x->perm_count = (uint8_t)perms->count;
	x->head.flags |= SHADOW_PERMS;
	return STORE_OK;
}
