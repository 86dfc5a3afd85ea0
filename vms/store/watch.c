/* SPDX-License-Identifier: MIT */
/*
 * Watches. A change looks up, for each client that may hear of it, each
 * prefix of the path in the client's buckets: the number of watches that do
 * not match does not count. Neither does the number of events that wait for
 * other watches: those of one watch are a list of their own, in the order in
 * which they stand in the list of all.
 */
#include "watch.h"
#include "cell.h"
#include "node.h"
#include "path.h"
#include <string.h>

static struct place watch_place(struct watch *w)
{
	return (struct place){ w->bytes, WATCH_TEXT, w->text };
}

static struct place event_place(struct event *e)
{
	return (struct place){ e->bytes, EVENT_TEXT, e->text };
}

/* What is cut from the head of an absolute path for this watch. */
static uint32_t watch_cut(struct store *s, const struct watch *w)
{
	return w->relative ? store_client(s, w->client)->home_length + 1 : 0;
}

/* Does the watch stand at exactly this absolute path? */
static bool watch_is_at(struct store *s, struct watch *w, const char *text,
			uint32_t length)
{
	uint32_t cut = watch_cut(s, w);

	if (length != w->path_length + cut)
		return false;
	if (cut && memcmp(text, store_client(s, w->client)->home_path,
			  cut - 1))
		return false;
	return !place_compare(s, watch_place(w), 0, text + cut,
			      w->path_length);
}

/* The client's watch at s->path with this token, and the link to it. */
static cell_t *watch_find(struct store *s, uint32_t client, const char *token)
{
	struct client *c = store_client(s, client);
	uint32_t hash = path_hash_add(PATH_HASH, s->path.text, s->path.length);
	uint32_t size = (uint32_t)strlen(token);
	cell_t *link = store_bucket(s, c, hash);

	for (; *link; link = &store_watch(s, *link)->bucket_next) {
		struct watch *w = store_watch(s, *link);

		if (w->hash == hash && w->token_length == size &&
		    watch_is_at(s, w, s->path.text, s->path.length) &&
		    !place_compare(s, watch_place(w), w->path_length, token,
				   size))
			break;
	}
	return link;
}

static void watch_queue(struct store *s, cell_t watch, const char *path,
			uint32_t length);

enum store_error watch_add(struct store *s, uint32_t client,
			   const char *given, const char *token)
{
	struct client *c = store_client(s, client);
	const struct path *p = &s->path;
	uint32_t size = (uint32_t)strlen(token);
	uint32_t length = (uint32_t)strlen(given);
	uint32_t spill = text_cells(length + size, WATCH_TEXT);
	cell_t *link = watch_find(s, client, token);
	cell_t at, text;

	if (*link)
		return STORE_EEXIST;
	if (size > TOKEN_MAX || c->watch_count >= c->watch_limit ||
	    cell_left(s, client, CELL_ORDINARY) < spill + 1)
		return STORE_E2BIG;
	at = cell_take(s, client, CELL_WATCH, CELL_ORDINARY);
	text_take(s, client, spill, CELL_ORDINARY, &text);
	*link = at;
	struct watch *w = store_watch(s, at);

	w->hash = path_hash_add(PATH_HASH, p->text, p->length);
	w->client = (uint16_t)client;
	w->home = (uint16_t)path_home(s, p->text, p->length);
	w->path_length = (uint16_t)length;
	w->token_length = (uint16_t)size;
	w->relative = given[0] != '/' && given[0] != '@';
	w->text = text;
	place_write(s, watch_place(w), 0, given, length);
	place_write(s, watch_place(w), length, token, size);
	struct client *home = store_client(s, w->home);

	w->home_next = home->home_watch;
	if (w->home_next)
		store_watch(s, w->home_next)->home_prev = at;
	home->home_watch = at;
	c->watch_count++;
	watch_queue(s, at, given, length);
	return STORE_OK;
}

/* Take the watch at this link apart. */
static void watch_free(struct store *s, cell_t *link)
{
	cell_t at = *link;
	struct watch *w = store_watch(s, at);
	struct client *c = store_client(s, w->client);

	*link = w->bucket_next;
	if (w->home_prev)
		store_watch(s, w->home_prev)->home_next = w->home_next;
	else
		store_client(s, w->home)->home_watch = w->home_next;
	if (w->home_next)
		store_watch(s, w->home_next)->home_prev = w->home_prev;
	c->watch_count--;
	c->lost_count -= w->lost;
	text_give(s, w->text);
	cell_give(s, at);
}

