/* SPDX-License-Identifier: MIT */
/*
 * Watches and the events that they make.
 *  W1  a watch is in the bucket of its path's hash at its client, and in the
 *      list of the home that its path lies in (0: no client's home);
 *  W2  a client hears of a change only if it may read the node, or its
 *      parent, or could read the node before the change;
 *  W3  an event that waits already is not queued again; one that finds no
 *      room marks its watch as lost, and the watch's own path is reported
 *      later: a client never misses that something happened, and never
 *      makes another wait.
 */
#pragma once
#include "error.h"
#include "perm.h"
#include "store.h"

/*
 * Of s->path; given is the path as the client wrote it. Relative and absolute
 * name the same watch, but events come as it was given.
 */
enum store_error watch_add(struct store *s, uint32_t client,
			   const char *given, const char *token);
enum store_error watch_drop(struct store *s, uint32_t client,
			    const char *token);
/* Free events and watches, at most count; true when none is left. */
bool watch_drop_some(struct store *s, uint32_t client, unsigned int count);

/*
 * A node was changed, made or is about to be removed: tell all who watch it
 * or an ancestor. old: its permissions before, if they changed.
 */
void watch_fire(struct store *s, const struct path *path, cell_t node,
		const struct perms *old);
/* A node with children is about to be removed: tell who watches below it. */
void watch_fire_below(struct store *s, const struct path *path, cell_t node);
/* A domain came or went. */
void watch_fire_special(struct store *s, const char *name);

/*
 * The next event's payload, path\0token\0, into to (4096 bytes); 0: none.
 */
uint32_t watch_event_take(struct store *s, uint32_t client, char *to);
bool watch_event_waits(struct store *s, uint32_t client);
