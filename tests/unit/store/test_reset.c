/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain, the launch image, and moving the block.
 */
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRONT	"/local/domain/1/device/vif/0"

static int setup(void **state)
{
	*state = rig_open(&rig_client);
	return 0;
}

static int teardown(void **state)
{
	rig_close(*state);
	return 0;
}

static uint32_t cells_left(struct rig *r, uint32_t i)
{
	struct client *c = store_client(r->s, i);

	return c->cell_free_count + c->cell_first + c->cell_count -
	       c->cell_fresh;
}

/* Everything that a guest can leave behind. */
static void live(struct rig *r)
{
	char value[900];

	memset(value, 'v', sizeof(value));
	value[899] = '\0';
	assert_int_equal(rig_write(r, 1, 0, "data/a/b", value), STORE_OK);
	assert_int_equal(rig_write(r, 1, 0, "data", "changed"), STORE_OK);
	assert_int_equal(rig_perms(r, 1, 0, "data", "b1 r5"), STORE_OK);
	assert_int_equal(rig_write(r, 1, 0, "/shared/one", value), STORE_OK);
	assert_int_equal(rig_write(r, 1, 0, "device/vif/0/ring-ref", "8"),
			 STORE_OK);
	assert_int_equal(rig_write(r, 1, 0, "device/vif/0/state", "4"),
			 STORE_OK);
	assert_int_equal(rig_path(r, 1, XS_RM, 0, "control/shutdown"),
			 STORE_OK);
	assert_int_equal(rig_watch(r, 1, XS_WATCH, "data", "t"), STORE_OK);
	uint32_t tx = rig_start(r, 1);

	assert_int_equal(rig_write(r, 1, tx, "data/tx", "1"), STORE_OK);
	rig_put(r, 1, &(struct xsd_sockmsg){ XS_READ, 1, 0, 5 }, 12);
	rig_settle(r);
}

static void ended_domain_leaves_nothing(void **state)
{
	struct rig *r = *state;
	uint32_t cells = cells_left(r, 1);
	uint32_t nodes = store_client(r->s, 1)->node_count;

	for (unsigned int i = 0; i < 20; i++) {
		live(r);
		/* 2 makes something in 1's home. */
		assert_int_equal(rig_write(r, 2, 0,
					   "/local/domain/1/data/from-2",
					   "x"), STORE_OK);
		rig_gone(r, 1);
		assert_false(client_is_clean(r->s, 1));
		rig_settle(r);
		assert_true(client_is_clean(r->s, 1));
		rig_audit(r);
		assert_int_equal(cells_left(r, 1), cells);
		assert_int_equal(store_client(r->s, 1)->node_count, nodes);
		rig_connect(r, 1);
		rig_expect_value(r, 1, 0, "data", "");
		rig_path(r, 1, XS_GET_PERMS, 0, "data");
		rig_expect(r, 1, TEXT("n1\0"));
		rig_path(r, 1, XS_DIRECTORY, 0, "data");
		rig_expect(r, 1, TEXT(""));
		rig_expect_value(r, 1, 0, "control/shutdown", "");
		rig_expect_value(r, 1, 0, "device/vif/0/state", "6");
		assert_int_equal(rig_path(r, 1, XS_READ, 0,
					  "device/vif/0/ring-ref"),
				 STORE_ENOENT);
		assert_int_equal(rig_path(r, 2, XS_READ, 0, "/shared/one"),
				 STORE_ENOENT);
		rig_expect_no_event(r, 1);
	}
}

static void other_end_hears_of_the_end(void **state)
{
	struct rig *r = *state;

	live(r);
	rig_watch(r, 2, XS_WATCH, FRONT "/state", "fe");
	rig_watch(r, 2, XS_WATCH, FRONT "/ring-ref", "ring");
	rig_expect_event(r, 2, FRONT "/state", "fe");
	rig_expect_event(r, 2, FRONT "/ring-ref", "ring");
	rig_gone(r, 1);
	rig_expect_event(r, 2, FRONT "/ring-ref", "ring");
	rig_expect_event(r, 2, FRONT "/state", "fe");
	rig_expect_value(r, 2, 0, FRONT "/state", "6");
	rig_expect_no_event(r, 2);
}

