/* SPDX-License-Identifier: MIT */
/*
 * Quotas: what each limit answers, that reaching it costs nobody else
 * anything, and that everything comes back.
 */
#include "rig.h"
#include "cell.h"
#include "transaction.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct image_client small = {
	.arena_kib = 32, .nodes = 60, .watches = 20, .events = 30,
	.transactions = 3, .shadows = 16
};

static int setup(void **state)
{
	*state = rig_open(&small);
	return 0;
}

static int teardown(void **state)
{
	rig_close(*state);
	return 0;
}

/* What a client has left, and what the others have. */
struct levels {
	uint32_t cells[RIG_CLIENTS + 1], nodes[RIG_CLIENTS + 1];
};

static struct levels levels(struct rig *r)
{
	struct levels l = { 0 };

	for (uint32_t i = 1; i <= RIG_CLIENTS; i++) {
		struct client *c = store_client(r->s, i);

		l.cells[i] = c->cell_free_count + c->cell_first +
			     c->cell_count - c->cell_fresh;
		l.nodes[i] = c->node_count;
	}
	return l;
}

static void nodes_have_a_limit(void **state)
{
	struct rig *r = *state;
	struct levels before = levels(r);
	unsigned int made = 0;
	char path[64];
	enum store_error error;

	do {
		snprintf(path, sizeof(path), "data/n%u", made);
		error = rig_write(r, 1, 0, path, "");
	} while (!error && ++made < 1000);
	assert_int_equal(error, STORE_ENOSPC);
	assert_int_equal(store_client(r->s, 1)->node_count, 60);
	/* A path of several is made whole or not at all. */
	rig_path(r, 1, XS_RM, 0, "data/n0");
	rig_path(r, 1, XS_RM, 0, "data/n1");
	assert_int_equal(rig_write(r, 1, 0, "data/x/y/z", ""), STORE_ENOSPC);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/x"), STORE_ENOENT);
	assert_int_equal(rig_write(r, 1, 0, "data/x/y", ""), STORE_OK);
	/* Existing ones can still be written; others see no difference. */
	assert_int_equal(rig_write(r, 1, 0, "data/n2", "v"), STORE_OK);
	assert_int_equal(rig_write(r, 2, 0, "data/a/b/c", "v"), STORE_OK);
	rig_path(r, 2, XS_RM, 0, "data/a");
	rig_path(r, 1, XS_RM, 0, "data");
	rig_settle(r);
	assert_int_equal(levels(r).nodes[1], before.nodes[1] - 1);
	assert_int_equal(levels(r).cells[1], before.cells[1] + 1);
	assert_int_equal(levels(r).cells[2], before.cells[2]);
}

static void arena_has_a_limit(void **state)
{
	struct rig *r = *state;
	struct levels before = levels(r);
	char path[64], value[1001];
	enum store_error error;
	unsigned int made = 0;

	memset(value, 'v', 1000);
	value[1000] = '\0';
	do {
		snprintf(path, sizeof(path), "data/n%u", made);
		error = rig_write(r, 1, 0, path, value);
	} while (!error && ++made < 1000);
	assert_int_equal(error, STORE_ENOSPC);
	assert_true(made > 15 && made < 60);
	rig_expect_value(r, 1, 0, "data/n3", value);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_ENOENT);
	/* A longer value that does not fit leaves the old one. */
	snprintf(path, sizeof(path), "data/s");
	while (!rig_write(r, 1, 0, path, "short") && strlen(path) < 60)
		strcat(path, "s");
	snprintf(path, sizeof(path), "data/s");
	assert_int_equal(rig_write(r, 1, 0, path, value), STORE_ENOSPC);
	rig_expect_value(r, 1, 0, path, "short");
	assert_int_equal(levels(r).cells[2], before.cells[2]);
	assert_int_equal(levels(r).cells[3], before.cells[3]);
	rig_audit(r);
	/* Watches and transactions have the same memory. */
	do
		snprintf(path, sizeof(path), "data/last%u", made++);
	while (!rig_path(r, 1, XS_MKDIR, 0, path));
	assert_true(store_client(r->s, 1)->node_count < 60);
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data/a-path-that-is-long",
				   "and-a-token-that-is-too-and-then-it-"
				   "needs-two-cells-of-the-arena"),
			 STORE_E2BIG);
	assert_int_equal(rig_path(r, 1, XS_TRANSACTION_START, 0, ""),
			 STORE_ENOSPC);
	/* Events have their own. */
	assert_true(cell_left(r->s, 1, CELL_RESERVED) >= 32);
}

