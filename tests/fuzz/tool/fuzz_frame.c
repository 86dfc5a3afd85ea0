/* SPDX-License-Identifier: MIT */
/*
 * Any bytes on the telemetry port, in pieces whose size the first byte
 * gives. The reader never stalls, and what it finds is a frame: written
 * again it gives the same bytes. A good frame at the end is found, unless
 * noise was itself a frame that reached into it.
 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* How many frames there were; adds to *last those that are our last one. */
static unsigned int drain(struct frame_reader *r, unsigned int *last)
{
	uint8_t again[FRAME_MAX];
	struct frame f, back;
	unsigned int count = 0;

	while (frame_next(r, &f)) {
		struct frame_reader one = { 0 };

		require(f.length <= TELEMETRY_PAYLOAD_MAX);
		frame_feed(&one, again, frame_write(&f, again));
		require(frame_next(&one, &back));
		require(back.type == f.type && back.domid == f.domid);
		require(!memcmp(back.payload, f.payload, f.length));
		count++;
		*last += f.type == TELEMETRY_DONE && f.domid == 0xbeef;
	}
	require(frame_room(r) > 0);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct frame_reader r = { 0 };
	struct frame f = frame_make(TELEMETRY_DONE, 0xbeef, "\x10", 1);
	uint8_t last[FRAME_MAX], zero[FRAME_MAX] = { 0 };
	size_t piece = size ? bytes[0] + 1u : 1, n = frame_write(&f, last);
	unsigned int found = 0, taken;

	while (size) {
		size_t give = piece < size ? piece : size;

		if (give > frame_room(&r))
			give = frame_room(&r);
		frame_feed(&r, bytes, give);
		bytes += give;
		size -= give;
		drain(&r, &found);
	}
	/* A false start may wait for a frame's length of bytes at most. */
	frame_feed(&r, last, n);
	found = 0;
	taken = drain(&r, &found);
	for (size_t fed = 0; fed < FRAME_MAX; fed += n) {
		n = frame_room(&r) < FRAME_MAX ? frame_room(&r) : FRAME_MAX;
		frame_feed(&r, zero, n);
		taken += drain(&r, &found);
	}
	/* Noise with a right CRC, by chance, may have swallowed it. */
	require(found || taken);
	return 0;
}
