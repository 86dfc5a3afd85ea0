/* SPDX-License-Identifier: MIT */
/*
 * The ring: bytes in any portions, wrapped anywhere, and hostile indices.
 */
#include "rig.h"
#include <string.h>

static int setup(void **state)
{
	*state = rig_open(&rig_client);
	return 0;
}

static int teardown(void **state)
{
	rig_close(*state);
	return 0;
}

static void request_may_come_byte_by_byte(void **state)
{
	static const char path[] = "/local/domain/1/name";
	struct rig *r = *state;
	struct xsd_sockmsg h = { XS_READ, 7, 0, sizeof(path) };
	uint8_t whole[16 + sizeof(path)];

	memcpy(whole, &h, 16);
	memcpy(whole + 16, path, sizeof(path));
	for (unsigned int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(whole); i++) {
			assert_false(rig_take(r, 1));
			rig_put(r, 1, whole + i, 1);
			rig_settle(r);
		}
		r->guest[1].req_id = 7;
		assert_true(rig_take(r, 1));
		assert_string_equal(r->guest[1].reply, "client");
	}
}

static void largest_message_passes_the_small_ring(void **state)
{
	struct rig *r = *state;
	char path[3000] = "data/", value[1100];

	memset(path + 5, 'p', 2000);
	memset(value, 'v', sizeof(value));
	value[1099] = '\0';
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(rig_write(r, 1, 0, path, value), STORE_OK);
		rig_expect_value(r, 1, 0, path, value);
	}
	/* 4096 bytes of payload are the limit, exactly. */
	static char whole[4096] = "data/big";

	memset(whole + 9, 'x', sizeof(whole) - 9);
	assert_int_equal(rig_call(r, 1, XS_WRITE, 0, whole, 4096),
			 STORE_ENOSPC);
}

static void indices_may_wrap(void **state)
{
	struct rig *r = *state;
	struct guest *g = &r->guest[1];

	rig_gone(r, 1);
	rig_settle(r);
	memset(g->ring, 0, 4096);
	g->ring->req_prod = g->ring->req_cons = 0xffffff00u;
	g->ring->rsp_prod = g->ring->rsp_cons = 0xfffffff0u;
	g->ring->connection = XENSTORE_RECONNECT;
	client_connect(r->s, 1, g->ring);
	g->req_prod = 0xffffff00u;
	g->rsp_cons = 0xfffffff0u;
	for (unsigned int i = 0; i < 50; i++)
		rig_expect_value(r, 1, 0, "name", "client");
	assert_true(g->req_prod < 0x80000000u);
	assert_true(g->rsp_cons < 0x80000000u);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct rig *r = *state;
	struct guest *g = &r->guest[1];

	for (uint32_t i = 0; i < 40; i++) {
		struct xsd_sockmsg h = { XS_READ, i, 0, 5 };

		assert_int_equal(rig_put(r, 1, &h, 16), 16);
		assert_int_equal(rig_put(r, 1, "name", 5), 5);
	}
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t prod, rounds = 0;

		g->req_id = i;
		for (;;) {
			prod = g->ring->rsp_prod;
			if (prod - g->rsp_cons >= 22)
				break;
			assert_true(++rounds < 10);
			rig_round(r);
		}
		g->ring->rsp_prod = g->rsp_cons + 22;
		assert_true(rig_take(r, 1));
		g->ring->rsp_prod = prod;
		assert_string_equal(g->reply, "client");
	}
}

/* Each kind of damage ends the service, says why, and is repaired. */
static void expect_broken(struct rig *r, uint32_t error)
{
	struct guest *g = &r->guest[1];
	uint32_t cons;

	rig_settle(r);
	assert_int_equal(g->ring->error, error);
	cons = g->ring->req_cons;
	g->ring->req_prod = cons + 16;
	rig_settle(r);
	assert_int_equal(g->ring->req_cons, cons);
	assert_int_equal(store_client(r->s, 1)->watch_count, 0);
	/* The others go on. */
	rig_expect_value(r, 2, 0, "name", "client");
	g->ring->connection = XENSTORE_RECONNECT;
	rig_settle(r);
	assert_int_equal(g->ring->connection, XENSTORE_CONNECTED);
	assert_int_equal(g->ring->error, XENSTORE_ERROR_NONE);
	g->req_prod = g->ring->req_cons;
	g->rsp_cons = g->ring->rsp_prod;
	g->have = 0;
	rig_expect_value(r, 1, 0, "name", "client");
}

