/* SPDX-License-Identifier: MIT */
/* OP_SHARES and OP_LIST say what there is in bounded pieces. */
#include "grant_fixture.h"
#include <bulkhead/telemetry.h>
#include <xen/event_channel.h>
#include "core/event.h"
#include "lib/crc.h"
#include "vdev/telemetry.h"

#define VMS	24u
#define COOKIE	0x1234567u

/* What frames said of each peer. */
struct said {
	struct {
		bool allowed;
		uint32_t channels, maps, events;
		struct telemetry_share port;	/* the last of them */
	} peer[VMS + 1];
	unsigned int rows, pieces;
};

static struct ring box;

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

/* Through the port, as the tool asks. */
static void ask_for(enum telemetry_op op, unsigned int domid, uint32_t from)
{
	struct telemetry_command c = {
		COOKIE, (uint8_t)op,
		{ (uint8_t)from, (uint8_t)(from >> 8), (uint8_t)(from >> 16) }
	};
	uint8_t frame[16] = { TELEMETRY_START, TELEMETRY_COMMAND,
			      (uint8_t)domid, 0, sizeof(c) };
	uint16_t crc;

	memcpy(frame + 6, &c, sizeof(c));
	crc = crc16(0xffff, frame + 1, 5 + sizeof(c));
	memcpy(frame + 14, &crc, sizeof(crc));
	for (unsigned int i = 0; i < sizeof(frame); i++)
		telemetry_receive(&box, frame[i]);
}

static void hear(const struct telemetry_share *row, struct said *s)
{
	assert_in_range(row->peer, 1, VMS);
	switch ((enum telemetry_share_kind)row->kind) {
	case TELEMETRY_SHARE_PEER:
		assert_false(s->peer[row->peer].allowed);
		s->peer[row->peer].allowed = true;
		return;
	case TELEMETRY_SHARE_PORT:
		s->peer[row->peer].channels++;
		s->peer[row->peer].events += row->count;
		s->peer[row->peer].port = *row;
		return;
	case TELEMETRY_SHARE_MAP:
		s->peer[row->peer].maps += row->count;
		return;
	}
	fail_msg("a row of kind %u", row->kind);
}

/* Takes the frame at `at`; its length, and the status if it is a REPLY. */
static size_t take(const uint8_t *at, unsigned int domid, struct said *s,
		   int32_t *status)
{
	size_t length = u16(at + 4);
	struct telemetry_reply reply;
	struct telemetry_share row;

	assert_int_equal(at[0], TELEMETRY_START);
	assert_int_equal(u16(at + 2), domid);
	assert_int_equal(u16(at + 6 + length),
			 crc16(0xffff, at + 1, length + 5));
	memcpy(&reply, at + 6, sizeof(reply));
	assert_int_equal(reply.cookie, COOKIE);
	if (at[1] == TELEMETRY_REPLY) {
		*status = reply.status;
		return length + 8;
	}
	assert_int_equal(at[1], TELEMETRY_SHARES);
	assert_int_equal((length - 4) % sizeof(row), 0);
	for (size_t i = 4; i < length; i += sizeof(row)) {
		memcpy(&row, at + 6 + i, sizeof(row));
		hear(&row, s);
		s->rows++;
	}
	return length + 8;
}

/* One piece; the REPLY's status. */
static int32_t piece(unsigned int domid, uint32_t from, struct said *s)
{
	static uint8_t byte[sizeof(box.byte)];
	int32_t status = INT32_MIN;
	size_t size, at = 0;

	ask_for(TELEMETRY_OP_SHARES, domid, from);
	size = ring_take(&box, byte, sizeof(byte));
	/* What a flood of console output leaves free. */
	assert_true(size <= 248);
	while (at < size)
		at += take(byte + at, domid, s, &status);
	assert_int_equal(at, size);
	s->pieces++;
	return status;
}

static struct said ask(unsigned int domid)
{
	struct said s = { .rows = 0 };
	int32_t from = 0, next;

	while ((next = piece(domid, (uint32_t)from, &s))) {
		assert_true(next > from);
		from = next;
	}
	return s;
}

static evtchn_port_t offer_to(unsigned int a, unsigned int b)
{
	struct evtchn_alloc_unbound offer = {
		.dom = DOMID_SELF, .remote_dom = (domid_t)b
	};

	assert_int_equal(world_call(vcpu_at(a, 0), do_event_channel_op,
				    EVTCHNOP_alloc_unbound, &offer,
				    sizeof(offer), 0), 0);
	return offer.port;
}

