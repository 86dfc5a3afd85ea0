/* SPDX-License-Identifier: MIT */
/*
 * Nodes. The grave is a list by sibling_next: when a node is reclaimed its
 * children take its place there, cut off from it, so that no node that is
 * still in use has a parent that is not.
 */
#include "node.h"
#include "image_format.h"
#include "path.h"
#include "transaction.h"
#include "watch.h"
#include <string.h>

struct found node_find(struct store *s)
{
	const struct path *p = &s->path;
	struct found f = { .node = p->special ? s->special : s->root };
	uint32_t at = p->special ? 0 : 1;

	while (at < p->length) {
		uint32_t size = path_component(p->text, p->length, at);
		cell_t next = tree_find(s, f.node, p->text + at, size);

		if (!next)
			return (struct found){ .near = f.node, .at = at };
		f.node = next;
		at += size + 1;
	}
	f.near = f.base = f.node;
	return f;
}

enum store_error node_may(struct store *s, uint32_t client,
			  const struct found *f, uint32_t right)
{
	if (!(perm_rights(s, client, store_node(s, f->near)) & right))
		return STORE_EACCES;
	return f->node ? STORE_OK : STORE_ENOENT;
}

uint32_t node_value(struct store *s, cell_t node, void *to)
{
	struct node *n = store_node(s, node);

	place_read(s, node_place(n), n->name_length, to, n->value_length);
	return n->value_length;
}

enum store_error node_set_value(struct store *s, uint32_t writer, cell_t node,
				const void *value, uint32_t length)
{
	struct node *n = store_node(s, node);
	uint32_t need = text_cells(n->name_length + length, NODE_TEXT);
	uint32_t have = text_cells(n->name_length + n->value_length,
				   NODE_TEXT);
	cell_t old = n->text, text = old;

	if (length + n->perm_count * 4u > VALUE_MAX)
		return STORE_ENOSPC;
	if (need != have ||
	    (need && store_cell(s, old)->head.arena != writer)) {
		if (!text_take(s, writer, need, CELL_ORDINARY, &text))
			return STORE_ENOSPC;
		if (n->name_length > NODE_TEXT) {
			tree_name(s, node);
			n->text = text;
			place_write(s, node_place(n), 0, s->name,
				    n->name_length);
		}
		n->text = text;
		text_give(s, old);
	}
	n->value_length = (uint16_t)length;
	place_write(s, node_place(n), n->name_length, value, length);
	return STORE_OK;
}

cell_t node_make(struct store *s, uint32_t client, enum cell_type type,
		 const char *name, uint32_t length)
{
	uint32_t spill = text_cells(length, NODE_TEXT);
	cell_t text, at;

	if (cell_left(s, client, CELL_ORDINARY) < spill + 1)
		return 0;
	at = cell_take(s, client, type, CELL_ORDINARY);
	text_take(s, client, spill, CELL_ORDINARY, &text);
	struct node *n = store_node(s, at);

	n->text = text;
	n->name_length = (uint16_t)length;
	place_write(s, node_place(n), 0, name, length);
	return at;
}

void node_inherit(struct store *s, uint32_t client, struct node *n,
		  const struct node *parent)
{
	const struct client *c = store_client(s, client);

	n->perm_count = parent->perm_count;
	memcpy(n->perm, parent->perm, sizeof(n->perm));
	if (!(c->flags & IMAGE_CLIENT_PRIVILEGED))
		n->perm[0] = PERM(c->domid, PERM_RIGHTS(n->perm[0]));
}

void node_attach(struct store *s, cell_t dir, cell_t node)
{
	struct node *n = store_node(s, node), *d = store_node(s, dir);

	tree_insert(s, dir, node);
	if (!n->home)
		n->home = d->home;
	d->list_generation = store_generation(s);
	d->writer = n->writer;
	n->generation = n->list_generation = d->list_generation;
	store_client(s, n->head.arena)->node_count++;
}

/* Do the nodes that are missing from s->path, and the value, fit? */
static bool node_fits(struct store *s, uint32_t client, uint32_t at,
		      uint32_t value_length)
{
	const struct client *c = store_client(s, client);
	const struct path *p = &s->path;
	uint32_t nodes = 0, cells = 0, size;

	for (; at < p->length; at += size + 1, nodes++) {
		size = path_component(p->text, p->length, at);
		cells += 1 + text_cells(size, NODE_TEXT);
	}
	/* An upper bound: the last name's text is part of the value's. */
	cells += text_cells(value_length + NODE_TEXT, NODE_TEXT);
	return c->node_count + nodes <= c->node_limit &&
	       cells <= cell_left(s, client, CELL_ORDINARY);
}

