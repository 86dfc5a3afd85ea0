/* SPDX-License-Identifier: MIT */
/*
 * Transactions: isolation, conflicts, and what an end does.
 */
#include "rig.h"
#include "transaction.h"
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

static void commit_shows_all_at_once(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);

	assert_int_not_equal(tx, 0);
	rig_write(r, 1, tx, "data/a", "1");
	rig_write(r, 1, tx, "data/b/c", "2");
	rig_expect_value(r, 1, tx, "data/b/c", "2");
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/a"), STORE_ENOENT);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	rig_expect_value(r, 1, 0, "data/a", "1");
	rig_expect_value(r, 1, 0, "data/b", "");
	rig_expect_value(r, 1, 0, "data/b/c", "2");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_ENOENT);
}

static void abort_shows_nothing(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);
	uint32_t used = store_client(r->s, 1)->node_count;

	rig_write(r, 1, tx, "data/a", "1");
	assert_int_equal(rig_end(r, 1, tx, false), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/a"), STORE_ENOENT);
	assert_int_equal(store_client(r->s, 1)->node_count, used);
}

static void change_of_what_was_read_conflicts(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);

	rig_expect_value(r, 1, tx, "/shared", "");
	rig_write(r, 1, tx, "data/a", "1");
	assert_int_equal(rig_write(r, 2, 0, "/shared", "x"), STORE_OK);
	/* Repeatable until the end. */
	rig_expect_value(r, 1, tx, "/shared", "");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/a"), STORE_ENOENT);
	/* The failed one is over. */
	assert_int_equal(rig_end(r, 1, tx, true), STORE_ENOENT);
	tx = rig_start(r, 1);
	rig_expect_value(r, 1, tx, "/shared", "x");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
}

static void change_of_something_else_does_not(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);

	rig_write(r, 1, tx, "data/a", "1");
	assert_int_equal(rig_write(r, 1, 0, "data/b", "2"), STORE_OK);
	assert_int_equal(rig_write(r, 2, 0, "/shared", "x"), STORE_OK);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	rig_expect_value(r, 1, 0, "data/a", "1");
	rig_expect_value(r, 1, 0, "data/b", "2");
}

static void same_value_written_is_a_change(void **state)
{
	struct rig *r = *state;
	uint32_t tx;

	rig_write(r, 1, 0, "/shared", "x");
	tx = rig_start(r, 1);
	rig_expect_value(r, 1, tx, "/shared", "x");
	rig_write(r, 2, 0, "/shared", "y");
	rig_write(r, 2, 0, "/shared", "x");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
}

static void written_by_two_conflicts(void **state)
{
	struct rig *r = *state;
	uint32_t a = rig_start(r, 1), b = rig_start(r, 2);

	rig_write(r, 1, a, "/shared", "a");
	rig_write(r, 2, b, "/shared", "b");
	assert_int_equal(rig_end(r, 2, b, true), STORE_OK);
	assert_int_equal(rig_end(r, 1, a, true), STORE_EAGAIN);
	rig_expect_value(r, 1, 0, "/shared", "b");
}

static void appearance_of_what_was_missed_conflicts(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);

	assert_int_equal(rig_path(r, 1, XS_READ, tx, "/shared/k"),
			 STORE_ENOENT);
	rig_write(r, 2, 0, "/shared/k", "now");
	assert_int_equal(rig_path(r, 1, XS_READ, tx, "/shared/k"),
			 STORE_ENOENT);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
	/* Made by both: the second loses. */
	tx = rig_start(r, 1);
	rig_write(r, 1, tx, "/shared/m", "1");
	rig_write(r, 2, 0, "/shared/m", "2");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
}

static void removal_of_what_was_touched_conflicts(void **state)
{
	struct rig *r = *state;
	uint32_t tx;

	rig_write(r, 1, 0, "data/a/b", "1");
	tx = rig_start(r, 1);
	rig_write(r, 1, tx, "data/a/b", "2");
	rig_path(r, 1, XS_RM, 0, "data/a");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
	rig_write(r, 1, 0, "data/a", "");
	tx = rig_start(r, 1);
	rig_write(r, 1, tx, "data/a/new", "2");
	rig_path(r, 1, XS_RM, 0, "data/a");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/a"), STORE_ENOENT);
}

