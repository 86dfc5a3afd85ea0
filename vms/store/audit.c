/* SPDX-License-Identifier: MIT */
/*
 * Checking every invariant of a block. Each cell that is found is marked, so
 * that one found twice shows, and one that nobody owns is missed at the end.
 */
#include "block.h"
#include "cell.h"
#include "node.h"
#include "path.h"
#include <string.h>

struct audit {
	struct store *s;
	uint8_t *seen;
	const char *wrong;
};

static bool audit_that(struct audit *a, bool good, const char *wrong)
{
	if (!good && !a->wrong)
		a->wrong = wrong;
	return good && !a->wrong;
}

/* Is this a cell of this type that was not seen yet? */
static bool audit_cell(struct audit *a, cell_t cell, enum cell_type type)
{
	const struct cell_head *h;
	const struct client *c;

	if (!audit_that(a, cell && cell < a->s->cell_count,
			"a cell's number is out of range") ||
	    !audit_that(a, !a->seen[cell], "a cell has two owners"))
		return false;
	a->seen[cell] = 1;
	h = &store_cell(a->s, cell)->head;
	if (!audit_that(a, h->type == type, "a cell has the wrong type") ||
	    !audit_that(a, h->arena < a->s->client_count,
			"a cell's arena does not exist"))
		return false;
	c = store_client(a->s, h->arena);
	return audit_that(a, cell >= c->cell_first && cell < c->cell_fresh,
			  "a cell is not in its arena");
}

static void audit_text(struct audit *a, cell_t chain, uint32_t cells)
{
	for (; chain && audit_cell(a, chain, CELL_TEXT); cells--) {
		if (!audit_that(a, cells, "a text is too long"))
			return;
		chain = store_cell(a->s, chain)->head.next;
	}
	audit_that(a, !cells, "a text is too short");
}

/* The AA tree of siblings: levels, order by descent, and how many. */
static uint32_t audit_tree(struct audit *a, cell_t t, cell_t dir,
			   uint32_t depth)
{
	struct node *n = store_node(a->s, t), *l, *r;

	if (!t || a->wrong ||
	    !audit_that(a, t < a->s->cell_count && depth < 64,
			"a directory is too deep"))
		return 0;
	l = store_node(a->s, n->left);
	r = store_node(a->s, n->right);
	audit_that(a, n->parent == dir, "a node has another parent");
	audit_that(a, n->level == (n->left ? l->level : 0) + 1,
		   "a level is not one more than on the left");
	audit_that(a, !n->right || r->level == n->level ||
			      r->level == n->level - 1,
		   "a level on the right is wrong");
	audit_that(a, !n->right || !r->right ||
			      store_node(a->s, r->right)->level < n->level,
		   "two right links keep the level");
	audit_that(a, n->level == 1 || n->right, "a child is missing");
	audit_that(a, tree_find(a->s, dir, tree_name(a->s, t),
				n->name_length) == t,
		   "a node is not found by its name");
	return 1 + audit_tree(a, n->left, dir, depth + 1) +
	       audit_tree(a, n->right, dir, depth + 1);
}

/* One node or shadow, apart from what is below it. */
static void audit_one(struct audit *a, cell_t at, enum cell_type type,
		      uint32_t *per_arena)
{
	struct node *n = store_node(a->s, at);
	uint32_t count = 0, bytes = 0;
	cell_t before = 0;

	if (!audit_cell(a, at, type))
		return;
	audit_that(a, n->perm_count <= PERM_MAX, "too many permissions");
	audit_that(a, n->value_length <= VALUE_MAX, "a value is too long");
	if (type == CELL_SHADOW && !n->name_length && !n->value_length)
		audit_text(a, n->text, 0);
	else if (n->text || n->value_length || n->name_length <= NODE_TEXT)
		audit_text(a, n->text, text_cells(n->name_length +
						  n->value_length,
						  NODE_TEXT));
	if (type == CELL_NODE)
		per_arena[n->head.arena]++;
	if (type == CELL_SHADOW && n->head.next &&
	    audit_cell(a, n->head.next, CELL_SPARE))
		per_arena[n->head.arena]++;
	for (cell_t c = n->child_first; c && !a->wrong;
	     c = store_node(a->s, c)->sibling_next) {
		audit_that(a, store_node(a->s, c)->sibling_prev == before,
			   "a list of siblings is broken");
		audit_that(a, ++count < a->s->cell_count, "an endless list");
		bytes += store_node(a->s, c)->name_length + 1u;
		before = c;
	}
	audit_that(a, n->child_last == before, "a list has another end");
	audit_that(a, count == audit_tree(a, n->child_root, at, 0),
		   "a directory's tree and list differ");
	audit_that(a, type == CELL_SHADOW || bytes == n->child_bytes,
		   "a directory's length is wrong");
}

/* A tree of nodes or shadows, parents first. */
static void audit_nodes(struct audit *a, cell_t root, uint32_t *per_arena)
{
	enum cell_type type = store_node(a->s, root)->head.type == CELL_SHADOW ?
				      CELL_SHADOW : CELL_NODE;
	cell_t at = root;

	while (!a->wrong) {
		struct node *n = store_node(a->s, at);

		audit_one(a, at, type, per_arena);
		if (a->wrong)
			return;
		if (n->child_first) {
			at = n->child_first;
			continue;
		}
		while (at != root && !store_node(a->s, at)->sibling_next)
			at = store_node(a->s, at)->parent;
		if (at == root)
			return;
		at = store_node(a->s, at)->sibling_next;
	}
}

