/* SPDX-License-Identifier: MIT */
/*
 * Decompressors, chosen by the first bytes: gzip, bzip2, xz (with the x86
 * filter), lzma, lzop's format, LZ4's legacy format and zstd. The input may
 * be followed by other bytes; how many were used is told.
 */
#pragma once
#include "text.h"

#define UNPACK_LIMIT (1ull << 30)

enum unpack_format {
	UNPACK_NONE,
	UNPACK_GZIP,
	UNPACK_BZIP2,
	UNPACK_XZ,
	UNPACK_LZMA,
	UNPACK_LZO,
	UNPACK_LZ4,
	UNPACK_ZSTD,
};

struct unpack_input {
	const uint8_t *at;
	size_t size;
	size_t limit; /* of the output */
};

enum unpack_format unpack_format(const uint8_t *bytes, size_t size);
const char *unpack_name(enum unpack_format f);
/* NULL, or what is wrong: a sentence that the caller frees. */
char *unpack(struct unpack_input in, struct blob *out, size_t *used);