static void watches_have_a_limit(void **state)
{
	struct rig *r = *state;
	struct levels before = levels(r);
	char token[16];

	for (unsigned int i = 0; i < 20; i++) {
		snprintf(token, sizeof(token), "%u", i);
		assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", token),
				 STORE_OK);
	}
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", "x"),
			 STORE_E2BIG);
	assert_int_equal(rig_watch(r, 2, XS_WATCH, "data", "x"), STORE_OK);
	assert_int_equal(rig_watch(r, 1, XS_UNWATCH, "data", "7"), STORE_OK);
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", "x"), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_RESET_WATCHES, 0, ""), STORE_OK);
	assert_int_equal(levels(r).cells[1], before.cells[1]);
}

static void transactions_have_limits(void **state)
{
	struct rig *r = *state;
	struct levels before = levels(r);
	uint32_t tx[3];
	char path[64];
	enum store_error error;
	unsigned int made = 0;

	for (unsigned int i = 0; i < 3; i++)
		tx[i] = rig_start(r, 1);
	assert_int_equal(rig_path(r, 1, XS_TRANSACTION_START, 0, ""),
			 STORE_ENOSPC);
	assert_int_equal(rig_path(r, 2, XS_TRANSACTION_START, 0, ""),
			 STORE_OK);
	rig_end(r, 2, 1, false);
	/* Endless reading is touching, too. */
	do {
		snprintf(path, sizeof(path), "data/n%u", made);
		error = rig_path(r, 1, XS_READ, tx[0], path);
	} while (error == STORE_ENOENT && ++made < 100);
	assert_int_equal(error, STORE_ENOSPC);
	assert_true(made > 5 && made < 16);
	/* What it could not touch it does not see half made. */
	assert_int_equal(rig_write(r, 1, tx[0], "data/p/q", "x"),
			 STORE_ENOSPC);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(rig_end(r, 1, tx[i], true), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/p"), STORE_ENOENT);
	rig_settle(r);
	assert_int_equal(levels(r).cells[1], before.cells[1]);
	assert_int_equal(levels(r).nodes[1], before.nodes[1]);
}

static void nodes_in_transactions_count(void **state)
{
	struct rig *r = *state;
	uint32_t free_nodes = 60 - store_client(r->s, 1)->node_count, tx;
	char path[64];

	for (uint32_t i = 0; i < free_nodes - 2; i++) {
		snprintf(path, sizeof(path), "data/n%u", i);
		assert_int_equal(rig_write(r, 1, 0, path, ""), STORE_OK);
	}
	tx = rig_start(r, 1);
	assert_int_equal(rig_write(r, 1, tx, "data/a", ""), STORE_OK);
	assert_int_equal(rig_write(r, 1, tx, "data/b", ""), STORE_OK);
	assert_int_equal(rig_write(r, 1, tx, "data/c", ""), STORE_ENOSPC);
	assert_int_equal(rig_write(r, 1, 0, "data/c", ""), STORE_ENOSPC);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/b"), STORE_OK);
	assert_int_equal(store_client(r->s, 1)->node_count, 60);
}

/* What one writes into another's node is the writer's. */
static void writer_pays_for_values(void **state)
{
	struct rig *r = *state;
	struct levels before = levels(r), after;
	char value[1500];

	memset(value, 'v', sizeof(value));
	value[1499] = '\0';
	rig_perms(r, 1, 0, "data", "w1");
	assert_int_equal(rig_write(r, 2, 0, "/local/domain/1/data", value),
			 STORE_OK);
	after = levels(r);
	assert_int_equal(after.cells[1], before.cells[1]);
	assert_true(after.cells[2] < before.cells[2]);
	assert_int_equal(rig_write(r, 1, 0, "data", "mine"), STORE_OK);
	assert_int_equal(levels(r).cells[2], before.cells[2]);
}

/* One that never reads does not stop the others, and loses nothing. */
static void silent_client_harms_itself(void **state)
{
	struct rig *r = *state;
	struct guest *g = &r->guest[2];

	rig_perms(r, 1, 0, "data", "r1");
	rig_watch(r, 2, XS_WATCH, "/local/domain/1/data", "t");
	rig_expect_event(r, 2, "/local/domain/1/data", "t");
	/* Requests of 2 whose replies it leaves in the ring. */
	for (unsigned int i = 0; i < 40; i++) {
		rig_put(r, 2, &(struct xsd_sockmsg){ XS_READ, 1, 0, 5 }, 16);
		rig_put(r, 2, "name", 5);
		rig_settle(r);
		assert_int_equal(rig_write(r, 1, 0, "data/x", "1"),
				 STORE_OK);
	}
	assert_true(store_client(r->s, 2)->event_count <= 30);
	rig_audit(r);
	/* It wakes up: all requests that went into the ring are answered. */
	g->req_id = 1;
	unsigned int replies = 0;

	for (unsigned int i = 0; i < 2000; i++) {
		while (g->rsp_cons != g->ring->rsp_prod) {
			uint32_t stop = g->rsp_cons + 1;
			uint32_t prod = g->ring->rsp_prod;

			g->ring->rsp_prod = stop;
			replies += rig_take(r, 2);
			g->ring->rsp_prod = prod;
		}
		rig_settle(r);
	}
	assert_true(replies >= 40);
	assert_true(g->event_count > 1);
}

static uint64_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What 1 pays for a write while 2 has that many watches and takes nothing. */
static uint64_t price_of_write(unsigned int watches)
{
	static const struct image_client many = {
		.arena_kib = 512, .nodes = 60, .watches = 256, .events = 512,
		.transactions = 3, .shadows = 16
	};
	struct rig *r = rig_open(&many);
	uint64_t best = UINT64_MAX;
	char token[16];

	for (unsigned int i = 0; i < watches; i++) {
		snprintf(token, sizeof(token), "%u", i);
		assert_int_equal(rig_watch(r, 2, XS_WATCH, "/shared", token),
				 STORE_OK);
	}
	r->guest[2].ring->rsp_cons = r->guest[2].ring->rsp_prod - 1024;
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t begin = cpu_now(), took;

		assert_int_equal(rig_write(r, 1, 0, i & 1 ? "/shared/a" :
					   "/shared/b", ""), STORE_OK);
		took = cpu_now() - begin;
		/* The first two made the events that wait. */
		if (i >= 2 && took < best)
			best = took;
	}
	assert_int_equal(store_client(r->s, 2)->event_count, 2 * watches);
	rig_close(r);
	return best;
}

