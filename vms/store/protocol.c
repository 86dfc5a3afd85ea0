/* SPDX-License-Identifier: MIT */
/*
 * Messages. Requests whose first string is a path are cut there and given to
 * request.c; the others are answered here.
 */
#include "protocol.h"
#include "error.h"
#include "image_format.h"
#include "node.h"
#include "path.h"
#include "request.h"
#include "transaction.h"
#include "watch.h"
#include <string.h>

static const char *const error_name[] = {
	[STORE_OK] = "OK",
	[STORE_EINVAL] = "EINVAL",
	[STORE_EACCES] = "EACCES",
	[STORE_EEXIST] = "EEXIST",
	[STORE_ENOENT] = "ENOENT",
	[STORE_ENOSPC] = "ENOSPC",
	[STORE_ENOSYS] = "ENOSYS",
	[STORE_EBUSY] = "EBUSY",
	[STORE_EAGAIN] = "EAGAIN",
	[STORE_E2BIG] = "E2BIG",
	[STORE_EPERM] = "EPERM",
};

static char *in_payload(struct client *c)
{
	return (char *)c->in.bytes + sizeof(struct xsd_sockmsg);
}

static char *out_payload(struct client *c)
{
	return (char *)c->out.bytes + sizeof(struct xsd_sockmsg);
}

static void protocol_reply(struct client *c, uint32_t type, uint32_t length)
{
	c->out.head = c->in.head;
	c->out.head.type = type;
	c->out.head.len = length;
	c->out_size = (uint32_t)sizeof(struct xsd_sockmsg) + length;
	c->out_sent = 0;
	c->in_used = 0;
}

void protocol_acknowledge(struct client *c)
{
	memcpy(out_payload(c), "OK", 3);
	protocol_reply(c, c->in.head.type, 3);
}

static void protocol_refuse(struct client *c, enum store_error error)
{
	const char *name = error_name[error];
	uint32_t length = (uint32_t)strlen(name) + 1;

	memcpy(out_payload(c), name, length);
	protocol_reply(c, XS_ERROR, length);
}

bool protocol_event(struct store *s, uint32_t client)
{
	struct client *c = store_client(s, client);
	uint32_t length = watch_event_take(s, client, out_payload(c));

	if (!length)
		return false;
	c->out.head = (struct xsd_sockmsg){ .type = XS_WATCH_EVENT,
					    .len = length };
	c->out_size = (uint32_t)sizeof(struct xsd_sockmsg) + length;
	c->out_sent = 0;
	return true;
}

/* The length of the string at from, its NUL not counted; -1: no NUL. */
static int64_t string_length(const char *from, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (!from[i])
			return i;
	return -1;
}

/* Is the payload exactly one string? */
static bool one_string(const struct request *r)
{
	return r->rest_length && string_length(r->rest, r->rest_length) + 1 ==
					 (int64_t)r->rest_length;
}

/* Requests without a path; the payload is r->rest. */
static enum store_error protocol_start(struct store *s, struct request *r,
				       uint32_t tx_id)
{
	enum store_error error;
	uint32_t id;

	if (tx_id)
		return STORE_EBUSY;
	error = transaction_start(s, r->client, &id);
	if (error)
		return error;
	r->reply_length = path_decimal(r->reply, id);
	r->reply[r->reply_length++] = '\0';
	return STORE_OK;
}

static enum store_error protocol_end(struct store *s, struct request *r)
{
	if (r->rest_length != 2 || r->rest[1] ||
	    (r->rest[0] != 'T' && r->rest[0] != 'F'))
		return STORE_EINVAL;
	if (!r->transaction)
		return STORE_ENOENT;
	if (r->rest[0] == 'T')
		return transaction_commit(s, r->client, r->transaction);
	transaction_abort(s, r->client, r->transaction);
	return STORE_OK;
}

static enum store_error protocol_domain_path(struct request *r)
{
	static const char prefix[] = "/local/domain/";
	int64_t domid;

	if (!one_string(r))
		return STORE_EINVAL;
	domid = path_number(r->rest, r->rest_length - 1, UINT16_MAX);
	if (domid < 0)
		return STORE_EINVAL;
	memcpy(r->reply, prefix, sizeof(prefix) - 1);
	r->reply_length = (uint32_t)sizeof(prefix) - 1;
	r->reply_length += path_decimal(r->reply + r->reply_length,
					(uint64_t)domid);
	r->reply[r->reply_length++] = '\0';
	return STORE_OK;
}

/*
 * What dom0 may ask on Xen. Which domains there are is the VMM's affair, so
 * only the question remains.
 */
static enum store_error protocol_privileged(struct store *s,
					    struct request *r, uint32_t type)
{
	int64_t domid;
	uint32_t i;