static void bad_indices_end_the_service(void **state)
{
	static const uint32_t distance[] = { 1025, 2048, 0x80000000u,
					     0xffffffffu };
	struct rig *r = *state;
	struct guest *g = &r->guest[1];

	for (size_t i = 0; i < sizeof(distance) / 4; i++) {
		rig_watch(r, 1, XS_WATCH, "data", "t");
		rig_start(r, 1);
		g->ring->req_prod = g->ring->req_cons + distance[i];
		expect_broken(r, XENSTORE_ERROR_RINGIDX);
		/* A reply that has nowhere to go. */
		g->ring->rsp_cons = g->ring->rsp_prod + distance[i];
		if (g->ring->rsp_prod - g->ring->rsp_cons <= 1024)
			g->ring->rsp_cons = g->ring->rsp_prod + 1;
		rig_put(r, 1, &(struct xsd_sockmsg){ XS_READ, 1, 0, 0 }, 16);
		expect_broken(r, XENSTORE_ERROR_RINGIDX);
	}
}

static void overlong_payload_ends_the_service(void **state)
{
	static const uint32_t length[] = { 4097, 65536, 0xffffffffu };
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(length) / 4; i++) {
		rig_put(r, 1, &(struct xsd_sockmsg){ XS_READ, 1, 0,
						     length[i] }, 16);
		expect_broken(r, XENSTORE_ERROR_PROTO);
	}
}

/* The indices that the store writes are not read back. */
static void own_indices_are_not_believed(void **state)
{
	struct rig *r = *state;
	struct guest *g = &r->guest[1];

	rig_expect_value(r, 1, 0, "name", "client");
	uint32_t cons = g->ring->req_cons, prod = g->ring->rsp_prod;

	g->ring->req_cons = 0x12345678;
	g->ring->rsp_prod = 0x87654321;
	rig_settle(r);
	/* The guest puts by its own count, too. */
	g->ring->req_cons = cons;
	rig_put(r, 1, &(struct xsd_sockmsg){ XS_READ, 9, 0, 5 }, 16);
	rig_put(r, 1, "name", 5);
	g->ring->req_cons = 0x12345678;
	rig_settle(r);
	assert_int_equal(g->ring->req_cons, cons + 21);
	assert_int_equal(g->ring->rsp_prod, prod + 22);
	g->req_id = 9;
	assert_true(rig_take(r, 1));
}

static void reconnect_begins_anew(void **state)
{
	struct rig *r = *state;
	struct guest *g = &r->guest[1];
	uint32_t tx = rig_start(r, 1);

	rig_watch(r, 1, XS_WATCH, "data", "t");
	/* Half a request and a reply that was not taken. */
	rig_put(r, 1, &(struct xsd_sockmsg){ XS_READ, 1, 0, 5 }, 16);
	rig_put(r, 1, "name", 5);
	rig_put(r, 1, &(struct xsd_sockmsg){ XS_READ, 1, 0, 5 }, 9);
	rig_settle(r);
	g->ring->connection = XENSTORE_RECONNECT;
	rig_settle(r);
	assert_int_equal(g->ring->connection, XENSTORE_CONNECTED);
	assert_int_equal(g->ring->req_prod, g->ring->req_cons);
	assert_int_equal(g->ring->rsp_prod, g->ring->rsp_cons);
	g->req_prod = g->ring->req_prod;
	g->rsp_cons = g->ring->rsp_prod;
	g->have = 0;
	g->event_taken = g->event_count;
	rig_expect_value(r, 1, 0, "name", "client");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_ENOENT);
	rig_write(r, 1, 0, "data", "x");
	rig_expect_no_event(r, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(request_may_come_byte_by_byte),
		T(largest_message_passes_the_small_ring),
		T(indices_may_wrap),
		T(pipelined_requests_are_answered_in_order),
		T(bad_indices_end_the_service),
		T(overlong_payload_ends_the_service),
		T(own_indices_are_not_believed),
		T(reconnect_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
