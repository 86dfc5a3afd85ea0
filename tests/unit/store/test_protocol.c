/* SPDX-License-Identifier: MIT */
/*
 * Requests one by one: what each answers, and each way it can be refused.
 */
#include "rig.h"
#include <stdio.h>
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

static void written_value_is_read_back(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_write(r, 1, 0, "data/a/b", "hello"), STORE_OK);
	rig_expect(r, 1, TEXT("OK\0"));
	rig_expect_value(r, 1, 0, "data/a/b", "hello");
	rig_expect_value(r, 1, 0, "/local/domain/1/data/a/b", "hello");
	/* Its parent was made on the way, and is empty. */
	rig_expect_value(r, 1, 0, "data/a", "");
	assert_int_equal(rig_write(r, 1, 0, "data/a/b", ""), STORE_OK);
	rig_expect_value(r, 1, 0, "data/a/b", "");
}

static void values_hold_any_bytes_of_any_length(void **state)
{
	static const uint32_t length[] = { 1, 30, 31, 32, 33, 150, 151, 152,
					   500, 2044 };
	struct rig *r = *state;
	char message[2100] = "data/long-name-that-fills-the-cell/x";
	uint32_t path = (uint32_t)strlen(message) + 1;

	for (size_t i = 0; i < sizeof(length) / sizeof(length[0]); i++) {
		for (uint32_t k = 0; k < length[i]; k++)
			message[path + k] = (char)(k * 7 + i);
		assert_int_equal(rig_call(r, 1, XS_WRITE, 0, message,
					  path + length[i]), STORE_OK);
		assert_int_equal(rig_path(r, 1, XS_READ, 0, message),
				 STORE_OK);
		rig_expect(r, 1, message + path, length[i]);
		rig_audit(r);
	}
	assert_int_equal(rig_call(r, 1, XS_WRITE, 0, message, path + 2045),
			 STORE_ENOSPC);
	rig_expect_value(r, 1, 0, "data/long-name-that-fills-the-cell", "");
}

static void long_names_are_names(void **state)
{
	struct rig *r = *state;
	char path[2100] = "data/", other[2100];

	memset(path + 5, 'n', 1500);
	memcpy(other, path, sizeof(path));
	other[1504] = 'm';
	assert_int_equal(rig_write(r, 1, 0, path, "first"), STORE_OK);
	assert_int_equal(rig_write(r, 1, 0, other, "second"), STORE_OK);
	rig_expect_value(r, 1, 0, path, "first");
	rig_expect_value(r, 1, 0, other, "second");
	assert_int_equal(rig_path(r, 1, XS_RM, 0, path), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_ENOENT);
	rig_expect_value(r, 1, 0, other, "second");
}

static void directory_lists_children(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_path(r, 1, XS_DIRECTORY, 0, "data"), STORE_OK);
	rig_expect(r, 1, TEXT(""));
	rig_write(r, 1, 0, "data/b", "");
	rig_write(r, 1, 0, "data/a/x", "");
	rig_write(r, 1, 0, "data/cc", "");
	assert_int_equal(rig_path(r, 1, XS_DIRECTORY, 0, "data"), STORE_OK);
	rig_expect(r, 1, TEXT("b\0a\0cc\0"));
	rig_path(r, 1, XS_RM, 0, "data/a");
	rig_path(r, 1, XS_DIRECTORY, 0, "data");
	rig_expect(r, 1, TEXT("b\0cc\0"));
}

