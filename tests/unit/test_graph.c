/* SPDX-License-Identifier: MIT */
/* TELEMETRY_OP_GRAPH says what the tables hold, in bounded pieces. */
#include "grant_fixture.h"
#include <bulkhead/telemetry.h>
#include <xen/event_channel.h>
#include "lib/crc.h"
#include "vdev/graph.h"
#include "vdev/telemetry.h"

#define VMS	24u
#define COOKIE	0x1234567u

/* What frames said of each peer, and how it ended. */
struct said {
	struct telemetry_pair peer[VMS + 1];
	unsigned int frames, pieces;
	bool replied;
};

static struct outbox box;

static int start(void **state)
{
	struct vm_spec spec[VMS] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < VMS; i++)
		spec[i] = (struct vm_spec){ .port_count = 1024,
					    .map_count = 600 };
	world_start(VMS, spec);
	memset(&box, 0, sizeof(box));
	return 0;
}

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static void hear(const uint8_t *frame, unsigned int domid, struct said *s)
{
	struct telemetry_pair pair;
	struct telemetry_reply reply;

	assert_int_equal(u16(frame + 2), domid);
	if (frame[1] == TELEMETRY_REPLY) {
		memcpy(&reply, frame + 6, sizeof(reply));
		assert_int_equal(reply.cookie, COOKIE);
		assert_int_equal(reply.status, 0);
		assert_false(s->replied);
		s->replied = true;
		return;
	}
	assert_int_equal(frame[1], TELEMETRY_PAIR);
	assert_int_equal(u16(frame + 4), sizeof(pair));
	assert_false(s->replied);
	memcpy(&pair, frame + 6, sizeof(pair));
	assert_int_equal(pair.cookie, COOKIE);
	assert_in_range(pair.peer, 1, VMS);
	s->peer[pair.peer].allowed |= pair.allowed;
	s->peer[pair.peer].channels += pair.channels;
	s->peer[pair.peer].maps += pair.maps;
	s->frames++;
}

/* Everything in the outbox. */
static void drain(unsigned int domid, struct said *s)
{
	static uint8_t byte[sizeof(box.byte)];
	size_t size = outbox_take(&box, byte, sizeof(byte)), at = 0, length;

	for (; at < size; at += length) {
		assert_int_equal(byte[at], TELEMETRY_START);
		length = u16(byte + at + 4) + 8u;
		assert_true(at + length <= size);
		assert_int_equal(u16(byte + at + length - 2),
				 crc16(0xffff, byte + at + 1, length - 3));
		hear(byte + at, domid, s);
	}
}

static struct said ask(unsigned int domid)
{
	struct said s = { .frames = 0 };

	assert_int_equal(graph_begin(vm_at(domid), COOKIE), 0);
	while (graph_step(&box)) {
		s.pieces++;
		assert_true(s.pieces < 1000);
		drain(domid, &s);
	}
	assert_true(s.replied);
	return s;
}

static void channel(unsigned int a, unsigned int b)
{
	struct evtchn_alloc_unbound offer = {
		.dom = DOMID_SELF, .remote_dom = (domid_t)b
	};
	struct evtchn_bind_interdomain bind = { .remote_dom = (domid_t)a };

	assert_int_equal(world_call(vcpu_at(a, 0), do_event_channel_op,
				    EVTCHNOP_alloc_unbound, &offer,
				    sizeof(offer), 0), 0);
	bind.remote_port = offer.port;
	assert_int_equal(world_call(vcpu_at(b, 0), do_event_channel_op,
				    EVTCHNOP_bind_interdomain, &bind,
				    sizeof(bind), 0), 0);
}

static void strangers_are_not_named(void **state)
{
	struct said s = ask(1);

	(void)state;
	assert_int_equal(s.frames, 0);
}