static void new_child_conflicts_with_a_listing_only(void **state)
{
	struct rig *r = *state;
	uint32_t listed = rig_start(r, 1), read = rig_start(r, 1);

	rig_path(r, 1, XS_DIRECTORY, listed, "data");
	rig_expect_value(r, 1, read, "data", "");
	rig_write(r, 1, read, "data/x", "");
	rig_write(r, 1, 0, "data/y", "");
	assert_int_equal(rig_end(r, 1, listed, true), STORE_EAGAIN);
	assert_int_equal(rig_end(r, 1, read, true), STORE_OK);
}

static void directory_merges(void **state)
{
	struct rig *r = *state;
	uint32_t tx;

	rig_write(r, 1, 0, "data/a", "");
	rig_write(r, 1, 0, "data/b/x", "");
	rig_write(r, 1, 0, "data/c", "");
	tx = rig_start(r, 1);
	rig_path(r, 1, XS_RM, tx, "data/b");
	rig_write(r, 1, tx, "data/d", "");
	rig_write(r, 1, tx, "data/a", "touched");
	rig_path(r, 1, XS_READ, tx, "data/e");
	rig_path(r, 1, XS_DIRECTORY, tx, "data");
	rig_expect(r, 1, TEXT("a\0c\0d\0"));
	rig_path(r, 1, XS_DIRECTORY, 0, "data");
	rig_expect(r, 1, TEXT("a\0b\0c\0"));
	/* Made again, it is empty. */
	rig_path(r, 1, XS_MKDIR, tx, "data/b");
	rig_path(r, 1, XS_DIRECTORY, tx, "data/b");
	rig_expect(r, 1, TEXT(""));
	assert_int_equal(rig_path(r, 1, XS_READ, tx, "data/b/x"),
			 STORE_ENOENT);
	rig_write(r, 1, tx, "data/b/y", "");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	rig_path(r, 1, XS_DIRECTORY, 0, "data/b");
	rig_expect(r, 1, TEXT("y\0"));
	rig_path(r, 1, XS_DIRECTORY, 0, "data");
	rig_expect(r, 1, TEXT("a\0c\0b\0d\0"));
}

static void removed_subtree_is_gone_inside_at_once(void **state)
{
	struct rig *r = *state;
	uint32_t tx;

	rig_write(r, 1, 0, "data/a/b/c", "deep");
	tx = rig_start(r, 1);
	rig_expect_value(r, 1, tx, "data/a/b/c", "deep");
	rig_write(r, 1, tx, "data/a/b/d", "new");
	assert_int_equal(rig_path(r, 1, XS_RM, tx, "data/a"), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_READ, tx, "data/a/b/c"),
			 STORE_ENOENT);
	assert_int_equal(rig_path(r, 1, XS_RM, tx, "data/a"), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_RM, tx, "data/a/b"), STORE_ENOENT);
	rig_write(r, 1, tx, "data/a/b/c", "again");
	rig_expect_value(r, 1, tx, "data/a/b/c", "again");
	assert_int_equal(rig_path(r, 1, XS_READ, tx, "data/a/b/d"),
			 STORE_ENOENT);
	rig_expect_value(r, 1, 0, "data/a/b/c", "deep");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	rig_expect_value(r, 1, 0, "data/a/b/c", "again");
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/a/b/d"),
			 STORE_ENOENT);
}

static void permissions_change_at_the_end(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);

	assert_int_equal(rig_perms(r, 1, tx, "data", "r1"), STORE_OK);
	rig_path(r, 1, XS_GET_PERMS, tx, "data");
	rig_expect(r, 1, TEXT("r1\0"));
	assert_int_equal(rig_path(r, 2, XS_READ, 0, "/local/domain/1/data"),
			 STORE_EACCES);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	assert_int_equal(rig_path(r, 2, XS_READ, 0, "/local/domain/1/data"),
			 STORE_OK);
}

static void ids_are_the_clients_own(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);

	assert_int_equal(rig_path(r, 2, XS_READ, tx, "data"), STORE_ENOENT);
	assert_int_equal(rig_end(r, 2, tx, true), STORE_ENOENT);
	assert_int_equal(rig_path(r, 1, XS_TRANSACTION_START, tx, ""),
			 STORE_EBUSY);
	/* WATCH takes no notice of an id. */
	assert_int_equal(rig_call(r, 1, XS_WATCH, 999, TEXT("data\0t\0")),
			 STORE_OK);
	assert_int_equal(rig_end(r, 1, tx, false), STORE_OK);
}