static void long_directory_comes_in_parts(void **state)
{
	struct rig *r = *state;
	char path[64], whole[8192], generation[32] = "";
	uint32_t length = 0, made = 0;

	for (unsigned int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "data/a-rather-long-name-%u", i);
		assert_int_equal(rig_path(r, 1, XS_MKDIR, 0, path), STORE_OK);
		made += (uint32_t)strlen(path + 5) + 1;
	}
	assert_int_equal(rig_path(r, 1, XS_DIRECTORY, 0, "data"),
			 STORE_E2BIG);
	for (;;) {
		struct guest *g = &r->guest[1];
		uint32_t at;

		at = (uint32_t)snprintf(path, sizeof(path), "data%c%u", 0,
					length) + 1;
		assert_int_equal(rig_call(r, 1, XS_DIRECTORY_PART, 0, path,
					  at), STORE_OK);
		at = (uint32_t)strlen(g->reply) + 1;
		if (generation[0])
			assert_string_equal(g->reply, generation);
		strcpy(generation, g->reply);
		memcpy(whole + length, g->reply + at, g->length - at);
		length += g->length - at;
		/* An empty name is the end. */
		if (!whole[length - 2])
			break;
	}
	assert_int_equal(length, made + 1);
	for (unsigned int i = 0, at = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "a-rather-long-name-%u", i);
		assert_string_equal(whole + at, path);
		at += (unsigned int)strlen(path) + 1;
	}
	rig_path(r, 1, XS_MKDIR, 0, "data/one-more");
	rig_call(r, 1, XS_DIRECTORY_PART, 0, TEXT("data\0" "0\0"));
	assert_string_not_equal(r->guest[1].reply, generation);
	rig_call(r, 1, XS_DIRECTORY_PART, 0, TEXT("data\0" "99999\0"));
	assert_int_equal(r->guest[1].length,
			 strlen(r->guest[1].reply) + 2);
	assert_int_equal(rig_call(r, 1, XS_DIRECTORY_PART, 0,
				  TEXT("data\0x\0")), STORE_EINVAL);
}

static void mkdir_makes_and_tolerates(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_path(r, 1, XS_MKDIR, 0, "data/d/e"), STORE_OK);
	rig_write(r, 1, 0, "data/d/e", "kept");
	assert_int_equal(rig_path(r, 1, XS_MKDIR, 0, "data/d/e"), STORE_OK);
	rig_expect_value(r, 1, 0, "data/d/e", "kept");
}

static void rm_removes_all_below(void **state)
{
	struct rig *r = *state;

	rig_write(r, 1, 0, "data/t/a/b", "1");
	rig_write(r, 1, 0, "data/t/c", "2");
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "data/t"), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/t/a/b"),
			 STORE_ENOENT);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/t"), STORE_ENOENT);
	/* Absent is well if the parent is there. */
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "data/t"), STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "data/t/a"), STORE_ENOENT);
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "/"), STORE_EINVAL);
}

static void what_the_store_owns_cannot_be_removed(void **state)
{
	struct rig *r = *state;

	/* The device's directory is 1's own, but holds a fixed key. */
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "device/vif/0"),
			 STORE_EACCES);
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "device/vif/0/backend"),
			 STORE_EACCES);
	assert_int_equal(rig_write(r, 1, 0, "device/vif/0/backend", "x"),
			 STORE_EACCES);
	assert_int_equal(rig_perms(r, 1, 0, "device/vif/0/backend", "b1"),
			 STORE_EACCES);
	uint32_t tx = rig_start(r, 1);

	assert_int_equal(rig_path(r, 1, XS_RM, tx, "device/vif/0"),
			 STORE_EACCES);
	assert_int_equal(rig_write(r, 1, tx, "device/vif/0/backend", "x"),
			 STORE_EACCES);
	rig_end(r, 1, tx, true);
	rig_expect_value(r, 1, 0, "device/vif/0/backend",
			 "/local/domain/2/backend/vif/1/0");
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "device/vif/0/state"),
			 STORE_OK);
}

