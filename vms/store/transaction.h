/* SPDX-License-Identifier: MIT */
/*
 * Transactions: a tree of shadows over the nodes.
 *  X1  a shadow stands for the node at its path. One that is KNOWN decides
 *      what the transaction sees there: it has a copy of value and
 *      permissions, taken when it was first touched;
 *  X2  nothing in the nodes changes before the end, and the end either does
 *      all or, if a node that was touched has changed since, nothing;
 *  X3  the end needs no memory: what a new node needs is taken when the
 *      transaction makes it;
 *  X4  all of it is in cells of the client whose transaction it is.
 * Fairness: a client whose transaction failed because of somebody else's
 * change gets the next one shielded: for a short while, others' changes of
 * what it touched wait. One shield at a time, and seldom, so that nobody can
 * slow others down by more than the ratio of the two times below.
 */
#pragma once
#include "error.h"
#include "node.h"
#include "store.h"

#define SHIELD_TIME	5000000ull	/* ns: at most this long */
#define SHIELD_GAP	50000000ull	/* between two, of anybody */
#define SHIELD_PAUSE	200000000ull	/* between two of one client */

enum store_error transaction_start(struct store *s, uint32_t client,
				   uint32_t *id);
/* NULL if the client has none of this id. */
struct transaction *transaction_of(struct store *s, uint32_t client,
				   uint32_t id);
enum store_error transaction_commit(struct store *s, uint32_t client,
				    struct transaction *t);
void transaction_abort(struct store *s, uint32_t client,
		       struct transaction *t);
void transaction_abort_all(struct store *s, uint32_t client);

/* Look s->path up as the transaction sees it. */
struct found transaction_find(struct store *s, const struct transaction *t);
/*
 * The transaction depends on what was found (or not found): f->node becomes
 * a shadow. listed: on the list of children, too.
 */
enum store_error transaction_touch(struct store *s, uint32_t client,
				   struct transaction *t, struct found *f,
				   bool listed);
/* The changes, as node_*() without a transaction; rights are checked. */
enum store_error transaction_write(struct store *s, uint32_t client,
				   struct transaction *t, struct found *f,
				   const void *value, uint32_t length);
enum store_error transaction_remove(struct store *s, uint32_t client,
				    struct transaction *t, struct found *f);
enum store_error transaction_set_perms(struct store *s, uint32_t client,
				       struct transaction *t,
				       struct found *f,
				       const struct perms *perms);

/* Must this client's change at path wait for somebody's transaction? */
bool shield_blocks(struct store *s, uint32_t client, const struct path *path);
