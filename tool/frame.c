/* SPDX-License-Identifier: MIT */
/*
 * Framing; see frame.h.
 */
#include "frame.h"

#include <string.h>

uint16_t frame_crc(const uint8_t *bytes, size_t count)
{
	uint32_t crc = 0xffff;

	for (size_t i = 0; i < count; i++) {
		crc ^= (uint32_t)bytes[i] << 8;
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
	}
	return (uint16_t)crc;
}

size_t frame_write(const struct frame *f, uint8_t out[FRAME_MAX])
{
	size_t end = FRAME_HEADER + f->length;

	out[0] = TELEMETRY_START;
	out[1] = f->type;
	put_le16(out + 2, f->domid);
	put_le16(out + 4, f->length);
	memcpy(out + FRAME_HEADER, f->payload, f->length);
	put_le16(out + end, frame_crc(out + 1, end - 1));
	return end + 2;
}

size_t frame_room(const struct frame_reader *r)
{
	return sizeof(r->bytes) - r->count;
}

void frame_feed(struct frame_reader *r, const uint8_t *bytes, size_t count)
{
	if (count > frame_room(r))
		count = frame_room(r);
	memcpy(r->bytes + r->count, bytes, count);
	r->count += count;
}

static void drop(struct frame_reader *r, size_t count)
{
	r->count -= count;
	memmove(r->bytes, r->bytes + count, r->count);
}

bool frame_next(struct frame_reader *r, struct frame *out)
{
	size_t bad = 0;

	for (;; bad++) {
		const uint8_t *p = r->bytes + bad;
		size_t left = r->count - bad;

		if (left && p[0] != TELEMETRY_START)
			continue;
		if (left < FRAME_HEADER)
			break;
		size_t length = le16(p + 4), end = FRAME_HEADER + length;

		if (length > TELEMETRY_PAYLOAD_MAX)
			continue;
		if (left < end + 2)
			break;
		if (le16(p + end) != frame_crc(p + 1, end - 1))
			continue;
		out->type = p[1];
		out->domid = le16(p + 2);
		out->length = (uint16_t)length;
		memcpy(out->payload, p + FRAME_HEADER, length);
		r->skipped += bad;
		drop(r, bad + end + 2);
		return true;
	}
	r->skipped += bad;
	drop(r, bad);
	return false;
}

struct frame frame_make(unsigned int type, unsigned int domid,
			const void *payload, size_t length)
{
	struct frame f = { .type = (uint8_t)type, .domid = (uint16_t)domid };

	if (length > TELEMETRY_PAYLOAD_MAX)
		length = TELEMETRY_PAYLOAD_MAX;
	f.length = (uint16_t)length;
	if (length)
		memcpy(f.payload, payload, length);
	return f;
}

struct frame frame_command(enum telemetry_op op, unsigned int domid,
			   uint32_t cookie)
{
	struct telemetry_command c = { .cookie = cookie, .op = (uint8_t)op };

	return frame_make(TELEMETRY_COMMAND, domid, &c, sizeof(c));
}
