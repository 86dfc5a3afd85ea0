/* SPDX-License-Identifier: MIT */
/*
 * The client that harms: each phase is one way to try, and checks that the
 * store's answers are the protocol's. Everything is bounded, and random only
 * by seed=.
 */
#include "test.h"
#include "xs.h"
#include "common.h"

#define NODES		400u	/* the quotas, see test.cfg */
#define WATCHES		128u
#define TRANSACTIONS	10u
#define SHADOWS		64u
#define RING_ROUNDS	60u

static uint64_t state;

static uint32_t any(uint32_t limit)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % limit;
}

static bool refused(long got, const char *error)
{
	return CHECK(got == -1 && !strcmp(xs_reply, error),
		     "%ld %s, not %s", got, got == -1 ? xs_reply : "", error);
}

/* A ring that works, whatever it was before. */
static void begin_anew(void)
{
	CHECK(xs_reconnect(5 * SECOND), "no new connection");
	CHECK_EQ(xs_ring->error, XENSTORE_ERROR_NONE);
	CHECK(xs_read(0, "name") == 4 && !strcmp(xs_reply, "evil"), "%s",
	      xs_reply);
}

static void phase(const char *name)
{
	begin_anew();
	CHECK_EQ(xs_write(0, PHASE, name), 3);
}

/* As many nodes as it may have, in one directory. */
static void fill_directory(void)
{
	char path[80];
	unsigned int made = 0, listed = 0;
	long size;

	while (made < 2 * NODES) {
		ksnprintf(path, sizeof(path), "data/d/a-name-of-%u", made);
		if (xs_write(0, path, "") != 3)
			break;
		made++;
	}
	refused(xs_write(0, path, ""), "ENOSPC");
	CHECK(made > NODES - 20 && made < NODES, "%u", made);
	CHECK_EQ(xs_write(0, "data/d/a-name-of-7", "still"), 3);
	for (unsigned int i = 0; i < 100; i++)
		refused(xs_write(0, path, "again"), "ENOSPC");
	refused(xs_path(XS_DIRECTORY, 0, "data/d"), "E2BIG");
	for (unsigned int at = 0;;) {
		char text[32];
		int head = ksnprintf(text, sizeof(text), "data/d%c%u", 0, at);
		unsigned int first;

		size = xs_call(XS_DIRECTORY_PART, 0, text,
			       (uint32_t)head + 1);
		if (!CHECK(size > 1, "%s", xs_reply))
			return;
		first = (unsigned int)strlen(xs_reply) + 1;
		if (first + 1 == size && !xs_reply[first])
			break;
		for (long i = first; i < size; i++) {
			at++;
			if (!xs_reply[i] && xs_reply[i - 1])
				listed++;
			else if (!xs_reply[i])
				at--;
		}
		if (size < XENSTORE_PAYLOAD_MAX - 64 && !xs_reply[size - 2])
			break;
	}
	CHECK_EQ(listed, made, "in parts");
	CHECK_EQ(xs_path(XS_RM, 0, "data/d"), 3);
	CHECK_EQ(xs_write(0, "data/d/new", ""), 3);
}

static void fill_arena(void)
{
	static char value[2100];
	char path[80];
	unsigned int made = 0;

	memset(value, 'v', sizeof(value));
	value[2050] = '\0';
	refused(xs_write(0, "data/v", value), "ENOSPC");
	value[2000] = '\0';
	for (; made < 1000; made++) {
		ksnprintf(path, sizeof(path), "data/v/%u", made);
		if (xs_write(0, path, value) != 3)
			break;
	}
	refused(xs_write(0, path, value), "ENOSPC");
	CHECK(made > 40, "%u", made);
	for (unsigned int i = 0; i < 100; i++) {
		ksnprintf(path, sizeof(path), "data/v/%u", any(made));
		CHECK_EQ(xs_write(0, path, value), 3, "again");
	}
	refused(xs_write(0, "/shared/v/w/x", value), "ENOSPC");
	CHECK_EQ(xs_path(XS_RM, 0, "data/v"), 3);
}

static void fill_watches(void)
{
	char token[32];
	unsigned int good = 0, big = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		ksnprintf(token, sizeof(token), "token-%u", i);
		if (xs_watch(XS_WATCH, "/shared", token) == 3)
			good++;
		else
			big += !strcmp(xs_reply, "E2BIG");
	}
	CHECK_EQ(good, WATCHES);
	CHECK_EQ(big, 1000 - WATCHES);
	refused(xs_watch(XS_WATCH, "/shared", "token-0"), "EEXIST");
	/* Each of its writes is an event for each of them. */
	for (unsigned int i = 0; i < 8; i++)
		CHECK_EQ(xs_write(0, LITTER, token), 3);
	CHECK_EQ(xs_path(XS_RESET_WATCHES, 0, ""), 3);
	CHECK_EQ(xs_watch(XS_WATCH, "/shared", "one"), 3);
}

