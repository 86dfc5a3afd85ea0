/* SPDX-License-Identifier: MIT */
/*
 * Text, memory and files; see text.h.
 */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char words[] = "bulkhead: out of memory\n";
	ssize_t done = write(STDERR_FILENO, words, sizeof(words) - 1);

	(void)done;
	_exit(1);
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_grow(void *old, size_t count, size_t size)
{
	void *p = reallocarray(old, count ? count : 1, size);

	if (!p)
		out_of_memory();
	return p;
}

char *text_copy_n(const char *s, size_t length)
{
	char *copy = mem_alloc(length + 1);

	memcpy(copy, s, length);
	return copy;
}

char *text_copy(const char *s)
{
	return text_copy_n(s, strlen(s));
}

char *text_vformat(const char *format, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, format, ap) < 0)
		out_of_memory();
	return s;
}

char *text_format(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *s = text_vformat(format, ap);
	va_end(ap);
	return s;
}

bool text_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

void text_add_bytes(struct text *t, const void *bytes, size_t length)
{
	if (t->length + length + 1 > t->room) {
		t->room = (t->length + length + 1) * 2;
		t->at = mem_grow(t->at, t->room, 1);
	}
	if (length)
		memcpy(t->at + t->length, bytes, length);
	t->length += length;
	t->at[t->length] = '\0';
}

void text_add(struct text *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *s = text_vformat(format, ap);
	va_end(ap);
	text_add_bytes(t, s, strlen(s));
	free(s);
}

void text_free(struct text *t)
{
	free(t->at);
	*t = (struct text){ 0 };
}

void blob_free(struct blob *b)
{
	free(b->at);
	*b = (struct blob){ 0 };
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return text_copy(".");
	if (slash == path)
		return text_copy("/");
	return text_copy_n(path, (size_t)(slash - path));
}

char *path_join(const char *folder, const char *name)
{
	bool bare = !*folder || text_ends(folder, "/");

	return text_format("%s%s%s", folder, bare ? "" : "/", name);
}

char *path_from(const char *folder, const char *name)
{
	if (name[0] == '/' || text_equal(folder, "."))
		return text_copy(name);
	return path_join(folder, name);
}

static int read_all(int fd, struct blob *out)
{
	size_t done = 0;

	while (done < out->size) {
		ssize_t n = read(fd, out->at + done, out->size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	out->size = done;
	return 0;
}

int file_read(const char *path, size_t limit, struct blob *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = 0;

	*out = (struct blob){ 0 };
	if (fd < 0)
		return errno;
	if (fstat(fd, &st) < 0)
		err = errno;
	else if (S_ISDIR(st.st_mode))
		err = EISDIR;
	else if (!S_ISREG(st.st_mode))
		err = EINVAL;
	else if (st.st_size < 0 || (uint64_t)st.st_size > limit)
		err = EFBIG;
	if (!err) {
		out->size = (size_t)st.st_size;
		out->at = mem_alloc(out->size + 1);
		err = read_all(fd, out);
		if (err)
			blob_free(out);
	}
	close(fd);
	return err;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

int file_write(const char *path, const void *bytes, size_t size)
{
	char *draft = text_format("%s.new-%d", path, (int)getpid());
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int err = fd < 0 ? errno : write_all(fd, bytes, size);

	if (fd >= 0 && close(fd) < 0 && !err)
		err = errno;
	if (!err && rename(draft, path) < 0)
		err = errno;
	if (err && fd >= 0)
		unlink(draft);
	free(draft);
	return err;
}

int folder_make(const char *path, unsigned int mode)
{
	char *copy = text_copy(path);
	int err = 0;

	for (char *p = copy + 1; *copy && !err; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			err = errno;
		*p = c;
		if (c == '\0')
			break;
	}
	free(copy);
	return err;
}

#define NEAR_MAX 40u

/* Edits (insert, delete, replace, swap neighbours) from a to b. */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int d[NEAR_MAX + 1][NEAR_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > NEAR_MAX || m > NEAR_MAX)
		return NEAR_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			unsigned int best =
				d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[n][m];
}

const char *name_near(const char *word, const char *const *names)
{
	unsigned int limit = (unsigned int)strlen(word) / 3 + 1;
	const char *best = NULL;

	for (; *names; names++) {
		unsigned int d = edit_distance(word, *names);

		if (d <= limit && d < strlen(*names)) {
			limit = d ? d - 1 : 0;
			best = *names;
			if (!d)
				break;
		}
	}
	return best;
}