/* The event at this link, which is the first of its watch. */
static void event_free(struct store *s, struct client *c, cell_t *link)
{
	cell_t at = *link;
	struct event *e = store_event(s, at);
	struct watch *w = store_watch(s, e->watch);

	*link = e->event_next;
	w->event_first = e->watch_next;
	if (!w->event_first)
		w->event_last = 0;
	w->event_count--;
	c->event_count--;
	text_give(s, e->text);
	cell_give(s, at);
}

enum store_error watch_drop(struct store *s, uint32_t client,
			    const char *token)
{
	struct client *c = store_client(s, client);
	cell_t *link = watch_find(s, client, token);
	cell_t *event = &c->event_head, last = 0;

	if (!*link)
		return STORE_ENOENT;
	if (store_watch(s, *link)->event_count) {
		while (*event) {
			if (store_event(s, *event)->watch == *link) {
				event_free(s, c, event);
				continue;
			}
			last = *event;
			event = &store_event(s, last)->event_next;
		}
		c->event_tail = last;
	}
	watch_free(s, link);
	return STORE_OK;
}

bool watch_drop_some(struct store *s, uint32_t client, unsigned int count)
{
	struct client *c = store_client(s, client);

	for (; c->event_head; count--) {
		if (!count)
			return false;
		event_free(s, c, &c->event_head);
	}
	c->event_tail = 0;
	for (uint32_t i = 0; c->watch_count && i <= c->bucket_mask; i++) {
		cell_t *link = store_bucket(s, c, i);

		for (; *link; count--) {
			if (!count)
				return false;
			watch_free(s, link);
		}
	}
	return true;
}

/* The client wants a turn, whoever's turn it is now. */
static void watch_wake(struct store *s, struct client *c)
{
	c->waiting = 1;
	s->waiting = 1;
}

static void watch_lose(struct store *s, struct watch *w)
{
	store_client(s, w->client)->lost_count += !w->lost;
	w->lost = 1;
}

/* Queue an event; path is as the watch wants it. */
static void watch_queue(struct store *s, cell_t watch, const char *path,
			uint32_t length)
{
	struct watch *w = store_watch(s, watch);
	struct client *c = store_client(s, w->client);
	uint32_t hash = path_hash_add(PATH_HASH, path, length);
	uint32_t spill = text_cells(length, EVENT_TEXT);
	cell_t at, text;

	watch_wake(s, c);
	for (at = w->event_first; at; at = store_event(s, at)->watch_next) {
		struct event *e = store_event(s, at);

		if (e->hash == hash && e->path_length == length &&
		    !place_compare(s, event_place(e), 0, path, length))
			return;
	}
	if (c->event_count >= c->event_limit ||
	    cell_left(s, w->client, CELL_RESERVED) < spill + 1) {
		watch_lose(s, w);
		return;
	}
	at = cell_take(s, w->client, CELL_EVENT, CELL_RESERVED);
	text_take(s, w->client, spill, CELL_RESERVED, &text);
	struct event *e = store_event(s, at);

	e->watch = watch;
	e->hash = hash;
	e->path_length = (uint16_t)length;
	e->text = text;
	place_write(s, event_place(e), 0, path, length);
	if (c->event_tail)
		store_event(s, c->event_tail)->event_next = at;
	else
		c->event_head = at;
	c->event_tail = at;
	if (w->event_last)
		store_event(s, w->event_last)->watch_next = at;
	else
		w->event_first = at;
	w->event_last = at;
	c->event_count++;
	w->event_count++;
}

/* All watches of one client at text[0, length): the change is at path. */
static void watch_fire_at(struct store *s, struct client *c, uint32_t hash,
			  const struct path *path, uint32_t length)
{
	cell_t at = *store_bucket(s, c, hash);

	for (; at; at = store_watch(s, at)->bucket_next) {
		struct watch *w = store_watch(s, at);
		uint32_t cut = watch_cut(s, w);

		if (w->hash == hash && watch_is_at(s, w, path->text, length))
			watch_queue(s, at, path->text + cut,
				    path->length - cut);
	}
}

static void watch_fire_client(struct store *s, uint32_t client,
			      const struct path *path)
{
	struct client *c = store_client(s, client);
	uint32_t hash = path_hash_add(PATH_HASH, path->text, 1);
	uint32_t at = 1;

	if (!c->watch_count)
		return;
	watch_fire_at(s, c, hash, path, 1);
	while (at < path->length) {
		uint32_t size = path_component(path->text, path->length, at);

		if (at > 1)
			hash = path_hash_add(hash, "/", 1);
		hash = path_hash_add(hash, path->text + at, size);
		watch_fire_at(s, c, hash, path, at + size);
		at += size + 1;
	}
}

