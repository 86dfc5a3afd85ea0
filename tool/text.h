/* SPDX-License-Identifier: MIT */
/*
 * Text that grows, memory that cannot run out, and files read whole.
 * Every allocation of the tool comes from here: running out of memory ends
 * the process with a sentence, so that callers have one case fewer.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_COUNT(a)	  (sizeof(a) / sizeof((a)[0]))

void *mem_alloc(size_t size); /* zeroed; never NULL */
void *mem_grow(void *old, size_t count, size_t size);
char *text_copy(const char *s);
char *text_copy_n(const char *s, size_t length);
char *text_format(const char *format, ...) PRINTF_LIKE(1, 2);
char *text_vformat(const char *format, va_list ap) PRINTF_LIKE(1, 0);
bool text_equal(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

/* A string under construction; `at` is always NUL-terminated once used. */
struct text {
	char *at;
	size_t length;
	size_t room;
};
void text_add(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
void text_add_bytes(struct text *t, const void *bytes, size_t length);
void text_free(struct text *t);

/* Bytes in memory: the content of a file, or what was unpacked from one. */
struct blob {
	uint8_t *at;
	size_t size;
};
void blob_free(struct blob *b);

/* The folder of a path ("." when it names none), and path below a folder. */
char *path_folder(const char *path);
const char *path_base(const char *path);
char *path_join(const char *folder, const char *name);
/* `name` seen from `folder`: unchanged when absolute. */
char *path_from(const char *folder, const char *name);

/*
 * Reads a regular file whole. 0, or an errno value; EFBIG above `limit`,
 * EISDIR and EINVAL for what is not a regular file.
 */
int file_read(const char *path, size_t limit, struct blob *out);
/* Creates or replaces a file, atomically. 0, or an errno value. */
int file_write(const char *path, const void *bytes, size_t size);
/* mkdir -p. 0, or an errno value. */
int folder_make(const char *path, unsigned int mode);

/* The name among `names` (NULL-ended) that is most like `word`, or NULL. */
const char *name_near(const char *word, const char *const *names);

/* Integers as they lie in files: little endian. */
static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
	return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

static inline void put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
	put_le16(p, (uint16_t)v);
	put_le16(p + 2, (uint16_t)(v >> 16));
}
