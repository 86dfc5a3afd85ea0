/* SPDX-License-Identifier: MIT */
/*
 * Requests about nodes: find, ask for the right, then do it to the nodes or
 * to the transaction's shadows.
 */
#include "request.h"
#include "image_format.h"
#include "node.h"
#include "path.h"
#include "transaction.h"
#include <string.h>

static struct found request_find(struct store *s, struct request *r)
{
	if (r->transaction)
		return transaction_find(s, r->transaction);
	return node_find(s);
}

/* Find and ask; a transaction now depends on the answer. */
static enum store_error request_see(struct store *s, struct request *r,
				    struct found *f, bool listed)
{
	enum store_error error, room = STORE_OK;

	*f = request_find(s, r);
	error = node_may(s, r->client, f, RIGHT_READ);
	if (r->transaction && error != STORE_EACCES)
		room = transaction_touch(s, r->client, r->transaction, f,
					 listed);
	return room ? room : error;
}

enum store_error request_read(struct store *s, struct request *r)
{
	struct found f;
	enum store_error error = request_see(s, r, &f, false);

	if (!error)
		r->reply_length = node_value(s, f.node, r->reply);
	return error;
}

enum store_error request_get_perms(struct store *s, struct request *r)
{
	struct found f;
	enum store_error error = request_see(s, r, &f, false);

	if (!error)
		r->reply_length = perm_format(store_node(s, f.node), r->reply);
	return error;
}

/* The names in a directory, one after the other. */
struct listing {
	cell_t base, shadow;	/* the directory; 0: none */
	cell_t at;
	bool in_shadow;
};

static struct listing listing_begin(struct store *s, const struct found *f)
{
	struct listing l = { .base = f->base, .shadow = f->shadow };

	if (l.shadow && (store_node(s, l.shadow)->head.flags & SHADOW_OPAQUE))
		l.base = 0;
	return l;
}

/* Is this child seen, given which of the two lists it is in? */
static bool listing_shows(struct store *s, const struct listing *l)
{
	struct node *n = store_node(s, l->at);
	cell_t twin;

	if (!l->in_shadow) {
		if (!l->shadow)
			return true;
		twin = tree_find(s, l->shadow, tree_name(s, l->at),
				 n->name_length);
		return !twin ||
		       !(store_node(s, twin)->head.flags & SHADOW_KNOWN) ||
		       (store_node(s, twin)->head.flags & SHADOW_EXISTS);
	}
	return (n->head.flags & SHADOW_EXISTS) &&
	       !(l->base && tree_find(s, l->base, tree_name(s, l->at),
				      n->name_length));
}

/* The next child, in l->at; false at the end. */
static bool listing_next(struct store *s, struct listing *l)
{
	do {
		if (l->at) {
			l->at = store_node(s, l->at)->sibling_next;
		} else if (l->base && !l->in_shadow) {
			l->at = store_node(s, l->base)->child_first;
		}
		if (!l->at && !l->in_shadow && l->shadow) {
			l->in_shadow = true;
			l->at = store_node(s, l->shadow)->child_first;
		}
		if (!l->at)
			return false;
	} while (!listing_shows(s, l));
	return true;
}

/* The name at l->at and its NUL. */
static uint32_t listing_name(struct store *s, const struct listing *l,
			     char *to)
{
	struct node *n = store_node(s, l->at);

	place_read(s, node_place(n), 0, to, n->name_length);
	to[n->name_length] = '\0';
	return n->name_length + 1u;
}

enum store_error request_directory(struct store *s, struct request *r)
{
	struct found f;
	enum store_error error = request_see(s, r, &f, true);
	struct listing l;
	uint32_t length = 0;

	if (error)
		return error;
	l = listing_begin(s, &f);
	if (!l.shadow &&
	    store_node(s, l.base)->child_bytes > XENSTORE_PAYLOAD_MAX)
		return STORE_E2BIG;
	while (listing_next(s, &l)) {
		if (length + store_node(s, l.at)->name_length + 1u >
		    XENSTORE_PAYLOAD_MAX)
			return STORE_E2BIG;
		length += listing_name(s, &l, r->reply + length);
	}
	r->reply_length = length;
	return STORE_OK;
}

