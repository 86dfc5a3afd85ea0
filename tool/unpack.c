/* SPDX-License-Identifier: MIT */
/*
 * One function per compression, all of one shape; `struct sink` is where
 * they put their output and the one place where its size is limited.
 */
#include "unpack.h"
#include "unlzo.h"

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define LZ4_BLOCK (8u << 20)
#define FIRST_OUT (1u << 20)

struct sink {
	uint8_t *at;
	size_t size, room, limit;
};

enum unpack_format unpack_format(const uint8_t *b, size_t size)
{
	static const struct {
		enum unpack_format format;
		size_t length;
		const char *magic;
	} table[] = {
		{ UNPACK_GZIP, 2, "\x1f\x8b" },
		{ UNPACK_BZIP2, 3, "BZh" },
		{ UNPACK_XZ, 6,
		  "\xfd"
		  "7zXZ" },
		{ UNPACK_LZMA, 3, "\x5d\0" },
		{ UNPACK_LZO, 4, "\x89LZO" },
		{ UNPACK_LZ4, 4, "\x02\x21\x4c\x18" },
		{ UNPACK_ZSTD, 4, "\x28\xb5\x2f\xfd" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(table); i++)
		if (size >= table[i].length &&
		    memcmp(b, table[i].magic, table[i].length) == 0)
			return table[i].format;
	return UNPACK_NONE;
}

const char *unpack_name(enum unpack_format f)
{
	switch (f) {
	case UNPACK_NONE:
		return "unknown";
	case UNPACK_GZIP:
		return "gzip";
	case UNPACK_BZIP2:
		return "bzip2";
	case UNPACK_XZ:
		return "xz";
	case UNPACK_LZMA:
		return "lzma";
	case UNPACK_LZO:
		return "lzo";
	case UNPACK_LZ4:
		return "lz4";
	case UNPACK_ZSTD:
		return "zstd";
	}
	return "unknown";
}

/* Makes room for `more` bytes behind s->size, or says no. */
static bool sink_room(struct sink *s, size_t more)
{
	if (s->room - s->size >= more)
		return true;
	if (more > s->limit - s->size)
		return false;

	size_t room = s->room * 2 > FIRST_OUT ? s->room * 2 : FIRST_OUT;

	if (room < s->size + more)
		room = s->size + more;
	if (room > s->limit)
		room = s->limit;
	s->at = mem_grow(s->at, room, 1);
	s->room = room;
	return true;
}

static unsigned int clamp32(size_t n)
{
	return n > 1u << 30 ? 1u << 30 : (unsigned int)n;
}

static char *too_large(const struct sink *s)
{
	return text_format("it unpacks to more than %zu MiB: it is damaged",
			   s->limit >> 20);
}

static char *damaged(const char *format, const char *detail)
{
	return text_format("its %s data is damaged or cut short (%s)", format,
			   detail);
}

static char *unpack_gzip(struct unpack_input in, struct sink *s, size_t *used)
{
	z_stream z = { 0 };
	char *why = NULL;
	int r = inflateInit2(&z, 15 + 16);

	if (r != Z_OK)
		return damaged("gzip", "cannot begin");
	while (!why && r != Z_STREAM_END) {
		if (!sink_room(s, 1)) {
			why = too_large(s);
			break;
		}
		size_t done = (size_t)(z.next_in ? z.next_in - in.at : 0);
		unsigned int give = clamp32(in.size - done);
		unsigned int room = clamp32(s->room - s->size);

		z.next_in = (uint8_t *)(uintptr_t)(in.at + done);
		z.avail_in = give;
		z.next_out = s->at + s->size;
		z.avail_out = room;
		r = inflate(&z, Z_NO_FLUSH);
		s->size += room - z.avail_out;
		if (r == Z_OK && z.avail_in == give && z.avail_out == room)
			r = Z_BUF_ERROR;
		if (r != Z_OK && r != Z_STREAM_END)
			why = damaged("gzip", z.msg ? z.msg : "no end");
	}
	*used = (size_t)(z.next_in ? z.next_in - in.at : 0);
	inflateEnd(&z);
	return why;
}

static char *unpack_bzip2(struct unpack_input in, struct sink *s, size_t *used)
{
	bz_stream z = { 0 };
	char *why = NULL;
	int r = BZ2_bzDecompressInit(&z, 0, 0);

	if (r != BZ_OK)
		return damaged("bzip2", "cannot begin");
	*used = 0;
	while (!why && r != BZ_STREAM_END) {
		if (!sink_room(s, 1)) {
			why = too_large(s);
			break;
		}
		unsigned int give = clamp32(in.size - *used);
		unsigned int room = clamp32(s->room - s->size);

		z.next_in = (char *)(uintptr_t)(in.at + *used);
		z.avail_in = give;
		z.next_out = (char *)s->at + s->size;
		z.avail_out = room;
		r = BZ2_bzDecompress(&z);
		s->size += room - z.avail_out;
		*used += give - z.avail_in;
		if (r == BZ_OK && z.avail_in == give && z.avail_out == room)
			r = BZ_UNEXPECTED_EOF;
		if (r != BZ_OK && r != BZ_STREAM_END)
			why = damaged("bzip2", r == BZ_UNEXPECTED_EOF
						       ? "no end"
						       : "bad data");
	}
	BZ2_bzDecompressEnd(&z);
	return why;
}

static char *unpack_xz(struct unpack_input in, struct sink *s, size_t *used)
{
	lzma_stream z = LZMA_STREAM_INIT;
	bool alone = unpack_format(in.at, in.size) == UNPACK_LZMA;
	const char *name = alone ? "lzma" : "xz";
	uint64_t memory = 256u << 20;
	lzma_ret r = alone ? lzma_alone_decoder(&z, memory)
			   : lzma_stream_decoder(&z, memory, 0);
	char *why = NULL;

	if (r != LZMA_OK)
		return damaged(name, "cannot begin");
	z.next_in = in.at;
	z.avail_in = in.size;
	while (!why && r != LZMA_STREAM_END) {
		if (!sink_room(s, 1)) {
			why = too_large(s);
			break;
		}
		z.next_out = s->at + s->size;
		z.avail_out = s->room - s->size;
		r = lzma_code(&z, LZMA_RUN);
		s->size = s->room - z.avail_out;
		if (r == LZMA_MEMLIMIT_ERROR)
			why = damaged(name, "its dictionary is over 256 MiB");
		else if (r != LZMA_OK && r != LZMA_STREAM_END)
			why = damaged(name, r == LZMA_BUF_ERROR ? "no end"
								: "bad data");
	}
	*used = in.size - z.avail_in;
	lzma_end(&z);
	return why;
}

/*
 * LZ4 legacy: the magic, then blocks of at most 8 MiB, each behind its
 * packed length. There is no end mark: a kernel image ends with four bytes
 * that hold the whole unpacked length, which is how the end is found.
 */
static char *unpack_lz4(struct unpack_input in, struct sink *s, size_t *used)
{
	size_t at = 4;

	for (;;) {
		size_t left = in.size - at;

		if (!left || (left == 4 && le32(in.at + at) == s->size))
			break;
		if (left < 4)
			return damaged("lz4", "no end");

		uint32_t packed = le32(in.at + at);

		if (packed > left - 4 || packed > INT32_MAX || !packed)
			return damaged("lz4", "a block is longer than the "
					      "file");
		size_t room = s->limit - s->size;

		if (room > LZ4_BLOCK)
			room = LZ4_BLOCK;
		if (!room || !sink_room(s, room))
			return too_large(s);
		int n = LZ4_decompress_safe((const char *)in.at + at + 4,
					    (char *)s->at + s->size,
					    (int)packed, (int)room);

		if (n < 0)
			return damaged("lz4", "bad data");
		s->size += (size_t)n;
		at += 4 + packed;
	}
	*used = at;
	return NULL;
}

static char *unpack_zstd(struct unpack_input in, struct sink *s, size_t *used)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer input = { in.at, in.size, 0 };
	char *why = NULL;
	size_t r = z ? ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 28) : 0;

	if (!z || ZSTD_isError(r))
		why = damaged("zstd", "cannot begin");
	for (r = 1; !why && r;) {
		if (!sink_room(s, 1)) {
			why = too_large(s);
			break;
		}
		ZSTD_outBuffer output = { s->at, s->room, s->size };
		size_t before = input.pos;

		r = ZSTD_decompressStream(z, &output, &input);
		if (ZSTD_isError(r))
			why = damaged("zstd", ZSTD_getErrorName(r));
		else if (r && input.pos == before && output.pos == s->size)
			why = damaged("zstd", "no end");
		s->size = output.pos;
	}
	*used = input.pos;
	ZSTD_freeDStream(z);
	return why;
}

