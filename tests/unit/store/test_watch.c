/* SPDX-License-Identifier: MIT */
/*
 * Watches: what fires, for whom, in which form, and what does not.
 */
#include "rig.h"
#include <stdio.h>
#include <string.h>

#define FRONT	"/local/domain/1/device/vif/0"

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

static void watch_fires_at_once(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", "t1"), STORE_OK);
	rig_expect(r, 1, TEXT("OK\0"));
	rig_expect_event(r, 1, "data", "t1");
	/* Even where there is nothing, and where one may not look. */
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "/no/such", "t2"),
			 STORE_OK);
	rig_expect_event(r, 1, "/no/such", "t2");
	assert_int_equal(rig_watch(r, 3, XS_WATCH, "/secret", "t3"),
			 STORE_OK);
	rig_expect_event(r, 3, "/secret", "t3");
}

static void event_has_the_form_of_its_watch(void **state)
{
	struct rig *r = *state;

	rig_watch(r, 1, XS_WATCH, "data", "rel");
	rig_watch(r, 1, XS_WATCH, "/local/domain/1/data", "abs");
	rig_expect_event(r, 1, "data", "rel");
	rig_expect_event(r, 1, "/local/domain/1/data", "abs");
	rig_write(r, 1, 0, "/local/domain/1/data/x/y", "1");
	rig_settle(r);
	rig_take(r, 1);
	struct guest *g = &r->guest[1];

	assert_int_equal(g->event_count - g->event_taken, 2);
	for (unsigned int i = g->event_taken; i < g->event_count; i++) {
		bool rel = !strcmp(g->event[i].token, "rel");

		assert_string_equal(g->event[i].path,
				    rel ? "data/x/y" :
					  "/local/domain/1/data/x/y");
	}
	g->event_taken = g->event_count;
}

static void node_and_descendants_fire(void **state)
{
	struct rig *r = *state;

	rig_write(r, 1, 0, "data/a/b", "1");
	rig_watch(r, 1, XS_WATCH, "data/a", "t");
	rig_expect_event(r, 1, "data/a", "t");
	rig_write(r, 1, 0, "data/a", "1");
	rig_expect_event(r, 1, "data/a", "t");
	rig_write(r, 1, 0, "data/a/b", "2");
	rig_expect_event(r, 1, "data/a/b", "t");
	rig_path(r, 1, XS_MKDIR, 0, "data/a/c");
	rig_expect_event(r, 1, "data/a/c", "t");
	rig_perms(r, 1, 0, "data/a/c", "r1");
	rig_expect_event(r, 1, "data/a/c", "t");
	rig_path(r, 1, XS_RM, 0, "data/a/c");
	rig_expect_event(r, 1, "data/a/c", "t");
	/* Not: the parent, a neighbour with the same beginning, a reader. */
	rig_write(r, 1, 0, "data", "x");
	rig_write(r, 1, 0, "data/ab", "x");
	rig_path(r, 1, XS_READ, 0, "data/a");
	rig_path(r, 1, XS_MKDIR, 0, "data/a");
	rig_path(r, 1, XS_RM, 0, "data/a/none");
	rig_expect_no_event(r, 1);
}

static void removal_above_fires_with_the_watchs_path(void **state)
{
	struct rig *r = *state;

	rig_write(r, 1, 0, "data/a/b/c", "1");
	rig_watch(r, 1, XS_WATCH, "data/a/b/c", "deep");
	rig_watch(r, 1, XS_WATCH, "data/a/none", "none");
	rig_expect_event(r, 1, "data/a/b/c", "deep");
	rig_expect_event(r, 1, "data/a/none", "none");
	rig_path(r, 1, XS_RM, 0, "data/a");
	rig_expect_event(r, 1, "data/a/b/c", "deep");
	rig_expect_no_event(r, 1);
}

