/* SPDX-License-Identifier: MIT */
/*
 * Directories: the children of a node, by name and in the order they came.
 *  T1  the children of a node form an AA tree (left, right, level) ordered
 *      by length, then bytes of the name, and a list (sibling_*) in order of
 *      creation; both hold the same nodes;
 *  T2  child_bytes is the sum of the lengths of their names with a NUL each.
 * Shadows of a transaction form such directories of their own.
 */
#pragma once
#include "cell.h"
#include "store.h"

static inline struct place node_place(struct node *n)
{
	return (struct place){ n->bytes, NODE_TEXT, n->text };
}

/* The child of this name, or 0. O(log n). */
cell_t tree_find(struct store *s, cell_t dir, const char *name,
		 uint32_t length);
/* Add a node whose name is set and new there. */
void tree_insert(struct store *s, cell_t dir, cell_t node);
/* Take it out; its children go with it. */
void tree_remove(struct store *s, cell_t node);
/* The name's bytes: in the cell, or copied to s->name. */
const char *tree_name(struct store *s, cell_t node);
