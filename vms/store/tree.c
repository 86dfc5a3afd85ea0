/* SPDX-License-Identifier: MIT */
/*
 * Directories as AA trees (Andersson): a binary tree in which a node's level
 * is one more than its left child's, and no two right links in a row keep
 * the level; so its height is at most 2 log2(n + 1), and so is recursion.
 */
#include "tree.h"
#include <string.h>

static int tree_compare(struct store *s, struct node *n, const char *name,
			uint32_t length)
{
	if (length != n->name_length)
		return length < n->name_length ? -1 : 1;
	if (length <= NODE_TEXT)
		return memcmp(name, n->bytes, length);
	return -place_compare(s, node_place(n), 0, name, length);
}

cell_t tree_find(struct store *s, cell_t dir, const char *name,
		 uint32_t length)
{
	cell_t at = store_node(s, dir)->child_root;

	while (at) {
		struct node *n = store_node(s, at);
		int order = tree_compare(s, n, name, length);

		if (!order)
			return at;
		at = order < 0 ? n->left : n->right;
	}
	return 0;
}

const char *tree_name(struct store *s, cell_t node)
{
	struct node *n = store_node(s, node);

	if (n->name_length <= NODE_TEXT)
		return (const char *)n->bytes;
	place_read(s, node_place(n), 0, s->name, n->name_length);
	return s->name;
}

static unsigned int tree_level(struct store *s, cell_t t)
{
	return t ? store_node(s, t)->level : 0;
}

static cell_t tree_skew(struct store *s, cell_t t)
{
	struct node *n = store_node(s, t);
	cell_t l = t ? n->left : 0;

	if (!l || store_node(s, l)->level != n->level)
		return t;
	n->left = store_node(s, l)->right;
	store_node(s, l)->right = t;
	return l;
}

static cell_t tree_split(struct store *s, cell_t t)
{
	struct node *n = store_node(s, t);
	cell_t r = t ? n->right : 0;

	if (!r || tree_level(s, store_node(s, r)->right) != n->level)
		return t;
	n->right = store_node(s, r)->left;
	store_node(s, r)->left = t;
	store_node(s, r)->level++;
	return r;
}

static cell_t tree_put(struct store *s, cell_t t, cell_t node,
		       const char *name)
{
	struct node *n = store_node(s, t);

	if (!t)
		return node;
	if (tree_compare(s, n, name, store_node(s, node)->name_length) < 0)
		n->left = tree_put(s, n->left, node, name);
	else
		n->right = tree_put(s, n->right, node, name);
	return tree_split(s, tree_skew(s, t));
}

/* Restore the levels of t after something below it went. */
static cell_t tree_fix(struct store *s, cell_t t)
{
	struct node *n = store_node(s, t);
	unsigned int l = tree_level(s, n->left), r = tree_level(s, n->right);
	unsigned int level = (l < r ? l : r) + 1;

	if (level < n->level) {
		n->level = (uint8_t)level;
		if (level < r)
			store_node(s, n->right)->level = (uint8_t)level;
	}
	t = tree_skew(s, t);
	n = store_node(s, t);
	n->right = tree_skew(s, n->right);
	if (n->right) {
		struct node *right = store_node(s, n->right);

		right->right = tree_skew(s, right->right);
	}
	t = tree_split(s, t);
	n = store_node(s, t);
	n->right = tree_split(s, n->right);
	return t;
}

/* Take out the first node in order; *first is it. */
static cell_t tree_shift(struct store *s, cell_t t, cell_t *first)
{
	struct node *n = store_node(s, t);

	if (!n->left) {
		*first = t;
		return n->right;
	}
	n->left = tree_shift(s, n->left, first);
	return tree_fix(s, t);
}

static cell_t tree_cut(struct store *s, cell_t t, cell_t node,
		       const char *name)
{
	struct node *n = store_node(s, t);

	if (t == node) {
		cell_t next, rest;

		if (!n->left)
			return n->right;
		rest = tree_shift(s, n->right, &next);
		store_node(s, next)->left = n->left;
		store_node(s, next)->right = rest;
		store_node(s, next)->level = n->level;
		t = next;
	} else if (tree_compare(s, n, name,
				store_node(s, node)->name_length) < 0) {
		n->left = tree_cut(s, n->left, node, name);
	} else {
		n->right = tree_cut(s, n->right, node, name);
	}
	return tree_fix(s, t);
}

void tree_insert(struct store *s, cell_t dir, cell_t node)
{
	struct node *d = store_node(s, dir), *n = store_node(s, node);

	n->parent = dir;
	n->left = n->right = 0;
	n->level = 1;
	d->child_root = tree_put(s, d->child_root, node, tree_name(s, node));
	n->sibling_next = 0;
	n->sibling_prev = d->child_last;
	if (d->child_last)
		store_node(s, d->child_last)->sibling_next = node;
	else
		d->child_first = node;
	d->child_last = node;
	if (n->head.type == CELL_NODE)
		d->child_bytes += n->name_length + 1u;
}

void tree_remove(struct store *s, cell_t node)
{
	struct node *n = store_node(s, node), *d = store_node(s, n->parent);

	d->child_root = tree_cut(s, d->child_root, node, tree_name(s, node));
	if (n->sibling_prev)
		store_node(s, n->sibling_prev)->sibling_next = n->sibling_next;
	else
		d->child_first = n->sibling_next;
	if (n->sibling_next)
		store_node(s, n->sibling_next)->sibling_prev = n->sibling_prev;
	else
		d->child_last = n->sibling_prev;
	if (n->head.type == CELL_NODE)
		d->child_bytes -= n->name_length + 1u;
	n->parent = n->left = n->right = 0;
	n->sibling_prev = n->sibling_next = 0;
}