/* May the client hear of a change of this node? */
static bool watch_may(struct store *s, uint32_t client, cell_t node,
		      const struct perms *old)
{
	const struct node *n = store_node(s, node);

	if (perm_rights(s, client, n) & RIGHT_READ)
		return true;
	if (n->parent && (perm_rights(s, client, store_node(s, n->parent)) &
			  RIGHT_READ))
		return true;
	return old && (perm_list_rights(s, client, old->perm, old->count) &
		       RIGHT_READ);
}

void watch_fire(struct store *s, const struct path *path, cell_t node,
		const struct perms *old)
{
	for (uint32_t i = 1; i < s->client_count; i++)
		if (store_client(s, i)->watch_count &&
		    watch_may(s, i, node, old))
			watch_fire_client(s, i, path);
}

/* The node at text[0, length), which begins at node's own path; or 0. */
static cell_t watch_below(struct store *s, cell_t node, const char *text,
			  uint32_t at, uint32_t length)
{
	while (node && at < length) {
		uint32_t size = path_component(text, length, at);

		node = tree_find(s, node, text + at, size);
		at += size + 1;
	}
	return node;
}

void watch_fire_below(struct store *s, const struct path *path, cell_t node)
{
	struct path *full = &s->walk;
	uint32_t home = store_node(s, node)->home;
	cell_t at = store_client(s, home)->home_watch;

	for (; at; at = store_watch(s, at)->home_next) {
		struct watch *w = store_watch(s, at);
		uint32_t cut = watch_cut(s, w);
		cell_t found;

		full->length = w->path_length + cut;
		if (full->length <= path->length + 1)
			continue;
		if (cut) {
			memcpy(full->text,
			       store_client(s, w->client)->home_path, cut - 1);
			full->text[cut - 1] = '/';
		}
		place_read(s, watch_place(w), 0, full->text + cut,
			   w->path_length);
		if (full->text[path->length] != '/' ||
		    memcmp(full->text, path->text, path->length))
			continue;
		found = watch_below(s, node, full->text, path->length + 1,
				    full->length);
		if (found && watch_may(s, w->client, found, NULL))
			watch_queue(s, at, full->text + cut, w->path_length);
	}
}

void watch_fire_special(struct store *s, const char *name)
{
	struct path *p = &s->walk;
	cell_t node;

	p->length = (uint32_t)strlen(name);
	memcpy(p->text, name, p->length + 1);
	node = tree_find(s, s->special, name, p->length);
	for (uint32_t i = 1; i < s->client_count; i++)
		if (perm_rights(s, i, store_node(s, node)) & RIGHT_READ)
			watch_fire_at(s, store_client(s, i),
				      path_hash_add(PATH_HASH, name,
						    p->length),
				      p, p->length);
}

bool watch_event_waits(struct store *s, uint32_t client)
{
	const struct client *c = store_client(s, client);

	return c->event_head || c->lost_count;
}

/* The first watch that lost an event. */
static cell_t watch_lost(struct store *s, struct client *c)
{
	for (uint32_t i = 0; i <= c->bucket_mask; i++)
		for (cell_t at = *store_bucket(s, c, i); at;
		     at = store_watch(s, at)->bucket_next)
			if (store_watch(s, at)->lost)
				return at;
	return 0;
}

uint32_t watch_event_take(struct store *s, uint32_t client, char *to)
{
	struct client *c = store_client(s, client);
	cell_t at = c->event_head;
	struct watch *w;
	uint32_t length;

	if (at) {
		struct event *e = store_event(s, at);

		w = store_watch(s, e->watch);
		length = e->path_length;
		place_read(s, event_place(e), 0, to, length);
		event_free(s, c, &c->event_head);
		if (!c->event_head)
			c->event_tail = 0;
	} else if (c->lost_count) {
		w = store_watch(s, watch_lost(s, c));
		length = w->path_length;
		place_read(s, watch_place(w), 0, to, length);
		w->lost = 0;
		c->lost_count--;
	} else {
		return 0;
	}
	to[length++] = '\0';
	place_read(s, watch_place(w), w->path_length, to + length,
		   w->token_length);
	length += w->token_length;
	to[length++] = '\0';
	return length;
}