/* Ten thousand lives of a device leave no trace. */
static void many_connections_return_everything(void **state)
{
	struct rig *r = *state;
	uint32_t one = cells_left(r, 1), two = cells_left(r, 2);

	for (unsigned int i = 0; i < 1000; i++) {
		uint32_t tx = rig_start(r, 1);

		rig_write(r, 1, tx, "device/vif/0/ring-ref", "8");
		rig_write(r, 1, tx, "device/vif/0/event-channel", "9");
		rig_write(r, 1, tx, "device/vif/0/state", "4");
		assert_int_equal(rig_end(r, 1, tx, true), STORE_OK);
		rig_watch(r, 2, XS_WATCH, FRONT "/state", "t");
		rig_write(r, 2, 0, "backend/vif/1/0/state", "4");
		rig_watch(r, 2, XS_UNWATCH, FRONT "/state", "t");
		rig_write(r, 2, 0, "backend/vif/1/0/state", "1");
		rig_path(r, 1, XS_RM, 0, "device/vif/0/ring-ref");
		rig_path(r, 1, XS_RM, 0, "device/vif/0/event-channel");
		rig_write(r, 1, 0, "device/vif/0/state", "1");
		rig_take(r, 2);
	}
	rig_settle(r);
	assert_int_equal(cells_left(r, 1), one);
	assert_int_equal(cells_left(r, 2), two);
}

static void moved_block_goes_on(void **state)
{
	struct rig *r = *state;
	struct guest *g = &r->guest[1];

	r->move = true;
	live(r);
	/* The second half of the request that live() began. */
	rig_put(r, 1, "\5\0\0\0name", 9);
	g->req_id = 1;
	rig_settle(r);
	assert_true(rig_take(r, 1));
	assert_string_equal(g->reply, "client");
	rig_expect_value(r, 1, 1, "data/tx", "1");
	assert_int_equal(rig_end(r, 1, 1, true), STORE_OK);
	rig_expect_value(r, 1, 0, "data/tx", "1");
	rig_gone(r, 1);
	rig_settle(r);
	assert_true(client_is_clean(r->s, 1));
	assert_true(r->moves > 20);
}

static void damaged_block_is_refused(void **state)
{
	struct rig *r = *state;
	uint64_t size = r->s->size;
	struct store *copy = aligned_alloc(128, (size + 127) & ~127ull);
	struct image other = r->image;
	uint8_t *bytes = malloc(other.size);

	memcpy(copy, r->s, size);
	assert_non_null(block_open(copy, size, &r->image));
	block_seal(copy);
	assert_null(block_open(copy, size, &r->image));
	for (uint64_t at = 0; at < size; at += 8191) {
		memcpy(copy, r->s, size);
		block_seal(copy);
		((uint8_t *)copy)[at] ^= 0x10;
		assert_non_null(block_open(copy, size, &r->image));
	}
	memcpy(copy, r->s, size);
	block_seal(copy);
	assert_non_null(block_open(copy, size - 8, &r->image));
	memcpy(bytes, other.bytes, other.size);
	other.bytes = bytes;
	((struct image_head *)bytes)->checksum++;
	assert_non_null(block_open(copy, size, &other));
	free(bytes);
	free(copy);
}

/* Every byte of an image counts: flipped with the sum repaired, or cut. */
static void wrong_images_are_refused_or_load(void **state)
{
	struct rig *r = *state;
	uint32_t size = r->image.size, refused = 0;
	uint8_t *bytes = malloc(size);
	struct image image = { bytes, size };
	struct image_head *h = (struct image_head *)bytes;

	for (uint32_t at = 0; at < size; at++) {
		uint64_t room;
		void *block;

		memcpy(bytes, r->image.bytes, size);
		bytes[at] ^= (uint8_t)(1u << at % 8);
		assert_true(at < sizeof(*h) || image_check(&image));
		if (at < 16 || at >= 20)
			h->checksum = image_sum(h + 1, size - sizeof(*h));
		if (image_check(&image)) {
			refused++;
			continue;
		}
		room = block_size(&image);
		if (room > 1u << 24)
			continue;
		block = aligned_alloc(128, (room + 127) & ~127ull);
		memset(block, 0, room);
		if (!block_init(block, &image)) {
			uint8_t *seen = malloc(((struct store *)block)
						       ->cell_count);

			assert_null(block_audit(block, seen, r->per_arena));
			free(seen);
		} else {
			refused++;
		}
		free(block);
	}
	assert_true(refused > 200);
	for (uint32_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut + 1);

		memcpy(exact, r->image.bytes, cut);
		image = (struct image){ exact, cut };
		assert_non_null(image_check(&image));
		free(exact);
	}
	free(bytes);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(ended_domain_leaves_nothing),
		T(other_end_hears_of_the_end),
		T(many_connections_return_everything),
		T(moved_block_goes_on),
		T(damaged_block_is_refused),
		T(wrong_images_are_refused_or_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