enum store_error request_directory_part(struct store *s, struct request *r)
{
	int64_t offset = r->rest_length < 2 ? -1 :
			 path_number(r->rest, r->rest_length - 1, UINT32_MAX);
	struct found f;
	enum store_error error;
	struct listing l;
	uint32_t length, at = 0;

	if (offset < 0)
		return STORE_EINVAL;
	error = request_see(s, r, &f, true);
	if (error)
		return error;
	l = listing_begin(s, &f);
	length = path_decimal(r->reply,
			      f.base ? store_node(s, f.base)->list_generation :
				       0);
	r->reply[length++] = '\0';
	while (listing_next(s, &l)) {
		uint32_t size = store_node(s, l.at)->name_length + 1u;

		/* Whole names only, and room for the mark of the end. */
		if (length + size >= XENSTORE_PAYLOAD_MAX) {
			r->reply_length = length;
			return STORE_OK;
		}
		if (at >= offset)
			length += listing_name(s, &l, r->reply + length);
		at += size;
	}
	r->reply[length++] = '\0';
	r->reply_length = length;
	return STORE_OK;
}

static enum store_error request_change(struct store *s, struct request *r,
				       const void *value, uint32_t length)
{
	struct found f = request_find(s, r);
	enum store_error error = node_may(s, r->client, &f, RIGHT_WRITE);

	if (error && error != STORE_ENOENT)
		return error;
	if (r->transaction)
		return transaction_write(s, r->client, r->transaction, &f,
					 value, length);
	return node_write(s, r->client, &f, value, length);
}

enum store_error request_write(struct store *s, struct request *r)
{
	return request_change(s, r, r->rest, r->rest_length);
}

enum store_error request_mkdir(struct store *s, struct request *r)
{
	return request_change(s, r, NULL, 0);
}

/* May this node go? Not the frame of the machine that the image built. */
static bool request_fixed(struct store *s, const struct found *f)
{
	return f->base &&
	       (store_node(s, f->base)->head.flags & NODE_FIXED);
}

enum store_error request_rm(struct store *s, struct request *r)
{
	struct found f = request_find(s, r);
	enum store_error error = node_may(s, r->client, &f, RIGHT_WRITE);

	if (s->path.length == 1)
		return STORE_EINVAL;
	if (error == STORE_ENOENT) {
		/* Nothing to do, if only the last name is missing. */
		uint32_t size = path_component(s->path.text, s->path.length,
					       f.at);

		if (r->transaction)
			error = transaction_touch(s, r->client,
						  r->transaction, &f, false);
		else
			error = STORE_OK;
		if (!error && f.at + size < s->path.length)
			error = STORE_ENOENT;
		return error;
	}
	if (error)
		return error;
	if (request_fixed(s, &f))
		return STORE_EACCES;
	if (r->transaction)
		return transaction_remove(s, r->client, r->transaction, &f);
	if (shield_blocks(s, r->client, &s->path))
		return STORE_LATER;
	node_remove(s, r->client, f.node, &s->path);
	return STORE_OK;
}

enum store_error request_set_perms(struct store *s, struct request *r)
{
	struct found f = request_find(s, r);
	enum store_error error = node_may(s, r->client, &f, RIGHT_OWNER);
	const struct client *c = store_client(s, r->client);
	struct perms perms = { 0 };

	if (error == STORE_EACCES && !f.node &&
	    (perm_rights(s, r->client, store_node(s, f.near)) & RIGHT_WRITE))
		error = STORE_ENOENT;
	if (error)
		return error;
	error = perm_parse(r->rest, r->rest_length, &perms);
	if (error)
		return error;
	if (!(c->flags & IMAGE_CLIENT_PRIVILEGED) &&
	    PERM_DOMID(perms.perm[0]) != c->domid)
		return STORE_EPERM;
	if (store_node(s, f.node)->value_length + perms.count * 4u >
	    VALUE_MAX)
		return STORE_ENOSPC;
	if (r->transaction)
		return transaction_set_perms(s, r->client, r->transaction, &f,
					     &perms);
	if (shield_blocks(s, r->client, &s->path))
		return STORE_LATER;
	node_set_perms(s, r->client, f.node, &perms);
	return STORE_OK;
}
