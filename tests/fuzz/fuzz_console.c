/* SPDX-License-Identifier: MIT */
/*
 * A console ring in the hands of a guest that writes indices and bytes as it
 * likes, with output, input, readers and restarts in between. What must hold:
 *  F1  while the indices are sane, what was in the ring is what comes out,
 *      but for what the rate limit drops, which is counted;
 *  F2  a visit moves at most 512 bytes, and only if the indices are sane;
 *  F3  the VMM writes nothing of the ring page but the input, its index and
 *      the output's consumer index;
 *  F4  typed bytes arrive in order, or are refused.
 */
#include "world_fixture.h"
#include <stdlib.h>
#include <xen/io/console.h>
#include "ledger.h"
#include "vdev/console.h"

static struct domain *d;
static struct xencons_interface *ring;
static uint64_t seen;
static uint8_t typed, expected;	/* next byte to type, to find */
static bool lost;		/* the guest spoilt its own input */

static void check_read(size_t size)
{
	char buffer[600];
	uint64_t produced = d->console.produced, from = seen;
	size_t n = console_history(d, &seen, buffer, MIN(size, sizeof(buffer)));

	assert_true(n <= size && n <= sizeof(buffer));
	assert_true(seen >= from && seen <= produced);
	assert_true(seen - from >= n);
}

/* A visit whether or not the guest asked for it; true when more is left. */
static bool console_service(struct domain *of)
{
	atomic_fetch_or(&of->device_pending, BIT64(PORT_DEVICE_CONSOLE));
	console_look(of);
	return of->device_pending & BIT64(PORT_DEVICE_CONSOLE);
}

static void check_visit(void)
{
	struct xencons_interface old = *ring;
	uint32_t used = old.out_prod - old.out_cons, moved;
	uint64_t produced = d->console.produced;
	uint64_t dropped = d->console.dropped;
	bool more = console_service(d);
	char tail[512];

	moved = ring->out_cons - old.out_cons;
	if (used > sizeof(old.out)) {
		assert_int_equal(moved, 0);
		assert_false(more);
	} else {
		assert_int_equal(moved, MIN(used, 512u));
		assert_int_equal(more, used > 512);
	}
	assert_memory_equal(old.out, ring->out, sizeof(old.out));
	assert_int_equal(old.in_cons, ring->in_cons);
	assert_int_equal(old.out_prod, ring->out_prod);
	/* Nothing dropped before or now: the very bytes are in the history. */
	if (dropped || d->console.dropped || !moved)
		return;
	assert_int_equal(d->console.produced - produced, moved);
	console_history(d, &produced, tail, moved);
	for (uint32_t i = 0; i < moved; i++)
		assert_int_equal(tail[i], old.out[(old.out_cons + i) % 2048]);
}

/* The guest takes what was typed, if its indices make sense. */
static void take_input(void)
{
	uint32_t used = ring->in_prod - ring->in_cons;

	if (used > sizeof(ring->in))
		return;
	while (used--) {
		uint8_t byte = (uint8_t)ring->in[ring->in_cons++ % 1024];

		if (!lost)
			assert_int_equal(byte, expected++);
	}
}

static void restart(void)
{
	console_init(d);
	assert_int_equal(ring->out_prod | ring->out_cons | ring->in_prod |
			 ring->in_cons, 0);
	expected = typed;
	lost = false;
}

static void act(uint8_t op, uint32_t value)
{
	static const uint32_t edge[] = { 0, 1, 2047, 2048, 2049, UINT32_MAX,
					 INT32_MAX, 1024 };

	switch (op % 12) {
	case 0:
		ring->out_prod = value;
		break;
	case 1:
		ring->out_cons = value;
		break;
	case 2:
		ring->out_prod = ring->out_cons +
				 edge[value % ARRAY_SIZE(edge)];
		break;
	case 3:
		ring->in_cons = value;
		lost = true;
		break;
	case 4:
		ring->in_prod = value;
		lost = true;
		break;
	case 5:
		memset(ring->out, (int)value, sizeof(ring->out) / 2);
		break;
	case 6:
		for (uint32_t i = 0; i < value % 600; i++)
			typed += console_input(d, (char)typed);
		break;
	case 7:
		take_input();
		break;
	case 8:
		mock.time += value % (2 * NSEC_PER_SEC);
		break;
	case 9:
		check_read(value % 700);
		break;
	case 10:
		if (value % 8 == 0)
			restart();
		break;
	default:
		check_visit();
	}
	assert_false(spin_is_locked(&d->console.lock));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* A failed assertion is a crash. */
	return setenv("CMOCKA_TEST_ABORT", "1", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world_start(1, NULL);
	d = vm_at(1);
	ring = arch_frame_ptr(d->console.ring);
	seen = 0;
	typed = 0;
	restart();
	for (; size >= 5; data += 5, size -= 5) {
		uint32_t value;

		memcpy(&value, data + 1, sizeof(value));
		act(data[0], value);
	}
	world_check();
	return 0;
}
