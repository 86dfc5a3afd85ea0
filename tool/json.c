/* SPDX-License-Identifier: MIT */
/*
 * What guests print, as JSON; see json.h.
 */
#include "json.h"

#define UNKNOWN 0xfffdu
#define ESCAPE	0x1bu
/* A terminal's sequence that is longer is none. */
#define SEQUENCE_MAX 64u

struct input {
	const uint8_t *at, *end;
};

/* One character of UTF-8 in its shortest form, or UNKNOWN for one byte. */
static uint32_t character(struct input *in)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t first = *in->at++, c;
	unsigned int more;

	if (first < 0x80)
		return first;
	if (first < 0xc0 || first >= 0xf8)
		return UNKNOWN;
	more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	c = first & (0x3fu >> more);
	for (unsigned int i = 0; i < more; i++) {
		if (in->at + i >= in->end || (in->at[i] & 0xc0) != 0x80)
			return UNKNOWN;
		c = c << 6 | (in->at[i] & 0x3fu);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return UNKNOWN;
	in->at += more;
	return c;
}

static bool is_shown(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return true;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	/* Separators of lines, and marks of direction. */
	return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) &&
	       c != 0x200e && c != 0x200f && c != 0x61c && c != 0xfeff &&
	       c < 0xe0000;
}

/* Behind ESC: the length of a whole sequence of a terminal, 0: none. */
static size_t sequence(const struct input *in)
{
	size_t left = (size_t)(in->end - in->at);
	bool text;

	if (left < 2 || (in->at[0] != '[' && in->at[0] != ']'))
		return 0;
	text = in->at[0] == ']'; /* ends with BEL, or ESC \ */
	for (size_t i = 1; i < left && i < SEQUENCE_MAX; i++) {
		uint8_t c = in->at[i];

		if (text && c == '\a')
			return i + 1;
		if (text && c == ESCAPE && i + 1 < left &&
		    in->at[i + 1] == '\\')
			return i + 2;
		if (text ? c < ' ' : c < ' ' || c > '~')
			return 0;
		if (!text && c >= '@')
			return i + 1;
	}
	return 0;
}

static void character_add(struct text *out, uint32_t c)
{
	if (c == '\n')
		text_add(out, "\\n");
	else if (c == '\t')
		text_add(out, "\\t");
	else if (c == '"' || c == '\\')
		text_add(out, "\\%c", (char)c);
	else if (c == '<' || c == '>' || c == '&' || (c >= 0x7f && c < 0x10000))
		text_add(out, "\\u%04x", c);
	else if (c >= 0x10000)
		text_add(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
			 0xdc00 + (c & 0x3ff));
	else
		text_add_bytes(out, &(char){ (char)c }, 1);
}

void json_string(struct text *out, const char *bytes, size_t count)
{
	const uint8_t *start = (const uint8_t *)bytes;
	struct input in = { start, start + count };

	text_add(out, "\"");
	while (in.at < in.end) {
		uint32_t c = character(&in);
		size_t skip = c == ESCAPE ? sequence(&in) : 0;

		in.at += skip;
		if (skip)
			continue;
		if (c == '\r') {
			while (in.at < in.end && *in.at == '\r')
				in.at++;
			if (in.at < in.end && *in.at == '\n')
				continue;
			c = '\n';
		}
		character_add(out, is_shown(c) ? c : UNKNOWN);
	}
	text_add(out, "\"");
}
