/* SPDX-License-Identifier: MIT */
/*
 * LZO1X and lzop's file format; see unlzo.h. Every read and write is checked
 * against its end before it is done.
 */
#include "unlzo.h"
#include "text.h"

#include <string.h>
#include <zlib.h>

#define FLAG_ADLER_OUT 0x001u
#define FLAG_ADLER_IN  0x002u
#define FLAG_CRC_OUT   0x100u
#define FLAG_CRC_IN    0x200u
#define FLAG_FILTER    0x800u
#define VERSION_LEVEL  0x940u /* since then there is a level, and more */
#define MAGIC_SIZE     9u

#define NEAR_MATCHES   0x0801u /* after a run of literals, 3 bytes from here */
#define FAR_MATCHES    0x4000u
#define AFTER_RUN      4u /* a state: four or more literals came last */

struct stream {
	const uint8_t *in, *in_end;
	uint8_t *out, *out_start, *out_end;
	bool bad;
};

struct match {
	size_t distance, length;
	unsigned int literals; /* 0 to 3, right behind it */
	bool end;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static unsigned int byte_next(struct stream *s)
{
	if (s->in == s->in_end) {
		s->bad = true;
		return 1; /* not 0, which would ask for more */
	}
	return *s->in++;
}

/* A length whose bits are all zero goes on in bytes: 255 for each zero. */
static size_t long_length(struct stream *s, size_t bits, size_t mask)
{
	unsigned int byte;

	if (bits)
		return bits;
	while ((byte = byte_next(s)) == 0)
		mask += 255;
	return mask + byte;
}

static void copy_literals(struct stream *s, size_t count)
{
	if ((size_t)(s->in_end - s->in) < count ||
	    (size_t)(s->out_end - s->out) < count)
		s->bad = true;
	if (s->bad)
		return;
	memcpy(s->out, s->in, count);
	s->in += count;
	s->out += count;
}

static void copy_match(struct stream *s, const struct match *m)
{
	if ((size_t)(s->out - s->out_start) < m->distance ||
	    (size_t)(s->out_end - s->out) < m->length)
		s->bad = true;
	/* It may overlap what it writes: byte by byte. */
	for (size_t i = 0; i < m->length && !s->bad; i++, s->out++)
		*s->out = *(s->out - m->distance);
}

/* Two bytes: 14 bits of distance, 2 bits of literals to follow. */
static size_t far_distance(struct stream *s, struct match *m)
{
	unsigned int low = byte_next(s), both = low | byte_next(s) << 8;

	m->literals = both & 3;
	return both >> 2;
}

static struct match match_read(struct stream *s, unsigned int code,
			       unsigned int state)
{
	struct match m = { .literals = code & 3 };

	if (code >= 64) {
		m.length = (code >> 5) + 1;
		m.distance =
			((code >> 2) & 7) + ((size_t)byte_next(s) << 3) + 1;
	} else if (code >= 32) {
		m.length = long_length(s, code & 31, 31) + 2;
		m.distance = far_distance(s, &m) + 1;
	} else if (code >= 16) {
		m.length = long_length(s, code & 7, 7) + 2;
		m.distance = ((size_t)(code & 8) << 11) + far_distance(s, &m);
		m.end = !m.distance;
		m.distance += FAR_MATCHES;
	} else {
		m.length = state == AFTER_RUN ? 3 : 2;
		m.distance = (code >> 2) + ((size_t)byte_next(s) << 2) +
			     (state == AFTER_RUN ? NEAR_MATCHES : 1);
	}
	return m;
}

int unlzo_block(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	struct stream s = { in, in + size, out, out, out + room, false };
	unsigned int state = 0;

	if (size && *in > 17) {
		state = byte_next(&s) - 17;
		copy_literals(&s, state);
		if (state > AFTER_RUN)
			state = AFTER_RUN;
	}
	while (!s.bad) {
		unsigned int code = byte_next(&s);

		if (code < 16 && state == 0) {
			copy_literals(&s, long_length(&s, code, 15) + 3);
			state = AFTER_RUN;
			continue;
		}
		struct match m = match_read(&s, code, state);

		if (m.end)
			break;
		copy_match(&s, &m);
		copy_literals(&s, m.literals);
		state = m.literals;
	}
	return s.bad || s.out != s.out_end ? -1 : 0;
}

size_t unlzo_header(const uint8_t *in, size_t size, uint32_t *flags)
{
	size_t at = MAGIC_SIZE + 7; /* versions and method */

	if (size < MAGIC_SIZE + 64)
		return 0;
	unsigned int version = (unsigned int)in[9] << 8 | in[10];
	bool late = version >= VERSION_LEVEL;

	at += late; /* level */
	*flags = be32(in + at);
	at += *flags & FLAG_FILTER ? 8 : 4;
	at += late ? 12 : 8;	/* mode and time */
	at += 1u + in[at] + 4u; /* name and checksum */
	return at <= size ? at : 0;
}

int unlzo_step(const uint8_t *in, size_t size, uint32_t flags,
	       struct unlzo_step *out)
{
	*out = (struct unlzo_step){ 0 };
	if (size < 4)
		return -1;
	out->unpacked = be32(in);
	if (!out->unpacked)
		return 0;
	if (size < 24 || out->unpacked > UNLZO_BLOCK_MAX)
		return -1;
	out->packed = be32(in + 4);
	out->data = 8;
	if (flags & (FLAG_ADLER_OUT | FLAG_CRC_OUT)) {
		out->sum = be32(in + out->data);
		out->data += flags & FLAG_ADLER_OUT && flags & FLAG_CRC_OUT ? 8
									    : 4;
	}
	if (out->packed < out->unpacked)
		out->data += (flags & FLAG_ADLER_IN ? 4u : 0u) +
			     (flags & FLAG_CRC_IN ? 4u : 0u);
	if (out->packed > out->unpacked || size < out->data ||
	    size - out->data < out->packed)
		return -1;
	return 0;
}

int unlzo_sum(const uint8_t *out, size_t size, uint32_t flags, uint32_t sum)
{
	if (flags & FLAG_ADLER_OUT)
		return adler32_z(1, out, size) == sum ? 0 : -1;
	if (flags & FLAG_CRC_OUT)
		return crc32_z(0, out, size) == sum ? 0 : -1;
	return 0;
}