static void both_sides_say_what_is_there(void **state)
{
	struct gnttab_map_grant_ref op[3];
	struct said s;

	(void)state;
	world_allow(1, 2);
	world_allow(1, 3);
	channel(1, 2);
	channel(2, 1);
	channel(3, 1);
	for (uint32_t i = 0; i < 3; i++) {
		vm_grant(1, 8 + i, 2, 7 + i, RW);
		op[i] = map(2, HOLE + i * 0x1000, 1, 8 + i, 0);
		assert_int_equal(op[i].status, GNTST_okay);
	}
	s = ask(1);
	assert_true(s.peer[2].allowed && s.peer[3].allowed);
	assert_false(s.peer[4].allowed);
	assert_int_equal(s.peer[2].channels, 2);
	assert_int_equal(s.peer[3].channels, 1);
	assert_int_equal(s.peer[2].maps, 0);
	s = ask(2);
	assert_true(s.peer[1].allowed);
	assert_false(s.peer[3].allowed);
	assert_int_equal(s.peer[1].channels, 2);
	assert_int_equal(s.peer[1].maps, 3);
	assert_int_equal(unmap(2, HOLE, op[0].handle), GNTST_okay);
	assert_int_equal(unmap(2, HOLE + 0x1000, op[1].handle), GNTST_okay);
	assert_int_equal(unmap(2, HOLE + 0x2000, op[2].handle), GNTST_okay);
	s = ask(2);
	assert_int_equal(s.peer[1].maps, 0);
}

static void an_offer_is_no_channel(void **state)
{
	struct evtchn_alloc_unbound offer = { .dom = DOMID_SELF,
					      .remote_dom = 2 };
	struct said s;

	(void)state;
	world_allow(1, 2);
	assert_int_equal(world_call(vcpu_at(1, 0), do_event_channel_op,
				    EVTCHNOP_alloc_unbound, &offer,
				    sizeof(offer), 0), 0);
	s = ask(1);
	assert_true(s.peer[2].allowed);
	assert_int_equal(s.peer[2].channels, 0);
}

static void the_store_may_share_with_all(void **state)
{
	struct said s;

	(void)state;
	world.store = 5;
	s = ask(5);
	for (unsigned int i = 1; i <= VMS; i++)
		assert_int_equal(s.peer[i].allowed, i != 5);
	s = ask(1);
	assert_true(s.peer[5].allowed);
	assert_int_equal(s.frames, 1);
	world.store = 0;
}

/* More peers than a piece can name, in a table longer than a piece. */
static void many_peers_take_several_pieces(void **state)
{
	struct said s;

	(void)state;
	for (unsigned int i = 2; i <= VMS; i++)
		world_allow(1, i);
	for (unsigned int round = 0; round < 20; round++)
		for (unsigned int i = 2; i <= VMS; i++)
			channel(1, i);
	s = ask(1);
	for (unsigned int i = 2; i <= VMS; i++) {
		assert_true(s.peer[i].allowed);
		assert_int_equal(s.peer[i].channels, 20);
	}
	/* 600 maps and 1024 ports are not done at once. */
	assert_true(s.pieces >= 2 + 4 + 3);
	assert_true(s.frames <= s.pieces * 16);
}

static void a_full_outbox_is_waited_for(void **state)
{
	static const uint8_t junk[1];
	struct said s = { .frames = 0 };

	(void)state;
	world_allow(1, 2);
	assert_int_equal(graph_begin(vm_at(1), COOKIE), 0);
	while (outbox_room(&box))
		outbox_put(&box, junk, 1);
	for (unsigned int i = 0; i < 100; i++)
		assert_true(graph_step(&box));
	assert_int_equal(outbox_room(&box), 0);
	box.tail = box.head;
	while (graph_step(&box))
		drain(1, &s);
	assert_true(s.replied && s.peer[2].allowed);
}

static void two_questions_at_once_are_refused(void **state)
{
	struct said s = { .frames = 0 };

	(void)state;
	assert_int_equal(graph_begin(vm_at(1), COOKIE), 0);
	assert_int_equal(graph_begin(vm_at(2), COOKIE), -XEN_EBUSY);
	while (graph_step(&box))
		drain(1, &s);
	assert_true(s.replied);
	assert_false(graph_step(&box));
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(strangers_are_not_named),
		test(both_sides_say_what_is_there),
		test(an_offer_is_no_channel),
		test(the_store_may_share_with_all),
		test(many_peers_take_several_pieces),
		test(a_full_outbox_is_waited_for),
		test(two_questions_at_once_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