static uint32_t start(void)
{
	uint32_t tx = 0;

	CHECK(xs_path(XS_TRANSACTION_START, 0, "") > 0, "%s", xs_reply);
	for (const char *at = xs_reply; *at >= '0' && *at <= '9'; at++)
		tx = tx * 10 + (uint32_t)(*at - '0');
	return tx;
}

/* Transactions that never end and read ever more. */
static void fill_transactions(void)
{
	unsigned int touched = 0;
	uint32_t tx[TRANSACTIONS];
	char path[64];

	for (unsigned int i = 0; i < TRANSACTIONS; i++)
		tx[i] = start();
	for (unsigned int i = 0; i < 100; i++)
		refused(xs_path(XS_TRANSACTION_START, 0, ""), "ENOSPC");
	for (; touched < SHADOWS * TRANSACTIONS; touched++) {
		ksnprintf(path, sizeof(path), "data/none%u", touched);
		xs_read(tx[touched % TRANSACTIONS], path);
		if (strcmp(xs_reply, "ENOENT"))
			break;
	}
	CHECK(!strcmp(xs_reply, "ENOSPC"), "%s", xs_reply);
	CHECK(touched > 200, "%u", touched);
	refused(xs_read(tx[0] + 77, "name"), "ENOENT");
	refused(xs_path(XS_TRANSACTION_END, tx[0] + 77, "T"), "ENOENT");
	refused(xs_path(XS_TRANSACTION_START, tx[0], ""), "EBUSY");
	refused(xs_path(XS_TRANSACTION_END, tx[0], "X"), "EINVAL");
}

/* In the way of good's writes, as long and as often as it may. */
static void contend(void)
{
	unsigned int lost = 0;

	for (unsigned int i = 0; i < 40; i++) {
		uint32_t tx = start();

		CHECK(xs_path(XS_DIRECTORY, tx, "/shared") > 0, "%s",
		      xs_reply);
		CHECK(xs_read(tx, HOT) >= 0, "%s", xs_reply);
		CHECK_EQ(xs_write(tx, HOT, "evil"), 3);
		clock_sleep((1 + i % 7) * MILLISECOND);
		if (xs_path(XS_TRANSACTION_END, tx, "T") == -1) {
			lost++;
			CHECK(!strcmp(xs_reply, "EAGAIN"), "%s", xs_reply);
		}
	}
	CHECK(lost > 10 && lost < 40, "%u lost", lost);
}

/* What belongs to others stays theirs. */
static void trespass(void)
{
	static const char *const theirs[] = {
		"/", "/local", "/local/domain", "/local/domain/3",
		"/local/domain/3/name", "/local/domain/2",
		GOOD_HOME "/data", GOOD_HOME "/data/k", GOOD_HOME "/new",
		GOOD_HOME "/device/test/3/state", "/secret", "/tool",
	};
	static const uint32_t types[] = {
		XS_CONTROL, XS_INTRODUCE, XS_RELEASE, XS_RESUME,
		XS_SET_TARGET, XS_IS_DOMAIN_INTRODUCED,
	};
	char text[80];

	for (unsigned int i = 0; i < sizeof(theirs) / sizeof(*theirs); i++) {
		int size = ksnprintf(text, sizeof(text), "%s%cn3",
				     theirs[i], 0);

		refused(xs_write(0, theirs[i], "mine"), "EACCES");
		refused(xs_path(XS_MKDIR, 0, text) == -1 ? -1 : 0, "EACCES");
		if (i)
			refused(xs_path(XS_RM, 0, theirs[i]), "EACCES");
		refused(xs_call(XS_SET_PERMS, 0, text, (uint32_t)size + 1),
			"EACCES");
	}
	refused(xs_read(0, GOOD_HOME "/data/k"), "EACCES");
	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++)
		refused(xs_path(types[i], 0, "2"), "EACCES");
	/* What it may watch it must not hear of. */
	CHECK_EQ(xs_watch(XS_WATCH, GOOD_HOME "/data", "w"), 3);
	CHECK_EQ(xs_watch(XS_WATCH, "@releaseDomain", "w"), 3);
	while (xs_event(0))
		;
	CHECK(!xs_event(30 * MILLISECOND), "heard of good's data");
}