static void long_values_and_names_survive_a_commit(void **state)
{
	struct rig *r = *state;
	char path[200] = "data/", value[1500], other[1500];
	uint32_t tx;

	memset(path + 5, 'p', 150);
	memset(value, 'v', sizeof(value) - 1);
	memset(other, 'w', sizeof(other) - 1);
	value[sizeof(value) - 1] = other[sizeof(other) - 1] = '\0';
	tx = rig_start(r, 1);
	rig_write(r, 1, tx, path, value);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	rig_expect_value(r, 1, 0, path, value);
	tx = rig_start(r, 1);
	rig_write(r, 1, tx, path, other);
	rig_write(r, 1, tx, path, "short");
	rig_write(r, 1, tx, path, other);
	rig_expect_value(r, 1, 0, path, value);
	assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
	rig_expect_value(r, 1, 0, path, other);
}

/* Another client keeps changing what the transaction reads. */
static void victim_of_a_busy_writer_gets_its_turn(void **state)
{
	struct rig *r = *state;
	unsigned int tries = 0;
	enum store_error error;

	do {
		uint32_t tx = rig_start(r, 1);

		assert_int_equal(rig_path(r, 1, XS_READ, tx, "/shared"),
				 STORE_OK);
		rig_write(r, 1, tx, "/shared", "victim");
		/* Sent, not waited for: it may have to wait itself. */
		rig_send(r, 2, XS_WRITE, 0, TEXT("/shared\0bully"));
		for (unsigned int i = 0; i < 4; i++)
			rig_round(r);
		error = rig_end(r, 1, tx, true);
		r->now += 1000000;
		while (!rig_take(r, 2))
			rig_round(r);
		assert_true(++tries < 5);
	} while (error == STORE_EAGAIN);
	assert_int_equal(error, STORE_OK);
	assert_int_equal(tries, 2);
	rig_expect_value(r, 1, 0, "/shared", "bully");
}

static void shield_ends_with_its_time(void **state)
{
	struct rig *r = *state;
	uint32_t tx = rig_start(r, 1);

	rig_path(r, 1, XS_READ, tx, "/shared");
	rig_write(r, 2, 0, "/shared", "1");
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
	tx = rig_start(r, 1);
	rig_path(r, 1, XS_READ, tx, "/shared");
	rig_send(r, 2, XS_WRITE, 0, TEXT("/shared\0" "2"));
	rig_round(r);
	assert_int_equal(r->later, 1u << 2);
	assert_false(rig_take(r, 2));
	/* Others, and other nodes, do not wait. */
	assert_int_equal(rig_write(r, 3, 0, "data/x", "1"), STORE_OK);
	r->now = client_later(r->s) - 1;
	rig_round(r);
	assert_false(rig_take(r, 2));
	r->now++;
	rig_settle(r);
	assert_true(rig_take(r, 2));
	assert_int_equal(rig_end(r, 1, tx, true), STORE_EAGAIN);
	/* And does not begin again before the pause. */
	tx = rig_start(r, 1);
	rig_path(r, 1, XS_READ, tx, "/shared");
	assert_int_equal(rig_write(r, 2, 0, "/shared", "3"), STORE_OK);
	rig_end(r, 1, tx, false);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(commit_shows_all_at_once),
		T(abort_shows_nothing),
		T(change_of_what_was_read_conflicts),
		T(change_of_something_else_does_not),
		T(same_value_written_is_a_change),
		T(written_by_two_conflicts),
		T(appearance_of_what_was_missed_conflicts),
		T(removal_of_what_was_touched_conflicts),
		T(new_child_conflicts_with_a_listing_only),
		T(directory_merges),
		T(removed_subtree_is_gone_inside_at_once),
		T(permissions_change_at_the_end),
		T(ids_are_the_clients_own),
		T(long_values_and_names_survive_a_commit),
		T(victim_of_a_busy_writer_gets_its_turn),
		T(shield_ends_with_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
