/* SPDX-License-Identifier: MIT */
/*
 * The rig: see rig.h. The guests' side of the rings is written from the
 * protocol's description, not with the store's code.
 */
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct image_client rig_client = {
	.arena_kib = 256, .nodes = 1000, .watches = 128, .events = 256,
	.transactions = 10, .shadows = 256
};

static const uint16_t rig_domid[RIG_CLIENTS + 1] = { 0, 1, 2, 5 };

static void add(struct image_writer *w, const char *path, const char *value,
		const char *end, uint32_t owner, uint32_t reader)
{
	const uint32_t perm[] = {
		PERM(owner, 0),
		PERM(reader, 1)
	};
	const struct image_bytes v[2] = {
		{ value, (uint16_t)strlen(value) },
		{ end, end ? (uint16_t)strlen(end) : 0 }
	};

	image_add_node(w, (struct image_bytes){ path,
						(uint16_t)strlen(path) },
		       perm, reader ? 2 : 1, v);
}

static void add_homes(struct image_writer *w)
{
	char path[64];

	for (unsigned int i = 1; i <= RIG_CLIENTS; i++) {
		uint16_t id = rig_domid[i];
		int at = sprintf(path, "/local/domain/%u", id);

		add(w, path, "", NULL, 0, id);
		strcpy(path + at, "/name");
		add(w, path, "client", NULL, 0, id);
		strcpy(path + at, "/data");
		add(w, path, "", NULL, id, 0);
		strcpy(path + at, "/control");
		add(w, path, "", NULL, 0, id);
		strcpy(path + at, "/control/shutdown");
		add(w, path, "", NULL, id, 0);
		strcpy(path + at, "/device");
		add(w, path, "", NULL, 0, id);
		strcpy(path + at, "/backend");
		add(w, path, "", NULL, 0, id);
	}
}

static size_t write_image(void *buffer, size_t room,
			  const struct image_client *quota)
{
	static const uint32_t both[] = { PERM(1, 3) };
	static const struct image_bytes nothing[2] = { { "", 0 },
						       { NULL, 0 } };
	struct image_writer w;

	image_begin(&w, buffer, room);
	for (unsigned int i = 1; i <= RIG_CLIENTS; i++) {
		struct image_client c = *quota;

		c.domid = rig_domid[i];
		snprintf(c.name, sizeof(c.name), "vm%u", c.domid);
		image_add_client(&w, &c);
	}
	add(&w, "/secret", "treasure", NULL, 0, 0);
	image_add_node(&w, (struct image_bytes){ "/shared", 7 }, both, 1,
		       nothing);
	add_homes(&w);
	add(&w, "/local/domain/1/device/vif", "", NULL, 0, 1);
	add(&w, "/local/domain/1/device/vif/0", "", NULL, 1, 2);
	add(&w, "/local/domain/1/device/vif/0/backend",
	    "/local/domain/2/backend/vif/1/0", NULL, 0, 1);
	add(&w, "/local/domain/1/device/vif/0/state", "1", "6", 1, 2);
	add(&w, "/local/domain/2/backend/vif", "", NULL, 0, 2);
	add(&w, "/local/domain/2/backend/vif/1", "", NULL, 0, 2);
	add(&w, "/local/domain/2/backend/vif/1/0", "", NULL, 2, 1);
	add(&w, "/local/domain/2/backend/vif/1/0/state", "1", NULL, 2, 1);
	return image_finish(&w);
}

struct rig *rig_open(const struct image_client *quota)
{
	struct rig *r = calloc(1, sizeof(*r));
	size_t size = write_image(NULL, 0, quota);
	uint8_t *bytes = malloc(size);
	uint64_t room;

	assert_int_equal(write_image(bytes, size, quota), size);
	r->image = (struct image){ bytes, (uint32_t)size };
	assert_null(image_check(&r->image));
	room = block_size(&r->image);
	r->s = aligned_alloc(128, (room + 127) & ~127ull);
	memset(r->s, 0, room);
	assert_null(block_init(r->s, &r->image));
	assert_int_equal(r->s->size, room);
	r->seen = malloc(r->s->cell_count);
	r->per_arena = malloc(r->s->client_count * sizeof(uint32_t));
	for (unsigned int i = 1; i <= RIG_CLIENTS; i++) {
		r->guest[i].event = calloc(RIG_EVENTS,
					   sizeof(struct rig_event));
		rig_connect(r, i);
	}
	rig_settle(r);
	return r;
}

void rig_audit(struct rig *r)
{
	const char *wrong = block_audit(r->s, r->seen, r->per_arena);

	if (wrong)
		fail_msg("audit: %s", wrong);
}

void rig_close(struct rig *r)
{
	rig_audit(r);
	for (unsigned int i = 1; i <= RIG_CLIENTS; i++) {
		free(r->guest[i].ring);
		free(r->guest[i].event);
	}
	free((void *)(uintptr_t)r->image.bytes);
	free(r->seen);
	free(r->per_arena);
	free(r->s);
	free(r);
}