static char *unpack_lzo(struct unpack_input in, struct sink *s, size_t *used)
{
	uint32_t flags = 0;
	size_t at = unlzo_header(in.at, in.size, &flags);
	struct unlzo_step step;

	if (!at)
		return damaged("lzo", "cut short in its header");
	for (;;) {
		const uint8_t *p = in.at + at;

		if (unlzo_step(p, in.size - at, flags, &step))
			return damaged("lzo", "no end");
		if (!step.unpacked)
			break;
		if (!sink_room(s, step.unpacked))
			return too_large(s);
		uint8_t *out = s->at + s->size;

		if (step.packed == step.unpacked)
			memcpy(out, p + step.data, step.packed);
		else if (unlzo_block(p + step.data, step.packed, out,
				     step.unpacked))
			return damaged("lzo", "bad data");
		if (unlzo_sum(out, step.unpacked, flags, step.sum))
			return damaged("lzo", "wrong checksum");
		s->size += step.unpacked;
		at += step.data + step.packed;
	}
	*used = at + 4;
	return NULL;
}

char *unpack(struct unpack_input in, struct blob *out, size_t *used)
{
	struct sink s = { .limit = in.limit };
	char *why = NULL;

	*out = (struct blob){ 0 };
	*used = 0;
	switch (unpack_format(in.at, in.size)) {
	case UNPACK_GZIP:
		why = unpack_gzip(in, &s, used);
		break;
	case UNPACK_BZIP2:
		why = unpack_bzip2(in, &s, used);
		break;
	case UNPACK_XZ:
	case UNPACK_LZMA:
		why = unpack_xz(in, &s, used);
		break;
	case UNPACK_LZ4:
		why = unpack_lz4(in, &s, used);
		break;
	case UNPACK_ZSTD:
		why = unpack_zstd(in, &s, used);
		break;
	case UNPACK_LZO:
		why = unpack_lzo(in, &s, used);
		break;
	case UNPACK_NONE:
		why = text_copy("it is packed in a way that nobody knows: it "
				"is damaged");
		break;
	}
	if (why)
		free(s.at);
	else
		*out = (struct blob){ s.at, s.size };
	return why;
}
