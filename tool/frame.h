/* SPDX-License-Identifier: MIT */
/*
 * Frames of include/bulkhead/telemetry.h, to and from bytes. The same
 * frames run between the VMM and the tool that owns it, and between that
 * tool and others over its control socket, which adds a few types.
 */
#pragma once
#include <bulkhead/telemetry.h>
#include "text.h"

#define FRAME_HEADER 6u
#define FRAME_MAX    (FRAME_HEADER + TELEMETRY_PAYLOAD_MAX + 2u)

/* On the control socket only. Text longer than a frame takes several. */
enum frame_local {
	FRAME_ATTACH = 0xc0,   /* to broker: show domid's console from now on */
	FRAME_DESCRIBE = 0xc1, /* to broker; back: text, then empty */
	FRAME_LOG = 0xc2,  /* to broker: u8 follow; back: text, then empty */
	FRAME_QUIT = 0xc3, /* to broker: end the machine */
};

struct frame {
	uint8_t type;
	uint16_t domid;
	uint16_t length;
	uint8_t payload[TELEMETRY_PAYLOAD_MAX];
};

/* Collects bytes and finds frames in them. */
struct frame_reader {
	uint8_t bytes[2 * FRAME_MAX];
	size_t count;
	uint64_t skipped; /* bytes that belonged to no frame */
};

/* CRC-16/CCITT-FALSE. */
uint16_t frame_crc(const uint8_t *bytes, size_t count);
/* The frame as bytes; returns how many. */
size_t frame_write(const struct frame *f, uint8_t out[FRAME_MAX]);
/* How many bytes fit: never 0 after frame_next() has said false. */
size_t frame_room(const struct frame_reader *r);
void frame_feed(struct frame_reader *r, const uint8_t *bytes, size_t count);
/* Takes the next whole frame out; false when there is none. */
bool frame_next(struct frame_reader *r, struct frame *out);

/* A frame with this payload; at most TELEMETRY_PAYLOAD_MAX bytes of it. */
struct frame frame_make(unsigned int type, unsigned int domid,
			const void *payload, size_t length);
struct frame frame_command(enum telemetry_op op, unsigned int domid,
			   uint32_t cookie);