static void others_see_nothing(void **state)
{
	struct rig *r = *state;

	rig_write(r, 1, 0, "data/k", "mine");
	assert_int_equal(rig_path(r, 3, XS_READ, 0, "/local/domain/1/data/k"),
			 STORE_EACCES);
	/* Nor what is not there: no difference to see. */
	assert_int_equal(rig_path(r, 3, XS_READ, 0, "/local/domain/1/data/q"),
			 STORE_EACCES);
	assert_int_equal(rig_path(r, 3, XS_DIRECTORY, 0, "/local/domain/1"),
			 STORE_EACCES);
	assert_int_equal(rig_path(r, 3, XS_DIRECTORY, 0, "/"), STORE_EACCES);
	assert_int_equal(rig_path(r, 3, XS_READ, 0, "/secret"), STORE_EACCES);
	assert_int_equal(rig_path(r, 3, XS_GET_PERMS, 0, "/secret"),
			 STORE_EACCES);
	assert_int_equal(rig_write(r, 3, 0, "/secret", "x"), STORE_EACCES);
	assert_int_equal(rig_write(r, 3, 0, "/local/domain/1/data/k", "x"),
			 STORE_EACCES);
	assert_int_equal(rig_path(r, 3, XS_RM, 0, "/local/domain/1/data/k"),
			 STORE_EACCES);
	assert_int_equal(rig_path(r, 3, XS_MKDIR, 0, "/local/domain/7"),
			 STORE_EACCES);
	/* Its own name it may read, not write. */
	rig_expect_value(r, 3, 0, "name", "client");
	assert_int_equal(rig_write(r, 3, 0, "name", "x"), STORE_EACCES);
}

static void absent_is_enoent_where_one_may_look(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_path(r, 2, XS_READ, 0,
				  "/local/domain/1/device/vif/0/nothing"),
			 STORE_ENOENT);
	assert_int_equal(rig_write(r, 2, 0,
				   "/local/domain/1/device/vif/0/nothing",
				   "x"), STORE_EACCES);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/x/y/z"),
			 STORE_ENOENT);
}

static void new_nodes_take_the_parents_permissions(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_perms(r, 1, 0, "data", "n1 r2 b5"), STORE_OK);
	rig_write(r, 1, 0, "data/x", "1");
	assert_int_equal(rig_path(r, 1, XS_GET_PERMS, 0, "data/x"), STORE_OK);
	rig_expect(r, 1, TEXT("n1\0r2\0b5\0"));
	/* Made by another, it is the other's. */
	assert_int_equal(rig_write(r, 3, 0, "/local/domain/1/data/y/z", "2"),
			 STORE_OK);
	assert_int_equal(rig_path(r, 3, XS_GET_PERMS, 0,
				  "/local/domain/1/data/y/z"), STORE_OK);
	rig_expect(r, 3, TEXT("n5\0r2\0b5\0"));
	rig_expect_value(r, 2, 0, "/local/domain/1/data/y/z", "2");
	assert_int_equal(rig_path(r, 1, XS_READ, 0, "data/y/z"),
			 STORE_EACCES);
}

static void only_the_owner_sets_permissions(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_perms(r, 1, 0, "data", "b1"), STORE_OK);
	assert_int_equal(rig_perms(r, 2, 0, "/local/domain/1/data", "n2"),
			 STORE_EACCES);
	assert_int_equal(rig_perms(r, 1, 0, "data", "n2 r1"), STORE_EPERM);
	assert_int_equal(rig_perms(r, 1, 0, "data", "x1"), STORE_EINVAL);
	assert_int_equal(rig_perms(r, 1, 0, "data", "n"), STORE_EINVAL);
	assert_int_equal(rig_perms(r, 1, 0, "data", "n1x"), STORE_EINVAL);
	assert_int_equal(rig_perms(r, 1, 0, "data", ""), STORE_EINVAL);
	assert_int_equal(rig_perms(r, 1, 0, "data", "n99999"), STORE_EINVAL);
	assert_int_equal(rig_perms(r, 1, 0, "data", "n1 r2 r3 r4 r5 r6"),
			 STORE_ENOSPC);
	assert_int_equal(rig_call(r, 1, XS_SET_PERMS, 0, TEXT("data\0n1")),
			 STORE_EINVAL);
	assert_int_equal(rig_perms(r, 1, 0, "data/none", "n1"), STORE_ENOENT);
	rig_path(r, 1, XS_GET_PERMS, 0, "data");
	rig_expect(r, 1, TEXT("b1\0"));
}