static enum store_error node_create(struct store *s, uint32_t client,
				    const struct found *f, const void *value,
				    uint32_t length)
{
	const struct path *p = &s->path;
	cell_t dir = f->near, node = 0;
	uint32_t size;

	if (length + store_node(s, dir)->perm_count * 4u > VALUE_MAX ||
	    !node_fits(s, client, f->at, length))
		return STORE_ENOSPC;
	for (uint32_t at = f->at; at < p->length; at += size + 1) {
		size = path_component(p->text, p->length, at);
		node = node_make(s, client, CELL_NODE, p->text + at, size);
		node_inherit(s, client, store_node(s, node),
			     store_node(s, dir));
		store_node(s, node)->writer = (uint16_t)client;
		node_attach(s, dir, node);
		dir = node;
	}
	node_set_value(s, client, node, value, length);
	watch_fire(s, p, node, NULL);
	return STORE_OK;
}

enum store_error node_write(struct store *s, uint32_t client,
			    const struct found *f, const void *value,
			    uint32_t length)
{
	struct node *n = store_node(s, f->node);
	enum store_error error;

	if (f->node && !value)
		return STORE_OK;
	if (shield_blocks(s, client, &s->path))
		return STORE_LATER;
	if (!f->node)
		return node_create(s, client, f, value ? value : "", length);
	error = node_set_value(s, client, f->node, value, length);
	if (error)
		return error;
	n->generation = store_generation(s);
	n->writer = (uint16_t)client;
	watch_fire(s, &s->path, f->node, NULL);
	return STORE_OK;
}

void node_set_perms(struct store *s, uint32_t client, cell_t node,
		    const struct perms *perms)
{
	struct node *n = store_node(s, node);
	struct perms old = { .count = n->perm_count };

	memcpy(old.perm, n->perm, sizeof(old.perm));
	memcpy(n->perm, perms->perm, sizeof(n->perm));
	n->perm_count = (uint8_t)perms->count;
	n->generation = store_generation(s);
	n->writer = (uint16_t)client;
	if (n->parent != s->special)
		watch_fire(s, &s->path, node, &old);
}

void node_remove(struct store *s, uint32_t client, cell_t node,
		 const struct path *path)
{
	struct node *n = store_node(s, node);
	struct node *dir = store_node(s, n->parent);

	watch_fire(s, path, node, NULL);
	if (n->child_first)
		watch_fire_below(s, path, node);
	tree_remove(s, node);
	dir->list_generation = store_generation(s);
	dir->writer = (uint16_t)client;
	node_bury(s, node);
}

void node_bury(struct store *s, cell_t node)
{
	store_node(s, node)->sibling_next = s->grave;
	s->grave = node;
}

static void node_release(struct store *s, cell_t at)
{
	struct node *n = store_node(s, at);

	while (n->child_first) {
		struct node *child = store_node(s, n->child_first);
		cell_t next = child->sibling_next;

		child->parent = 0;
		node_bury(s, n->child_first);
		n->child_first = next;
	}
	if (n->head.type == CELL_NODE)
		store_client(s, n->head.arena)->node_count--;
	if (n->head.type == CELL_SHADOW && n->head.next) {
		store_client(s, n->head.arena)->node_count--;
		cell_give(s, n->head.next);
	}
	text_give(s, n->text);
	cell_give(s, at);
}

void node_reclaim(struct store *s, unsigned int count)
{
	while (s->grave && count--) {
		cell_t at = s->grave;

		s->grave = store_node(s, at)->sibling_next;
		node_release(s, at);
	}
}

bool node_path(struct store *s, cell_t node, struct path *path)
{
	uint32_t at = 0;
	cell_t up;

	for (up = node; up && up != s->root; up = store_node(s, up)->parent)
		at += store_node(s, up)->name_length + 1u;
	if (!up)
		return false;
	path->special = 0;
	path->length = at ? at : 1;
	path->text[0] = '/';
	path->text[path->length] = '\0';
	for (up = node; at; up = store_node(s, up)->parent) {
		struct node *n = store_node(s, up);

		at -= n->name_length;
		place_read(s, node_place(n), 0, path->text + at,
			   n->name_length);
		path->text[--at] = '/';
	}
	return true;
}