void rig_move(struct rig *r)
{
	uint64_t size = r->s->size;
	struct store *to = aligned_alloc(128, (size + 127) & ~127ull);

	block_seal(r->s);
	memcpy(to, r->s, size);
	memset(r->s, 0xa5, size);
	free(r->s);
	r->s = to;
	r->moves++;
	assert_null(block_open(r->s, size, &r->image));
}

void rig_connect(struct rig *r, unsigned int guest)
{
	struct guest *g = &r->guest[guest];

	free(g->ring);
	g->ring = aligned_alloc(4096, 4096);
	memset(g->ring, 0, 4096);
	g->ring->connection = XENSTORE_RECONNECT;
	g->req_prod = g->rsp_cons = g->have = 0;
	g->event_count = g->event_taken = 0;
	assert_true(client_is_clean(r->s, guest));
	client_connect(r->s, guest, g->ring);
	assert_int_equal(g->ring->connection, XENSTORE_CONNECTED);
}

void rig_gone(struct rig *r, unsigned int guest)
{
	client_gone(r->s, guest);
}

uint32_t rig_put(struct rig *r, unsigned int guest, const void *from,
		 uint32_t count)
{
	struct guest *g = &r->guest[guest];
	const uint8_t *at = from;
	uint32_t done = 0;

	while (done < count && g->req_prod - g->ring->req_cons <
				       XENSTORE_RING_SIZE)
		g->ring->req[g->req_prod++ % XENSTORE_RING_SIZE] =
			(char)at[done++];
	g->ring->req_prod = g->req_prod;
	return done;
}

static void take_event(struct guest *g, const char *text, uint32_t length)
{
	struct rig_event *e = &g->event[g->event_count % RIG_EVENTS];
	size_t path = strnlen(text, length);

	assert_true(path + 1 < length && !text[length - 1]);
	assert_int_equal(path + strlen(text + path + 1) + 2, length);
	memcpy(e->path, text, path + 1);
	strcpy(e->token, text + path + 1);
	g->event_count++;
}

bool rig_take(struct rig *r, unsigned int guest)
{
	struct guest *g = &r->guest[guest];
	bool reply = false;

	assert_true(g->ring->rsp_prod - g->rsp_cons <= XENSTORE_RING_SIZE);
	while (g->rsp_cons != g->ring->rsp_prod) {
		struct xsd_sockmsg *h = &g->message.head;
		const char *text = (char *)(h + 1);

		g->message.bytes[g->have++] = (uint8_t)
			g->ring->rsp[g->rsp_cons++ % XENSTORE_RING_SIZE];
		if (g->have < sizeof(*h))
			continue;
		assert_true(h->len <= XENSTORE_PAYLOAD_MAX);
		if (g->have < sizeof(*h) + h->len)
			continue;
		g->have = 0;
		if (h->type == XS_WATCH_EVENT) {
			assert_true(!h->req_id && !h->tx_id);
			take_event(g, text, h->len);
			continue;
		}
		assert_false(reply);
		assert_int_equal(h->req_id, g->req_id);
		g->type = h->type;
		g->length = h->len;
		memcpy(g->reply, text, h->len);
		g->reply[h->len] = '\0';
		reply = true;
	}
	g->ring->rsp_cons = g->rsp_cons;
	return reply;
}

bool rig_round(struct rig *r)
{
	bool more = false;

	r->later = 0;
	for (uint32_t i = 1; i <= RIG_CLIENTS; i++) {
		unsigned int did = client_turn(r->s, i, r->guest[i].ring,
					       r->now);

		r->guest[i].notified += !!(did & TURN_NOTIFY);
		more |= did & TURN_AGAIN;
		r->later |= did & TURN_LATER ? 1u << i : 0;
	}
	more |= client_step(r->s, &r->image);
	for (uint32_t i = 1; i <= RIG_CLIENTS; i++) {
		more |= store_client(r->s, i)->waiting;
		store_client(r->s, i)->waiting = 0;
	}
	if (r->move)
		rig_move(r);
	return more;
}

void rig_settle(struct rig *r)
{
	unsigned int rounds = 0;

	while (rig_round(r))
		assert_true(++rounds < 100000);
}

void rig_send(struct rig *r, unsigned int guest, uint32_t type, uint32_t tx,
	      const void *payload, uint32_t length)
{
	struct guest *g = &r->guest[guest];
	struct xsd_sockmsg h = { type, ++g->req_id, tx, length };
	const uint8_t *at = payload;
	uint32_t sent = rig_put(r, guest, &h, sizeof(h)), rounds = 0;

	assert_int_equal(sent, sizeof(h));
	for (sent = 0; sent < length; assert_true(++rounds < 1000)) {
		sent += rig_put(r, guest, at + sent, length - sent);
		rig_round(r);
	}
}

