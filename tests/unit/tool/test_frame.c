/* SPDX-License-Identifier: MIT */
/*
 * Telemetry frames: the bytes are those of telemetry.h, and a receiver
 * finds its way through anything.
 */
#include "frame.h"
#include "tool_test.h"

#include <stdlib.h>
#include <string.h>

static void crc_is_the_published_one(void **state)
{
	(void)state;
	assert_int_equal(frame_crc((const uint8_t *)"123456789", 9), 0x29b1);
	assert_int_equal(frame_crc(NULL, 0), 0xffff);
}

static void frame_has_the_documented_bytes(void **state)
{
	struct frame f = frame_make(TELEMETRY_CONSOLE, 0x0102, "hi", 2);
	uint8_t bytes[FRAME_MAX];
	static const uint8_t want[] = { 0x7e, 3, 2, 1, 2, 0, 'h', 'i' };

	(void)state;
	assert_int_equal(frame_write(&f, bytes), 10);
	assert_memory_equal(bytes, want, sizeof(want));
	assert_int_equal(le16(bytes + 8), frame_crc(bytes + 1, 7));
}

static void command_is_a_telemetry_command(void **state)
{
	struct frame f = frame_command(TELEMETRY_OP_RESTART, 7, 0x01020304);
	static const uint8_t want[] = { 4, 3, 2, 1, 5, 0, 0, 0 };

	(void)state;
	assert_int_equal(f.type, TELEMETRY_COMMAND);
	assert_int_equal(f.domid, 7);
	assert_int_equal(f.length, sizeof(want));
	assert_memory_equal(f.payload, want, sizeof(want));
}

/* Feeds `bytes` in pieces of `piece`; counts the good console frames. */
static size_t count_frames(const uint8_t *bytes, size_t size, size_t piece)
{
	struct frame_reader r = { 0 };
	struct frame f;
	size_t found = 0;

	while (size) {
		size_t n = piece < size ? piece : size;

		if (n > frame_room(&r))
			n = frame_room(&r);
		assert_true(n > 0);
		frame_feed(&r, bytes, n);
		bytes += n;
		size -= n;
		while (frame_next(&r, &f)) {
			assert_true(f.length <= TELEMETRY_PAYLOAD_MAX);
			if (f.type == TELEMETRY_CONSOLE && f.domid == 5)
				found++;
		}
	}
	return found;
}

static void any_piece_size_gives_the_same_frames(void **state)
{
	struct text t = { 0 };
	uint8_t bytes[FRAME_MAX], payload[TELEMETRY_PAYLOAD_MAX];

	(void)state;
	memset(payload, TELEMETRY_START, sizeof(payload));
	for (size_t i = 0; i < 40; i++) {
		struct frame f =
			frame_make(TELEMETRY_CONSOLE, 5, payload, i * 13);

		text_add_bytes(&t, bytes, frame_write(&f, bytes));
	}
	for (size_t piece = 1; piece < 1100; piece += 7)
		assert_int_equal(count_frames((uint8_t *)t.at, t.length, piece),
				 40);
	text_free(&t);
}

static void noise_between_frames_is_skipped(void **state)
{
	struct text t = { 0 };
	uint8_t bytes[FRAME_MAX], noise[100];
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		struct frame f = frame_make(TELEMETRY_CONSOLE, 5, "text", 4);
		size_t n = i % sizeof(noise);

		for (size_t j = 0; j < n; j++) {
			seed = seed * 1664525u + 1013904223u;
			noise[j] = seed >> 28 ? (uint8_t)(seed >> 20) : 0x7e;
		}
		text_add_bytes(&t, noise, n);
		text_add_bytes(&t, bytes, frame_write(&f, bytes));
	}
	/* A false start that claims a length waits for so many bytes. */
	memset(noise, 0, sizeof(noise));
	for (size_t i = 0; i < 10; i++)
		text_add_bytes(&t, noise, sizeof(noise));
	assert_int_equal(count_frames((uint8_t *)t.at, t.length, 64), 200);
	text_free(&t);
}

static void damaged_frame_costs_only_itself(void **state)
{
	struct frame f = frame_make(TELEMETRY_CONSOLE, 5, "0123456789", 10);
	uint8_t one[FRAME_MAX], all[4 * FRAME_MAX];
	size_t n = frame_write(&f, one);

	(void)state;
	for (size_t at = 0; at < n; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			memset(all, 0, sizeof(all));
			for (size_t i = 0; i < 3; i++)
				memcpy(all + i * n, one, n);
			all[n + at] ^= (uint8_t)(1u << bit);
			assert_int_equal(count_frames(all, sizeof(all), 50), 2);
		}
}

static void too_long_payload_is_cut(void **state)
{
	uint8_t big[TELEMETRY_PAYLOAD_MAX + 10] = { 0 };
	struct frame f = frame_make(TELEMETRY_LOG, 0, big, sizeof(big));

	(void)state;
	assert_int_equal(f.length, TELEMETRY_PAYLOAD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_the_published_one),
		cmocka_unit_test(frame_has_the_documented_bytes),
		cmocka_unit_test(command_is_a_telemetry_command),
		cmocka_unit_test(any_piece_size_gives_the_same_frames),
		cmocka_unit_test(noise_between_frames_is_skipped),
		cmocka_unit_test(damaged_frame_costs_only_itself),
		cmocka_unit_test(too_long_payload_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