static void bad_paths(void)
{
	static char text[4000];
	unsigned int length;

	refused(xs_read(0, ""), "EINVAL");
	refused(xs_read(0, "//"), "EINVAL");
	refused(xs_read(0, "/shared/"), "EINVAL");
	refused(xs_read(0, "a b"), "EINVAL");
	refused(xs_read(0, "../../2/data"), "EINVAL");
	refused(xs_read(0, "@releaseDomain"), "EINVAL");
	refused(xs_watch(XS_WATCH, "@other", "t"), "EINVAL");
	refused(xs_call(XS_READ, 0, "data", 4), "EINVAL");
	refused(xs_call(XS_READ, 0, "", 0), "EINVAL");
	refused(xs_call(XS_WATCH, 0, "data", 5), "EINVAL");
	refused(xs_call(XS_DIRECTORY_PART, 0, "data\0-1", 8), "EINVAL");
	memset(text, 'p', sizeof(text));
	text[2049] = '\0';
	refused(xs_read(0, text), "EINVAL");
	text[2049] = 'p';
	text[0] = '/';
	text[3073] = '\0';
	refused(xs_read(0, text), "EINVAL");
	/* 64 names are the limit; all of them made, again and again. */
	length = (unsigned int)ksnprintf(text, sizeof(text), "data");
	for (unsigned int i = 0; i < 60; i++)
		length += (unsigned int)ksnprintf(
			text + length, sizeof(text) - length, "/n%u", i);
	CHECK_EQ(xs_write(0, text, "deep"), 3);
	for (unsigned int i = 0; i < 20; i++) {
		CHECK_EQ(xs_path(XS_RM, 0, "data/n0"), 3);
		CHECK_EQ(xs_write(0, text, "deep"), 3);
	}
	text[length] = '/';
	refused(xs_write(0, text, "deeper"), "EINVAL");
	CHECK_EQ(xs_path(XS_RM, 0, "data/n0"), 3);
}

/* Of the device that it shares with good, which is its own to write. */
static void flip_states(void)
{
	for (unsigned int i = 0; i < 500; i++) {
		char value[16] = { (char)any(256), (char)any(256) };

		switch (any(4)) {
		case 0:
			CHECK_EQ(xs_path(XS_RM, 0, EVIL_STATE), 3);
			break;
		case 1:
			CHECK_EQ(xs_write(0, EVIL_STATE, value), 3);
			break;
		default:
			value[0] = (char)('0' + any(10));
			value[1] = '\0';
			CHECK_EQ(xs_write(0, EVIL_STATE, value), 3);
		}
	}
}

/* Bytes into the ring, as they are, as far as they fit. */
static void raw_put(const void *from, uint32_t count)
{
	const char *at = from;
	uint32_t prod = xs_ring->req_prod;

	for (uint32_t i = 0; i < count; i++)
		if (prod - READ_ONCE(xs_ring->req_cons) < XENSTORE_RING_SIZE)
			xs_ring->req[MASK_XENSTORE_IDX(prod++)] = at[i];
	__atomic_store_n(&xs_ring->req_prod, prod, __ATOMIC_RELEASE);
	event_send(xs_port);
}

/* Watches what good writes, asks much, and never takes anything. */
static void be_deaf(void)
{
	static const struct {
		struct xsd_sockmsg head;
		char path[5];
	} read = { { XS_READ, 1, 0, 5 }, "name" };
	uint64_t end;

	for (unsigned int i = 0; i < WATCHES; i++) {
		char token[16];

		ksnprintf(token, sizeof(token), "%u", i);
		CHECK_EQ(xs_watch(XS_WATCH, HOT, token), 3);
	}
	for (unsigned int i = 0; i < 100; i++)
		raw_put(&read, sizeof(struct xsd_sockmsg) + 5);
	end = clock_now() + 40 * MILLISECOND;
	while (clock_now() < end)
		event_send(xs_port);
	CHECK_EQ(xs_ring->rsp_prod - xs_ring->rsp_cons, XENSTORE_RING_SIZE);
	clock_sleep(20 * MILLISECOND);
}

/* The ring full of the dearest requests, all the time. */
static void pipeline(void)
{
	static const struct {
		struct xsd_sockmsg head;
		char text[sizeof(HOT) + 4];
	} dear = { { XS_WRITE, 1, 0, sizeof(HOT) + 4 }, HOT "\0evil" };
	char token[16];

	for (unsigned int i = 0; i < WATCHES; i++) {
		ksnprintf(token, sizeof(token), "%u", i);
		CHECK_EQ(xs_watch(XS_WATCH, HOT, token), 3);
	}
	for (unsigned int i = 0; i < 300; i++) {
		uint32_t room = XENSTORE_RING_SIZE - xs_ring->req_prod +
				READ_ONCE(xs_ring->req_cons);

		if (room >= sizeof(dear))
			raw_put(&dear, sizeof(dear.head) + dear.head.len);
		/* Whatever it says is not read. */
		xs_ring->rsp_cons = READ_ONCE(xs_ring->rsp_prod);
		event_send(xs_port);
		if (room < sizeof(dear))
			clock_sleep(100000);
	}
}

static void storm(void)
{
	for (unsigned int i = 0; i < 5000; i++)
		event_send(xs_port);
}