/* The price grows with the watches, not with watches times events. */
static void events_that_wait_cost_others_nothing(void **state)
{
	uint64_t few = price_of_write(32), many = price_of_write(256);

	(void)state;
	assert_true(many < 12 * few);
}

/* A turn is bounded, whatever is in the ring. */
static void turns_take_turns(void **state)
{
	struct rig *r = *state;
	uint32_t before;

	for (unsigned int i = 0; i < 60; i++)
		rig_put(r, 1, &(struct xsd_sockmsg){ XS_DIRECTORY, 1, 0, 0 },
			16);
	before = r->guest[1].ring->req_cons;
	assert_true(client_turn(r->s, 1, r->guest[1].ring, r->now) &
		    TURN_AGAIN);
	assert_true(r->guest[1].ring->req_cons - before <= 8 * 16);
	/* 2 is served in the very next turn. */
	rig_put(r, 2, &(struct xsd_sockmsg){ XS_READ, 1, 0, 5 }, 16);
	rig_put(r, 2, "name", 5);
	assert_true(client_turn(r->s, 2, r->guest[2].ring, r->now) &
		    TURN_NOTIFY);
	r->guest[2].req_id = 1;
	assert_true(rig_take(r, 2));
}

/* A large subtree goes at once for all to see, but is reclaimed in steps. */
static void removal_is_immediate_and_incremental(void **state)
{
	struct rig *r = *state;
	char path[64];
	unsigned int made = 0;

	do
		snprintf(path, sizeof(path), "data/t/n%u", made++);
	while (!rig_path(r, 1, XS_MKDIR, 0, path));
	rig_put(r, 1, &(struct xsd_sockmsg){ XS_RM, 1, 0, 7 }, 16);
	rig_put(r, 1, "data/t", 7);
	r->guest[1].req_id = 1;
	client_turn(r->s, 1, r->guest[1].ring, r->now);
	assert_true(rig_take(r, 1));
	assert_int_not_equal(r->s->grave, 0);
	rig_audit(r);
	/* At the limit, but making new ones right away works. */
	for (unsigned int i = 0; i < made - 2; i++) {
		snprintf(path, sizeof(path), "data/t/m%u", i);
		assert_int_equal(rig_path(r, 1, XS_MKDIR, 0, path), STORE_OK);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(nodes_have_a_limit),
		T(arena_has_a_limit),
		T(watches_have_a_limit),
		T(transactions_have_limits),
		T(nodes_in_transactions_count),
		T(writer_pays_for_values),
		T(silent_client_harms_itself),
		T(events_that_wait_cost_others_nothing),
		T(turns_take_turns),
		T(removal_is_immediate_and_incremental),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