static void other_end_hears(void **state)
{
	struct rig *r = *state;

	rig_watch(r, 2, XS_WATCH, FRONT "/state", "fe");
	rig_watch(r, 3, XS_WATCH, FRONT "/state", "spy");
	rig_expect_event(r, 2, FRONT "/state", "fe");
	rig_expect_event(r, 3, FRONT "/state", "spy");
	rig_write(r, 1, 0, "device/vif/0/state", "3");
	rig_expect_event(r, 2, FRONT "/state", "fe");
	rig_expect_no_event(r, 3);
	rig_write(r, 1, 0, "data/private", "3");
	rig_watch(r, 2, XS_WATCH, "/local/domain/1", "all");
	rig_expect_event(r, 2, "/local/domain/1", "all");
	rig_write(r, 1, 0, "data/private", "4");
	rig_expect_no_event(r, 2);
	rig_write(r, 1, 0, "device/vif/0/state", "4");
	rig_expect_event(r, 2, FRONT "/state", "all");
	rig_expect_event(r, 2, FRONT "/state", "fe");
}

static void lost_permission_is_heard_once(void **state)
{
	struct rig *r = *state;

	rig_perms(r, 1, 0, "data", "r1");
	rig_watch(r, 3, XS_WATCH, "/local/domain/1/data", "t");
	rig_expect_event(r, 3, "/local/domain/1/data", "t");
	rig_perms(r, 1, 0, "data", "n1");
	rig_expect_event(r, 3, "/local/domain/1/data", "t");
	rig_write(r, 1, 0, "data", "secret");
	rig_expect_no_event(r, 3);
}

static void transaction_fires_at_its_end_only(void **state)
{
	struct rig *r = *state;
	uint32_t tx;

	rig_watch(r, 2, XS_WATCH, FRONT, "t");
	rig_expect_event(r, 2, FRONT, "t");
	tx = rig_start(r, 1);
	rig_write(r, 1, tx, "device/vif/0/ring-ref", "8");
	rig_write(r, 1, tx, "device/vif/0/state", "3");
	rig_expect_no_event(r, 2);
	rig_end(r, 1, tx, false);
	rig_expect_no_event(r, 2);
	tx = rig_start(r, 1);
	rig_write(r, 1, tx, "device/vif/0/ring-ref", "8");
	rig_write(r, 1, tx, "device/vif/0/state", "3");
	rig_end(r, 1, tx, true);
	rig_expect_event(r, 2, FRONT "/ring-ref", "t");
	rig_expect_event(r, 2, FRONT "/state", "t");
	rig_expect_no_event(r, 2);
}

static void duplicates_and_strangers_are_refused(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", "t"), STORE_OK);
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", "t"),
			 STORE_EEXIST);
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "/local/domain/1/data",
				   "t"), STORE_EEXIST);
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", "u"), STORE_OK);
	assert_int_equal(rig_watch(r, 2, XS_UNWATCH, "/local/domain/1/data",
				   "t"), STORE_ENOENT);
	assert_int_equal(rig_watch(r, 1, XS_UNWATCH, "data", "v"),
			 STORE_ENOENT);
	assert_int_equal(rig_watch(r, 1, XS_UNWATCH, "data", "t"), STORE_OK);
	assert_int_equal(rig_watch(r, 1, XS_UNWATCH, "data", "t"),
			 STORE_ENOENT);
	rig_take(r, 1);
	r->guest[1].event_taken = r->guest[1].event_count;
	rig_write(r, 1, 0, "data", "x");
	rig_expect_event(r, 1, "data", "u");
	rig_expect_no_event(r, 1);
}

static void reset_drops_watches_and_transactions(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);
	char token[16];

	for (unsigned int i = 0; i < 120; i++) {
		snprintf(token, sizeof(token), "%u", i);
		assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", token),
				 STORE_OK);
	}
	rig_watch(r, 2, XS_WATCH, "data", "other");
	assert_int_equal(rig_path(r, 1, XS_RESET_WATCHES, 0, ""), STORE_OK);
	rig_expect(r, 1, TEXT("OK\0"));
	assert_int_equal(store_client(r->s, 1)->watch_count, 0);
	assert_int_equal(store_client(r->s, 2)->watch_count, 1);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_ENOENT);
	rig_take(r, 1);
	r->guest[1].event_taken = r->guest[1].event_count;
	rig_write(r, 1, 0, "data", "x");
	rig_expect_no_event(r, 1);
}