	if (!(store_client(s, r->client)->flags & IMAGE_CLIENT_PRIVILEGED))
		return STORE_EACCES;
	if (type != XS_IS_DOMAIN_INTRODUCED)
		return STORE_ENOSYS;
	if (!one_string(r))
		return STORE_EINVAL;
	domid = path_number(r->rest, r->rest_length - 1, UINT16_MAX);
	if (domid < 0)
		return STORE_EINVAL;
	i = store_client_of(s, (uint32_t)domid);
	r->reply[0] = i && store_client(s, i)->state != CLIENT_ABSENT ?
			      'T' : 'F';
	r->reply[1] = '\0';
	r->reply_length = 2;
	return STORE_OK;
}

/* Cut the path off the payload. */
static enum store_error protocol_path(struct store *s, struct request *r,
				      const char **given, enum path_kind kind)
{
	int64_t length = string_length(r->rest, r->rest_length);

	if (length < 0)
		return STORE_EINVAL;
	*given = r->rest;
	r->rest += length + 1;
	r->rest_length -= (uint32_t)length + 1;
	return path_take(s, r->client, *given, (size_t)length, kind);
}

static enum store_error protocol_watch(struct store *s, struct request *r,
				       uint32_t type)
{
	const char *given;
	enum store_error error = protocol_path(s, r, &given, PATH_ANY);

	if (error)
		return error;
	if (!one_string(r))
		return STORE_EINVAL;
	if (type == XS_WATCH)
		return watch_add(s, r->client, given, r->rest);
	return watch_drop(s, r->client, r->rest);
}

static enum store_error protocol_node(struct store *s, struct request *r,
				      uint32_t type)
{
	enum path_kind kind = type == XS_GET_PERMS || type == XS_SET_PERMS ?
				      PATH_ANY : PATH_NODE;
	const char *given;
	enum store_error error = protocol_path(s, r, &given, kind);

	if (error)
		return error;
	/* The nodes of @... are outside all transactions. */
	if (s->path.special)
		r->transaction = NULL;
	switch (type) {
	case XS_WRITE:
		return request_write(s, r);
	case XS_SET_PERMS:
		return request_set_perms(s, r);
	case XS_DIRECTORY_PART:
		return one_string(r) ? request_directory_part(s, r) :
				       STORE_EINVAL;
	}
	if (r->rest_length)
		return STORE_EINVAL;
	switch (type) {
	case XS_DIRECTORY:
		return request_directory(s, r);
	case XS_READ:
		return request_read(s, r);
	case XS_GET_PERMS:
		return request_get_perms(s, r);
	case XS_MKDIR:
		return request_mkdir(s, r);
	case XS_RM:
		return request_rm(s, r);
	}
	return STORE_ENOSYS;
}

static enum store_error protocol_do(struct store *s, struct request *r,
				    const struct xsd_sockmsg *head)
{
	switch (head->type) {
	case XS_WATCH:
	case XS_UNWATCH:
		return protocol_watch(s, r, head->type);
	}
	if (head->tx_id) {
		r->transaction = transaction_of(s, r->client, head->tx_id);
		if (!r->transaction)
			return STORE_ENOENT;
	}
	switch (head->type) {
	case XS_TRANSACTION_START:
		return protocol_start(s, r, head->tx_id);
	case XS_TRANSACTION_END:
		return protocol_end(s, r);
	case XS_GET_DOMAIN_PATH:
		return protocol_domain_path(r);
	case XS_CONTROL:
	case XS_INTRODUCE:
	case XS_RELEASE:
	case XS_IS_DOMAIN_INTRODUCED:
	case XS_RESUME:
	case XS_SET_TARGET:
		return protocol_privileged(s, r, head->type);
	case XS_DIRECTORY:
	case XS_READ:
	case XS_GET_PERMS:
	case XS_WRITE:
	case XS_MKDIR:
	case XS_RM:
	case XS_SET_PERMS:
	case XS_DIRECTORY_PART:
		return protocol_node(s, r, head->type);
	}
	return STORE_ENOSYS;
}

/* Does a good reply of this type have a payload of its own? */
static bool protocol_has_reply(uint32_t type)
{
	switch (type) {
	case XS_DIRECTORY:
	case XS_READ:
	case XS_GET_PERMS:
	case XS_TRANSACTION_START:
	case XS_GET_DOMAIN_PATH:
	case XS_IS_DOMAIN_INTRODUCED:
	case XS_DIRECTORY_PART:
		return true;
	}
	return false;
}

bool protocol_handle(struct store *s, uint32_t client)
{
	struct client *c = store_client(s, client);
	struct request r = {
		.client = client, .rest = in_payload(c),
		.rest_length = c->in.head.len, .reply = out_payload(c)
	};
	enum store_error error;

	if (c->in.head.type == XS_RESET_WATCHES) {
		transaction_abort_all(s, client);
		c->work = WORK_DROP;
		return true;
	}
	error = protocol_do(s, &r, &c->in.head);
	/* What was removed may still be on its way back to the arena. */
	if (error == STORE_LATER || (error == STORE_ENOSPC && s->grave))
		return false;
	if (error)
		protocol_refuse(c, error);
	else if (protocol_has_reply(c->in.head.type))
		protocol_reply(c, c->in.head.type, r.reply_length);
	else
		protocol_acknowledge(c);
	return true;
}