/* The events of one watch, in the order in which all stand. */
static void audit_waiting(struct audit *a, cell_t watch)
{
	struct store *s = a->s;
	const struct watch *w = store_watch(s, watch);
	cell_t own = w->event_first, last = 0;
	cell_t at = store_client(s, w->client)->event_head;
	uint32_t count = 0;

	for (; own && at; at = store_event(s, at)->event_next) {
		if (store_event(s, at)->watch != watch)
			continue;
		if (!audit_that(a, at == own, "a watch's events are others"))
			return;
		last = at;
		own = store_event(s, at)->watch_next;
		count++;
	}
	audit_that(a, !own && count == w->event_count &&
			      last == w->event_last,
		   "a watch's list of events is wrong");
}

static void audit_watches(struct audit *a, uint32_t client)
{
	struct store *s = a->s;
	struct client *c = store_client(s, client);
	uint32_t watches = 0, events = 0, lost = 0, counted = 0;
	cell_t last = 0;

	for (uint32_t i = 0; i <= c->bucket_mask; i++)
		for (cell_t at = *store_bucket(s, c, i); at && !a->wrong;
		     at = store_watch(s, at)->bucket_next) {
			struct watch *w = store_watch(s, at);

			if (!audit_cell(a, at, CELL_WATCH))
				return;
			audit_text(a, w->text,
				   text_cells(w->path_length +
						      w->token_length,
					      WATCH_TEXT));
			audit_that(a, w->client == client &&
					      (w->hash & c->bucket_mask) == i,
				   "a watch is in another's bucket");
			watches++;
			lost += w->lost;
			counted += w->event_count;
		}
	for (cell_t at = c->event_head; at && !a->wrong;
	     at = store_event(s, at)->event_next) {
		struct event *e = store_event(s, at);

		if (!audit_cell(a, at, CELL_EVENT))
			return;
		audit_text(a, e->text,
			   text_cells(e->path_length, EVENT_TEXT));
		audit_that(a, store_cell(s, e->watch)->head.type ==
				      CELL_WATCH &&
			      store_watch(s, e->watch)->client == client,
			   "an event has no watch");
		events++;
		last = at;
	}
	audit_that(a, last == c->event_tail, "the last event is another");
	for (uint32_t i = 0; i <= c->bucket_mask; i++)
		for (cell_t at = *store_bucket(s, c, i); at && !a->wrong;
		     at = store_watch(s, at)->bucket_next)
			audit_waiting(a, at);
	audit_that(a, watches == c->watch_count && lost == c->lost_count &&
		   events == c->event_count && counted == events,
		   "watches or events are counted wrong");
}

/* The lists of watches by home hold each watch once. */
static void audit_homes(struct audit *a)
{
	struct store *s = a->s;
	uint32_t listed = 0, counted = 0;

	for (uint32_t i = 0; i < s->client_count; i++) {
		cell_t before = 0;

		counted += store_client(s, i)->watch_count;
		for (cell_t at = store_client(s, i)->home_watch;
		     at && !a->wrong; at = store_watch(s, at)->home_next) {
			audit_that(a, a->seen[at] == 1, "a home's watch is "
							"listed twice");
			a->seen[at] = 2;
			audit_that(a, store_watch(s, at)->home == i &&
				      store_watch(s, at)->home_prev == before,
				   "a home's list of watches is broken");
			before = at;
			listed++;
		}
	}
	audit_that(a, listed == counted, "a watch is in no home's list");
}

/* The free list, and that nothing of the arena is missing. */
static void audit_arena(struct audit *a, uint32_t client)
{
	struct client *c = store_client(a->s, client);
	uint32_t free_count = 0;

	for (cell_t at = c->cell_free; at && audit_cell(a, at, CELL_FREE);
	     at = store_cell(a->s, at)->head.next)
		free_count++;
	audit_that(a, free_count == c->cell_free_count,
		   "free cells are counted wrong");
	audit_that(a, c->cell_fresh >= c->cell_first &&
			      c->cell_fresh <= c->cell_first + c->cell_count,
		   "an arena's mark is out of range");
	for (cell_t at = c->cell_first; !a->wrong && at < c->cell_fresh; at++)
		audit_that(a, a->seen[at], "a cell is lost");
}

const char *block_audit(struct store *s, uint8_t *seen,
			uint32_t *per_arena)
{
	struct audit a = { s, seen, NULL };
	uint32_t buried = 0;

	memset(seen, 0, s->cell_count);
	memset(per_arena, 0, s->client_count * sizeof(per_arena[0]));
	audit_nodes(&a, s->root, per_arena);
	audit_nodes(&a, s->special, per_arena);
	/* The two roots were never put anywhere. */
	per_arena[0] -= 2;
	for (cell_t at = s->grave; at && !a.wrong;
	     at = store_node(s, at)->sibling_next) {
		audit_nodes(&a, at, per_arena);
		audit_that(&a, ++buried < s->cell_count, "an endless grave");
	}
	for (uint32_t i = 0; i < s->client_count && !a.wrong; i++) {
		struct client *c = store_client(s, i);

		for (unsigned int t = 0; t < TRANSACTION_MAX; t++)
			if (c->transaction[t].id)
				audit_nodes(&a, c->transaction[t].root,
					    per_arena);
		audit_watches(&a, i);
	}
	audit_homes(&a);
	for (uint32_t i = 0; i < s->client_count && !a.wrong; i++) {
		audit_that(&a, per_arena[i] == store_client(s, i)->node_count,
			   "nodes are counted wrong");
		audit_arena(&a, i);
	}
	return a.wrong;
}