static enum store_error error_of(const struct guest *g)
{
	static const struct {
		const char *name;
		enum store_error error;
	} table[] = {
		{ "EINVAL", STORE_EINVAL }, { "EACCES", STORE_EACCES },
		{ "EEXIST", STORE_EEXIST }, { "ENOENT", STORE_ENOENT },
		{ "ENOSPC", STORE_ENOSPC }, { "ENOSYS", STORE_ENOSYS },
		{ "EBUSY", STORE_EBUSY },   { "EAGAIN", STORE_EAGAIN },
		{ "E2BIG", STORE_E2BIG },   { "EPERM", STORE_EPERM },
	};

	if (g->type != XS_ERROR)
		return STORE_OK;
	assert_int_equal(g->reply[g->length - 1], '\0');
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, g->reply))
			return table[i].error;
	fail_msg("no such error: %s", g->reply);
	return STORE_OK;
}

enum store_error rig_call(struct rig *r, unsigned int guest, uint32_t type,
			  uint32_t tx, const void *payload, uint32_t length)
{
	struct guest *g = &r->guest[guest];
	unsigned int rounds = 0;

	rig_send(r, guest, type, tx, payload, length);
	while (!rig_take(r, guest)) {
		assert_true(++rounds < 10000);
		rig_round(r);
		if (r->later)
			r->now += 1000000;
	}
	assert_true(g->type == type || g->type == XS_ERROR);
	rig_settle(r);
	assert_false(rig_take(r, guest));
	return error_of(g);
}

enum store_error rig_path(struct rig *r, unsigned int guest, uint32_t type,
			  uint32_t tx, const char *path)
{
	return rig_call(r, guest, type, tx, path,
			(uint32_t)strlen(path) + 1);
}

static enum store_error two(struct rig *r, unsigned int guest, uint32_t type,
			    uint32_t tx, const char *a, const char *b,
			    uint32_t extra)
{
	char text[8192];
	uint32_t at = (uint32_t)strlen(a) + 1, size = (uint32_t)strlen(b);

	memcpy(text, a, at);
	memcpy(text + at, b, size + 1);
	return rig_call(r, guest, type, tx, text, at + size + extra);
}

enum store_error rig_write(struct rig *r, unsigned int guest, uint32_t tx,
			   const char *path, const char *value)
{
	return two(r, guest, XS_WRITE, tx, path, value, 0);
}

enum store_error rig_watch(struct rig *r, unsigned int guest, uint32_t type,
			   const char *path, const char *token)
{
	return two(r, guest, type, 0, path, token, 1);
}

enum store_error rig_perms(struct rig *r, unsigned int guest, uint32_t tx,
			   const char *path, const char *perms)
{
	char text[256];
	uint32_t i = 0;

	/* "n1 r2" as "n1\0r2\0". */
	for (; perms[i]; i++)
		text[i] = perms[i] == ' ' ? '\0' : perms[i];
	text[i] = '\0';
	char whole[8192];
	uint32_t at = (uint32_t)strlen(path) + 1;

	memcpy(whole, path, at);
	memcpy(whole + at, text, i + 1);
	return rig_call(r, guest, XS_SET_PERMS, tx, whole, at + i + 1);
}

uint32_t rig_start(struct rig *r, unsigned int guest)
{
	assert_int_equal(rig_path(r, guest, XS_TRANSACTION_START, 0, ""),
			 STORE_OK);
	return (uint32_t)strtoul(r->guest[guest].reply, NULL, 10);
}

enum store_error rig_end(struct rig *r, unsigned int guest, uint32_t tx,
			 bool commit)
{
	return rig_path(r, guest, XS_TRANSACTION_END, tx, commit ? "T" : "F");
}

void rig_expect(struct rig *r, unsigned int guest, const char *text,
		uint32_t length)
{
	const struct guest *g = &r->guest[guest];

	assert_int_equal(g->length, length);
	assert_memory_equal(g->reply, text, length);
}

void rig_expect_value(struct rig *r, unsigned int guest, uint32_t tx,
		      const char *path, const char *value)
{
	assert_int_equal(rig_path(r, guest, XS_READ, tx, path), STORE_OK);
	assert_string_equal(r->guest[guest].reply, value);
	assert_int_equal(r->guest[guest].length, strlen(value));
}

void rig_expect_event(struct rig *r, unsigned int guest, const char *path,
		      const char *token)
{
	struct guest *g = &r->guest[guest];

	rig_settle(r);
	rig_take(r, guest);
	assert_true(g->event_taken < g->event_count);
	assert_string_equal(g->event[g->event_taken % RIG_EVENTS].path, path);
	assert_string_equal(g->event[g->event_taken % RIG_EVENTS].token,
			    token);
	g->event_taken++;
}

void rig_expect_no_event(struct rig *r, unsigned int guest)
{
	const struct guest *g = &r->guest[guest];

	rig_settle(r);
	rig_take(r, guest);
	if (g->event_taken < g->event_count)
		fail_msg("event for %s",
			 g->event[g->event_taken % RIG_EVENTS].path);
}