/* The port of b, bound to one of a. */
static evtchn_port_t channel(unsigned int a, unsigned int b)
{
	struct evtchn_bind_interdomain bind = {
		.remote_dom = (domid_t)a, .remote_port = offer_to(a, b)
	};

	assert_int_equal(world_call(vcpu_at(b, 0), do_event_channel_op,
				    EVTCHNOP_bind_interdomain, &bind,
				    sizeof(bind), 0), 0);
	return bind.local_port;
}

static void strangers_are_not_named(void **state)
{
	(void)state;
	assert_int_equal(ask(1).rows, 0);
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
	assert_int_equal(ask(2).peer[1].maps, 0);
}

static void events_are_counted_where_they_are_sent(void **state)
{
	evtchn_port_t port;
	struct said s;

	(void)state;
	world_allow(1, 2);
	channel(2, 1);
	port = channel(1, 2);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(event_send(vm_at(2), port), 0);
	s = ask(2);
	assert_int_equal(s.peer[1].events, 3);
	assert_int_equal(s.peer[1].port.port, port);
	assert_int_equal(s.peer[1].port.count, 3);
	assert_int_equal(event_send(vm_at(2), 1000), -XEN_EINVAL);
	assert_int_equal(ask(2).peer[1].events, 3);
	/* The way back was not taken. */
	s = ask(1);
	assert_int_equal(s.peer[2].events, 0);
	assert_int_equal(s.peer[2].port.peer_port, port);
}

static void an_offer_is_no_channel(void **state)
{
	struct said s;

	(void)state;
	world_allow(1, 2);
	offer_to(1, 2);
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
	assert_int_equal(s.rows, 1);
	world.store = 0;
}

/* More rows than a piece holds, in tables longer than a piece. */
static void many_rows_take_several_pieces(void **state)
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
	assert_true(s.pieces >= 21 * (VMS - 1) / 16);
	/* With little to say, a piece still looks at a bounded part. */
	assert_true(ask(VMS).pieces >= 3);
}

static void nonsense_is_answered(void **state)
{
	struct said s = { .rows = 0 };

	(void)state;
	assert_int_equal(piece(1, 0xffffff, &s), 0);
	assert_int_equal(piece(VMS + 1, 0, &s), -XEN_ESRCH);
	assert_int_equal(piece(0, 0, &s), -XEN_ESRCH);
	assert_int_equal(s.rows, 0);
}

/* A part of the list: rows go on at *count. The REPLY's status. */
static int32_t list(uint32_t from, struct telemetry_domain *row, size_t *count)
{
	static uint8_t byte[sizeof(box.byte)];
	struct telemetry_reply reply;
	const uint8_t *at = byte;
	size_t size;

	ask_for(TELEMETRY_OP_LIST, 0, from);
	size = ring_take(&box, byte, sizeof(byte));
	assert_true(size <= 248);
	for (; at[1] == TELEMETRY_DOMAIN; at += u16(at + 4) + 8) {
		assert_true(*count < VMS);
		assert_int_equal(u16(at + 2), *count + 1);
		assert_int_equal(u16(at + 4), sizeof(*row));
		memcpy(&row[(*count)++], at + 6, sizeof(*row));
	}
	assert_int_equal(at[1], TELEMETRY_REPLY);
	assert_int_equal(at + u16(at + 4) + 8 - byte, size);
	memcpy(&reply, at + 6, sizeof(reply));
	return reply.status;
}

static void the_list_has_every_vm_once_and_in_order(void **state)
{
	struct telemetry_domain row[VMS];
	size_t count = 0;
	int32_t next = 0;

	(void)state;
	while ((next = list((uint32_t)next, row, &count)))
		assert_int_equal(next, count);
	assert_int_equal(count, VMS);
	for (unsigned int i = 0; i < VMS; i++) {
		assert_string_equal(row[i].name, vm_at(i + 1)->name);
		assert_int_equal(row[i].memory_kib,
				 vm_at(i + 1)->ram_frames * 4);
	}
	count = 0;
	assert_int_equal(list(VMS, row, &count), 0);
	assert_int_equal(list(0xffffff, row, &count), 0);
	assert_int_equal(count, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(strangers_are_not_named),
		test(both_sides_say_what_is_there),
		test(events_are_counted_where_they_are_sent),
		test(an_offer_is_no_channel),
		test(the_store_may_share_with_all),
		test(many_rows_take_several_pieces),
		test(nonsense_is_answered),
		test(the_list_has_every_vm_once_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
