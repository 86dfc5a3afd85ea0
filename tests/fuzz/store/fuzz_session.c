/* SPDX-License-Identifier: MIT */
/*
 * Two hostile clients, with requests that are nearly right, rings that are
 * not, deafness, ends and returns; and a well-behaved one between them,
 * after each of their steps. That one gets each answer within a few rounds,
 * the right one, and its event; it is refused nothing, and its arena holds
 * what it did before.
 * Each step: who and what, then the bytes that it needs.
 */
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "cell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GOOD	2u
/* Rounds until an answer; a shield lasts five of them. */
#define PATIENCE	16u
#define AUDIT_EACH	8u

static const struct image_client quota = {
	.arena_kib = 24, .nodes = 60, .watches = 12, .events = 12,
	.transactions = 3, .shadows = 16
};

/* What is worth naming; the first four are prefixes for more. */
static const char *const place[] = {
	"data", "/shared", "/local/domain/1/data", "/local/domain/5/data",
	"/", "/local", "/local/domain", "/local/domain/1", "/secret",
	"/local/domain/2", "/local/domain/2/data", "/local/domain/2/data/k",
	"/local/domain/1/device/vif/0", "/local/domain/1/device/vif/0/state",
	"@releaseDomain", "@introduceDomain", "", "//", "name", "control",
};

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t next(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static bool deaf[RIG_CLIENTS + 1];

static void rounds(struct rig *r, unsigned int count)
{
	while (count--) {
		bool more = rig_round(r);

		for (unsigned int g = 1; g <= RIG_CLIENTS; g++)
			if (g != GOOD && !deaf[g])
				r->guest[g].ring->rsp_cons =
					r->guest[g].ring->rsp_prod;
		if (r->later)
			r->now += 1000000;
		if (!more && !r->later)
			return;
	}
}

/* As much as there is room for, by what the page says. */
static void put(struct rig *r, unsigned int g, const void *from,
		uint32_t count)
{
	struct xenstore_domain_interface *ring = r->guest[g].ring;
	const uint8_t *at = from;

	for (unsigned int tries = 0; count && tries < 8; tries++) {
		for (; count && ring->req_prod - ring->req_cons <
				       XENSTORE_RING_SIZE; count--)
			ring->req[ring->req_prod++ % XENSTORE_RING_SIZE] =
				(char)*at++;
		if (count)
			rounds(r, 2);
	}
}

/* A path, at most 3200 bytes, into to; its length with the NUL. */
static uint32_t path_from(struct input *in, char *to)
{
	const char *name = place[next(in) % (sizeof(place) / sizeof(*place))];
	uint8_t tail = next(in);
	uint32_t at = (uint32_t)strlen(name);

	memcpy(to, name, at);
	/* A short name, a long one, or many. */
	for (uint32_t i = 0; i < (tail & 0x80 ? tail & 0x7fu : tail & 3u);
	     i++) {
		to[at++] = '/';
		to[at++] = (char)('a' + (tail + i) % 3);
	}
	if ((tail & 0xc3) == 0x40) {
		to[at++] = '/';
		memset(to + at, 'n', (tail & 0x3c) * 54u);
		at += (tail & 0x3c) * 54u;
	}
	to[at++] = '\0';
	return at;
}

static void request(struct rig *r, unsigned int g, struct input *in)
{
	static const struct {
		const char *text;
		uint32_t length;
	} rest[] = {
		{ TEXT("") }, { TEXT("t") }, { TEXT("T") }, { TEXT("F") },
		{ TEXT("n1") }, { TEXT("n5\0b2") }, { TEXT("b1\0r2\0w5") },
		{ TEXT("0") }, { TEXT("1") }, { TEXT("18446744073709551616") },
	};
	static char whole[8192];
	uint8_t shape = next(in);
	struct xsd_sockmsg h = { .type = next(in) % 26, .req_id = 1,
				 .tx_id = next(in) % 8 };
	uint32_t at = 0, value;

	if (shape & 1)
		at = path_from(in, whole);
	if (shape & 2) {
		unsigned int which = next(in) % 10;

		memcpy(whole + at, rest[which].text, rest[which].length + 1);
		at += rest[which].length + !!(shape & 4);
	}
	if (shape & 8) {
		value = next(in) * 16u;
		memset(whole + at, 'v', value);
		at += value;
	}
	h.len = at > XENSTORE_PAYLOAD_MAX ? XENSTORE_PAYLOAD_MAX : at;
	put(r, g, &h, sizeof(h));
	put(r, g, whole, h.len);
}

static void reconnect(struct rig *r, unsigned int g)
{
	r->guest[g].ring->connection = XENSTORE_RECONNECT;
	rounds(r, 20);
}

static void step(struct rig *r, unsigned int g, unsigned int what,
		 struct input *in)
{
	struct xenstore_domain_interface *ring = r->guest[g].ring;
	uint32_t word = next(in);

	switch (what) {
	default:
		request(r, g, in);
		break;
	case 9:
		/* The head of the page behind the rings, most of all. */
		((uint32_t *)ring)[word & 0x80 ? 512 + word % 8 :
				   word * 4 % 519] =
			(uint32_t)next(in) << (next(in) % 25);
		break;
	case 10:
		put(r, g, in->at, in->left < word ? (uint32_t)in->left : word);
		break;
	case 11:
		reconnect(r, g);
		break;
	case 12:
		rig_gone(r, g);
		rig_settle(r);
		if (!client_is_clean(r->s, g))
			abort();
		rig_connect(r, g);
		break;
	case 13:
		rig_move(r);
		break;
	case 14:
		deaf[g] = !deaf[g];
		break;
	case 15:
		r->now += word * 1000000ull;
		break;
	}
}

/* One request of the good one and its answer. */
static void good_call(struct rig *r, uint32_t type, const char *text,
		      uint32_t length, const char *answer)
{
	unsigned int waited = 0;

	rig_send(r, GOOD, type, 0, text, length);
	while (!rig_take(r, GOOD)) {
		if (++waited > PATIENCE)
			abort();
		rounds(r, 1);
	}
	if (r->guest[GOOD].type != type ||
	    strcmp(r->guest[GOOD].reply, answer))
		abort();
}

static void good_work(struct rig *r, unsigned int n)
{
	struct guest *g = &r->guest[GOOD];
	char text[16] = "data/k\0valueA";
	uint32_t heard = g->event_count;
	unsigned int waited = 0;

	text[12] = (char)('A' + n % 26);
	good_call(r, XS_WRITE, text, 13, "OK");
	good_call(r, XS_READ, "data/k", 7, text + 7);
	while (g->event_count == heard) {
		if (++waited > PATIENCE)
			abort();
		rounds(r, 1);
		if (rig_take(r, GOOD))
			abort();
	}
	/* Once for a write, and of nothing else. */
	if (g->event_count != heard + 1 ||
	    strcmp(g->event[heard % RIG_EVENTS].path, "data/k"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig *r = rig_open(&quota);
	struct input in = { data, size };
	unsigned int n = 0;
	uint32_t left;

	deaf[1] = deaf[3] = false;
	good_call(r, XS_WATCH, "data\0t", 7, "OK");
	rig_settle(r);
	rig_take(r, GOOD);
	r->guest[GOOD].event_count = 0;
	good_work(r, n);
	left = cell_left(r->s, GOOD, CELL_RESERVED);
	while (in.left) {
		uint8_t head = next(&in);

		step(r, head & 0x80 ? 3 : 1, head % 16, &in);
		if (head & 0x40)
			rounds(r, head >> 4 & 3);
		good_work(r, ++n);
		if (cell_left(r->s, GOOD, CELL_RESERVED) != left)
			abort();
		if (n % AUDIT_EACH == 0)
			rig_audit(r);
	}
	rig_close(r);
	return 0;
}