static void long_tokens_and_paths_arrive(void **state)
{
	struct rig *r = *state;
	char path[1200] = "data/", token[1024];

	memset(path + 5, 'p', 1000);
	memset(token, 't', sizeof(token));
	token[1022] = '\0';
	assert_int_equal(rig_watch(r, 1, XS_WATCH, path, token), STORE_OK);
	rig_expect_event(r, 1, path, token);
	token[1022] = 't';
	token[1023] = '\0';
	assert_int_equal(rig_watch(r, 1, XS_WATCH, path, token), STORE_E2BIG);
	token[1022] = '\0';
	rig_write(r, 1, 0, path, "x");
	rig_expect_event(r, 1, path, token);
	assert_int_equal(rig_watch(r, 1, XS_UNWATCH, path, token), STORE_OK);
}

static void special_watches_need_permission(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_watch(r, 2, XS_WATCH, "@releaseDomain", "t"),
			 STORE_OK);
	rig_expect_event(r, 2, "@releaseDomain", "t");
	rig_gone(r, 1);
	rig_settle(r);
	rig_expect_no_event(r, 2);
	rig_connect(r, 1);
	/* As an image would: everybody may know. */
	struct node *n = store_node(r->s, store_node(r->s, r->s->special)
						  ->child_last);

	assert_string_equal((char *)n->bytes, "@releaseDomain");
	n->perm[0] = PERM(0, 1);
	rig_gone(r, 1);
	rig_expect_event(r, 2, "@releaseDomain", "t");
}

static void identical_events_wait_once(void **state)
{
	struct rig *r = *state;

	rig_watch(r, 2, XS_WATCH, FRONT, "t");
	rig_expect_event(r, 2, FRONT, "t");
	/* 2 does not read its ring for a while. */
	for (unsigned int i = 0; i < 200; i++)
		rig_write(r, 1, 0, "device/vif/0/state", i & 1 ? "3" : "4");
	assert_true(store_client(r->s, 2)->event_count <= 1);
	rig_settle(r);
	while (r->guest[2].rsp_cons != r->guest[2].ring->rsp_prod) {
		rig_take(r, 2);
		rig_settle(r);
	}
	assert_true(r->guest[2].event_count >= 2);
	assert_true(r->guest[2].event_count < 30);
}

/* More events than a client that does not read has room for. */
static void lost_events_become_the_watchs_own(void **state)
{
	struct rig *r = *state;
	struct guest *g = &r->guest[2];
	char path[64];
	bool last = false;

	rig_watch(r, 2, XS_WATCH, FRONT, "t");
	rig_expect_event(r, 2, FRONT, "t");
	for (unsigned int i = 0; i < 400; i++) {
		snprintf(path, sizeof(path), "device/vif/0/key-%u", i);
		assert_int_equal(rig_write(r, 1, 0, path, "x"), STORE_OK);
	}
	assert_int_equal(store_client(r->s, 2)->lost_count, 1);
	rig_audit(r);
	for (unsigned int i = 0; i < 1000; i++) {
		rig_settle(r);
		rig_take(r, 2);
		while (g->event_taken < g->event_count) {
			const struct rig_event *e =
				&g->event[g->event_taken++ % RIG_EVENTS];

			last = !strcmp(e->path, FRONT);
		}
	}
	assert_true(last);
	assert_true(g->event_count > 256);
	assert_int_equal(store_client(r->s, 2)->lost_count, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(watch_fires_at_once),
		T(event_has_the_form_of_its_watch),
		T(node_and_descendants_fire),
		T(removal_above_fires_with_the_watchs_path),
		T(other_end_hears),
		T(lost_permission_is_heard_once),
		T(transaction_fires_at_its_end_only),
		T(duplicates_and_strangers_are_refused),
		T(reset_drops_watches_and_transactions),
		T(long_tokens_and_paths_arrive),
		T(special_watches_need_permission),
		T(identical_events_wait_once),
		T(lost_events_become_the_watchs_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