static void wrong_paths_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "/data/", "data/", "//", "/local//domain", "a//b",
		"data/sp ace", "data/\xc3\xa4", "data/a.b", "@releaseDomain",
		"@other", "data/~",
	};
	struct rig *r = *state;
	char path[3200];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(rig_path(r, 1, XS_READ, 0, wrong[i]),
				 STORE_EINVAL);
		assert_int_equal(rig_write(r, 1, 0, wrong[i], "x"),
				 STORE_EINVAL);
	}
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "@other", "t"),
			 STORE_EINVAL);
	memset(path, 'a', sizeof(path));
	memcpy(path, "data/", 5);
	path[2048] = '\0';
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_ENOENT);
	path[2048] = 'a';
	path[2049] = '\0';
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_EINVAL);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[3072] = '\0';
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_EACCES);
	path[3072] = 'a';
	path[3073] = '\0';
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_EINVAL);
	/* 61 names below the home, not more: 64 in all. */
	for (unsigned int i = 0; i < 61; i++)
		memcpy(path + 2 * i, "a/", 3);
	path[121] = '\0';
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_ENOENT);
	memcpy(path + 121, "/a", 3);
	assert_int_equal(rig_path(r, 1, XS_READ, 0, path), STORE_EINVAL);
}

static void malformed_requests_are_refused(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_call(r, 1, XS_READ, 0, TEXT("data")),
			 STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_READ, 0, NULL, 0), STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_READ, 0, TEXT("data\0x\0")),
			 STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_WRITE, 0, TEXT("data")),
			 STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_WATCH, 0, TEXT("data\0tok")),
			 STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_WATCH, 0, TEXT("data\0")),
			 STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_TRANSACTION_END, 0, TEXT("X\0")),
			 STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_TRANSACTION_END, 0, TEXT("T\0")),
			 STORE_ENOENT);
	assert_int_equal(rig_call(r, 1, XS_GET_DOMAIN_PATH, 0, TEXT("x\0")),
			 STORE_EINVAL);
	assert_int_equal(rig_call(r, 1, XS_READ, 77, TEXT("data\0")),
			 STORE_ENOENT);
}

static void unknown_and_privileged_types_are_refused(void **state)
{
	static const uint32_t privileged[] = {
		XS_CONTROL, XS_INTRODUCE, XS_RELEASE, XS_RESUME,
		XS_SET_TARGET, XS_IS_DOMAIN_INTRODUCED
	};
	static const uint32_t unknown[] = { XS_WATCH_EVENT, XS_ERROR, 20, 23,
					    XS_INVALID, UINT32_MAX };
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(privileged) / 4; i++)
		assert_int_equal(rig_call(r, 1, privileged[i], 0,
					  TEXT("1\0")), STORE_EACCES);
	for (size_t i = 0; i < sizeof(unknown) / 4; i++)
		assert_int_equal(rig_call(r, 1, unknown[i], 0, TEXT("1\0")),
				 STORE_ENOSYS);
}

static void domain_path_is_told(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_path(r, 1, XS_GET_DOMAIN_PATH, 0, "17"),
			 STORE_OK);
	rig_expect(r, 1, TEXT("/local/domain/17\0"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(written_value_is_read_back),
		T(values_hold_any_bytes_of_any_length),
		T(long_names_are_names),
		T(directory_lists_children),
		T(long_directory_comes_in_parts),
		T(mkdir_makes_and_tolerates),
		T(rm_removes_all_below),
		T(what_the_store_owns_cannot_be_removed),
		T(others_see_nothing),
		T(absent_is_enoent_where_one_may_look),
		T(new_nodes_take_the_parents_permissions),
		T(only_the_owner_sets_permissions),
		T(wrong_paths_are_refused),
		T(malformed_requests_are_refused),
		T(unknown_and_privileged_types_are_refused),
		T(domain_path_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
