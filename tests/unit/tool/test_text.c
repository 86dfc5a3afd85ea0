/* SPDX-License-Identifier: MIT */
/*
 * Text, paths, files, SHA-256 and the nearest name.
 */
#include "sha256.h"
#include "text.h"
#include "tool_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void sha256_has_the_standards_answers(void **state)
{
	static const struct {
		const char *text, *hex;
	} table[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		      "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
			 "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039"
		  "a33ce45964ff2167f6ecedd419db06c1" },
	};
	char hex[SHA256_HEX];
	uint8_t *million = mem_alloc(1000000);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		sha256_hex((const uint8_t *)table[i].text,
			   strlen(table[i].text), hex);
		assert_string_equal(hex, table[i].hex);
	}
	memset(million, 'a', 1000000);
	sha256_hex(million, 1000000, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67"
				 "f1809a48a497200e046d39ccc7112cd0");
	free(million);
}

static void nearest_name_is_near(void **state)
{
	static const char *const names[] = { "memory", "maxmem", "vcpus",
					     "name", NULL };

	(void)state;
	assert_string_equal(name_near("memroy", names), "memory");
	assert_string_equal(name_near("mem0ry", names), "memory");
	assert_string_equal(name_near("vcpu", names), "vcpus");
	assert_string_equal(name_near("nmae", names), "name");
	assert_null(name_near("kernel", names));
	assert_null(name_near("", names));
	assert_null(name_near("a_name_that_is_much_longer_than_any_other_one",
			      names));
}

static void expect(char *got, const char *want)
{
	assert_string_equal(got, want);
	free(got);
}

static void paths_join_and_part(void **state)
{
	(void)state;
	expect(path_folder("a/b/c"), "a/b");
	expect(path_folder("c"), ".");
	expect(path_folder("/c"), "/");
	expect(path_join("a", "b"), "a/b");
	expect(path_join("a/", "b"), "a/b");
	expect(path_join("", "b"), "b");
	expect(path_from("a/b", "../k"), "a/b/../k");
	expect(path_from("a/b", "/k"), "/k");
	expect(path_from(".", "k"), "k");
	assert_string_equal(path_base("a/b/c"), "c");
	assert_string_equal(path_base("c"), "c");
}

static void files_are_written_whole_or_not(void **state)
{
	char *folder = test_folder(), *path = path_join(folder, "f");
	char *deep = path_join(path, "g");
	struct blob b;

	(void)state;
	assert_int_equal(file_write(path, "12345", 5), 0);
	assert_int_equal(file_read(path, 5, &b), 0);
	assert_int_equal(b.size, 5);
	assert_memory_equal(b.at, "12345", 6); /* and a NUL behind */
	blob_free(&b);
	assert_int_equal(file_read(path, 4, &b), EFBIG);
	assert_int_equal(file_read(folder, 100, &b), EISDIR);
	assert_int_equal(file_read("/dev/null", 100, &b), EINVAL);
	assert_int_equal(file_write(deep, "x", 1), ENOTDIR);
	assert_int_equal(file_read(deep, 1, &b), ENOTDIR);
	free(deep);
	free(path);
	test_folder_remove(folder);
}

static void folders_are_made_with_their_parents(void **state)
{
	char *folder = test_folder(), *deep = path_join(folder, ".a/b");
	char *parent = path_join(folder, ".a");

	(void)state;
	assert_int_equal(folder_make(deep, 0700), 0);
	assert_int_equal(folder_make(deep, 0700), 0);
	assert_int_equal(access(deep, W_OK), 0);
	assert_int_equal(rmdir(deep), 0);
	assert_int_equal(rmdir(parent), 0);
	assert_int_not_equal(folder_make("/proc/a/b", 0700), 0);
	free(parent);
	free(deep);
	test_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_has_the_standards_answers),
		cmocka_unit_test(nearest_name_is_near),
		cmocka_unit_test(paths_join_and_part),
		cmocka_unit_test(files_are_written_whole_or_not),
		cmocka_unit_test(folders_are_made_with_their_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
