/* SPDX-License-Identifier: MIT */
/*
 * Nodes: finding, making, changing and removing them, outside transactions.
 *  N1  a node is reachable from the root, or in the grave, or free;
 *  N2  generation changes with value and permissions, list_generation with
 *      the list of children, both to a number never used before;
 *  N3  a node is paid for by its maker, a value by its last writer;
 *  N4  removing takes the whole subtree out at once; reclaiming its cells is
 *      done in steps, and is invisible.
 */
#pragma once
#include "error.h"
#include "perm.h"
#include "store.h"
#include "tree.h"

/* What a path leads to, maybe in a transaction's eyes. */
struct found {
	cell_t node;		/* holds value and permissions; 0: absent */
	cell_t near;		/* node, or the nearest existing ancestor */
	uint32_t at;		/* absent: where the first missing name is */
	cell_t base, shadow;	/* of the path's end; 0: none */
};

/* Look s->path up. */
struct found node_find(struct store *s);
/* Why the client cannot do this to what was found; absent: ENOENT. */
enum store_error node_may(struct store *s, uint32_t client,
			  const struct found *f, uint32_t right);

uint32_t node_value(struct store *s, cell_t node, void *to);
/*
 * Change the value of a node or shadow; the writer pays. ENOSPC changes
 * nothing. Neither generations nor watches.
 */
enum store_error node_set_value(struct store *s, uint32_t writer, cell_t node,
				const void *value, uint32_t length);
/* A node or shadow with this name, not yet in a directory; 0: no room. */
cell_t node_make(struct store *s, uint32_t client, enum cell_type type,
		 const char *name, uint32_t length);
/* Permissions of a new node: the parent's, its owner the client. */
void node_inherit(struct store *s, uint32_t client, struct node *n,
		  const struct node *parent);
/* Put a new node into its directory; it is now there for everybody. */
void node_attach(struct store *s, cell_t dir, cell_t node);

/* WRITE and MKDIR (value NULL), no transaction; the right is checked. */
enum store_error node_write(struct store *s, uint32_t client,
			    const struct found *f, const void *value,
			    uint32_t length);
void node_set_perms(struct store *s, uint32_t client, cell_t node,
		    const struct perms *perms);
/* Remove a subtree, fire its watches; path is its absolute path. */
void node_remove(struct store *s, uint32_t client, cell_t node,
		 const struct path *path);

/* The absolute path of a node; false if it is in the grave. */
bool node_path(struct store *s, cell_t node, struct path *path);

/* Give a detached node or shadow tree to be reclaimed. */
void node_bury(struct store *s, cell_t node);
/* Reclaim at most this many. */
void node_reclaim(struct store *s, unsigned int count);
