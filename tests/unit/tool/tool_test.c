/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the tool's unit tests; see tool_test.h.
 */
#include "tool_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *test_folder(void)
{
	const char *temp = getenv("TMPDIR");
	char *path = path_join(temp && *temp ? temp : "/tmp",
			       "bulkhead-test-XXXXXX");

	assert_non_null(mkdtemp(path));
	return path;
}

void test_folder_remove(char *path)
{
	DIR *d = opendir(path);

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		char *file = path_join(path, e->d_name);

		if (e->d_name[0] != '.')
			unlink(file);
		free(file);
	}
	closedir(d);
	rmdir(path);
	free(path);
}

void test_file(const char *folder, const char *name, const void *bytes,
	       size_t size)
{
	char *path = path_join(folder, name);

	assert_int_equal(file_write(path, bytes, size), 0);
	free(path);
}

void test_text_file(const char *folder, const char *name, const char *text)
{
	test_file(folder, name, text, strlen(text));
}

void test_vm_file(const char *folder, const char *name, const char *more)
{
	char *file = text_format("%s.cfg", name);
	char *text = text_format("name='%s'\ntype='pvh'\nkernel='k'\n"
				 "memory=64\n%s",
				 name, more);

	test_text_file(folder, file, text);
	free(text);
	free(file);
}

void assert_no_fault(const struct faults *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (!f->at[i].note)
			print_error("line %u: %s\n", f->at[i].line,
				    f->at[i].words);
	assert_int_equal(f->bad, 0);
}

void assert_fault(const struct faults *f, unsigned int line, const char *part)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->at[i].line == line && strstr(f->at[i].words, part))
			return;
	for (size_t i = 0; i < f->count; i++)
		print_error("line %u: %s\n", f->at[i].line, f->at[i].words);
	fail_msg("no fault in line %u says '%s'", line, part);
}

void assert_one_fault(struct faults *f, unsigned int line, const char *part)
{
	assert_fault(f, line, part);
	assert_int_equal(f->bad, 1);
	faults_free(f);
}

static void put_le64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32(p + 4, (uint32_t)(v >> 32));
}

/* One program header: type, flags, offset, address, sizes. */
static void put_segment(uint8_t *p, const uint64_t v[6])
{
	put_le32(p, (uint32_t)v[0]);
	put_le32(p + 4, (uint32_t)v[1]);
	put_le64(p + 8, v[2]);
	put_le64(p + 16, v[3]);
	put_le64(p + 24, v[3]);
	put_le64(p + 32, v[4]);
	put_le64(p + 40, v[5]);
	put_le64(p + 48, 4);
}

struct blob test_kernel(void)
{
	static const uint64_t text[] = { 1, 5, 4096, 16u << 20, 4096, 8192 };
	static const uint64_t data[] = { 1, 6, 8192, 17u << 20, 100, 4096 };
	static const uint64_t note[] = { 4, 4, 512, 0, 20, 20 };
	struct blob b = { mem_alloc(12288), 12288 };

	memcpy(b.at, "\177ELF\2\1\1", 7);
	put_le16(b.at + 16, 2);
	put_le16(b.at + 18, 62);
	put_le32(b.at + 20, 1);
	put_le64(b.at + 32, 64);
	put_le16(b.at + 52, 64);
	put_le16(b.at + 54, 56);
	put_le16(b.at + 56, 3);
	put_segment(b.at + 64, text);
	put_segment(b.at + 120, data);
	put_segment(b.at + 176, note);
	put_le32(b.at + 512, 4);
	put_le32(b.at + 516, 4);
	put_le32(b.at + 520, 18);
	memcpy(b.at + 524, "Xen", 4);
	put_le32(b.at + 528, (16u << 20) + 16);
	/* Something to compress that is not all zeroes. */
	for (size_t i = 4096; i < b.size; i++)
		b.at[i] = (uint8_t)(i * i >> 7);
	return b;
}

struct blob test_bzimage(const struct blob *payload, uint32_t unpacked)
{
	const size_t setup = 2 * 512, before = 32;
	size_t system = (before + payload->size + 4 + 15) / 16 * 16;
	struct blob b = { mem_alloc(setup + system), setup + system };

	b.at[0x1f1] = 1;
	put_le32(b.at + 0x1f4, (uint32_t)(system / 16));
	put_le16(b.at + 0x1fe, 0xaa55);
	memcpy(b.at + 0x202, "HdrS", 4);
	put_le16(b.at + 0x206, 0x20f);
	put_le32(b.at + 0x248, (uint32_t)before);
	put_le32(b.at + 0x24c, (uint32_t)payload->size + 4);
	memcpy(b.at + setup + before, payload->at, payload->size);
	put_le32(b.at + setup + before + payload->size, unpacked);
	return b;
}