static void wait_for_error(uint32_t error)
{
	uint64_t end = clock_now() + SECOND;

	while (READ_ONCE(xs_ring->error) != error && clock_now() < end)
		clock_sleep(MILLISECOND / 10);
	CHECK_EQ(xs_ring->error, error);
	begin_anew();
}

static void bad_indices(void)
{
	static const uint32_t ahead[] = {
		1025, 2048, 65536, 0x7fffffff, 0x80000000, 0xffffffff
	};
	static const uint32_t length[] = { 4097, 65536, 0xffffffff };

	for (unsigned int i = 0; i < sizeof(ahead) / 4; i++) {
		WRITE_ONCE(xs_ring->req_prod, xs_ring->req_cons + ahead[i]);
		event_send(xs_port);
		wait_for_error(XENSTORE_ERROR_RINGIDX);
		raw_put(&(struct xsd_sockmsg){ XS_READ, 1, 0, 0 }, 12);
		WRITE_ONCE(xs_ring->rsp_cons, xs_ring->rsp_prod + 1 +
					      any(1000));
		raw_put("\0\0\0", 4);
		wait_for_error(XENSTORE_ERROR_RINGIDX);
	}
	for (unsigned int i = 0; i < sizeof(length) / 4; i++) {
		raw_put(&(struct xsd_sockmsg){ any(32), 1, 0, length[i] },
			16);
		wait_for_error(XENSTORE_ERROR_PROTO);
	}
}

/* Any word of the page becomes anything, at any moment. */
static void tear_ring(void)
{
	char noise[64];

	for (unsigned int i = 0; i < RING_ROUNDS; i++) {
		for (unsigned int k = any(6); k--;) {
			uint32_t *word = (uint32_t *)xs_ring + any(520);
			uint32_t wild = any(1u << 31) << 1;

			WRITE_ONCE(*word, any(3) ? *word + any(64) - 32 :
				   wild);
			event_send(xs_port);
		}
		for (unsigned int k = 0; k < sizeof(noise); k++)
			noise[k] = (char)any(any(2) ? 256 : 26);
		raw_put(noise, any(sizeof(noise) + 1));
		if (any(2))
			WRITE_ONCE(xs_ring->connection, any(3));
		event_send(xs_port);
		if (any(3))
			clock_sleep(any(200) * 1000);
		begin_anew();
	}
}

/* Well-formed nonsense: every request is answered, whatever it asks. */
static void babble(void)
{
	static char text[300];

	for (unsigned int i = 0; i < 400; i++) {
		uint32_t size = any(any(2) ? 20 : sizeof(text));
		uint32_t type = any(30), tx = any(3);

		/* It would make the answers that are missing look right. */
		if (type == XS_WATCH_EVENT)
			type = 0xffffffff;
		for (uint32_t k = 0; k < size; k++)
			text[k] = "/ad0_- @T\0\0\0b"[any(13)];
		CHECK(xs_call(type, tx, text, size) >= -1, "no reply to %u",
		      type);
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} plan[] = {
		{ "directory", fill_directory }, { "arena", fill_arena },
		{ "watches", fill_watches },
		{ "transactions", fill_transactions },
		{ "contend", contend }, { "trespass", trespass },
		{ "paths", bad_paths }, { "states", flip_states },
		{ "deaf", be_deaf }, { "pipeline", pipeline },
		{ "storm", storm },
		{ "indices", bad_indices }, { "tear", tear_ring },
		{ "babble", babble },
	};

	state = boot_number("seed", 1);
	kprintf("seed %lu\n", state);
	if (!CHECK(xs_init(5 * SECOND), "no store"))
		test_end();
	CHECK_EQ(xs_watch(XS_WATCH, PHASE, "p"), 3);
	while (xs_read(0, PHASE) < 0)
		if (!CHECK(xs_event(5 * SECOND), "no good client"))
			test_end();
	for (unsigned int i = 0; i < sizeof(plan) / sizeof(*plan); i++) {
		phase(plan[i].name);
		plan[i].run();
	}
	phase("litter");
	CHECK_EQ(xs_write(0, LITTER, "of evil"), 3);
	CHECK_EQ(xs_write(0, LITTER "/more/of/it", "x"), 3);
	for (unsigned int i = 0; i < TRANSACTIONS; i++)
		CHECK_EQ(xs_write(start(), LITTER "/never", "x"), 3);
	CHECK_EQ(xs_watch(XS_WATCH, PHASE, "p"), 3);
	CHECK_EQ(xs_write(0, PHASE, "end"), 3);
	while (xs_read(0, PHASE) != 4 || strcmp(xs_reply, "seen"))
		if (!CHECK(xs_event(5 * SECOND), "good does not answer"))
			break;
	/* Ends in the middle of a request. */
	raw_put(&(struct xsd_sockmsg){ XS_WRITE, 1, 1, 100 }, 16);
	test_end();
}
