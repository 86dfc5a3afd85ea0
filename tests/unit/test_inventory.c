/* SPDX-License-Identifier: MIT */
/* TELEMETRY_OP_INVENTORY says what the machine has, in bounded pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <bulkhead/telemetry.h>
#include "core/world.h"
#include "lib/crc.h"
#include "pci_fixture.h"
#include "vdev/telemetry.h"

#define COOKIE	0x89abcdefu

/* What one command brought. */
struct part {
	struct telemetry_inventory head;
	struct telemetry_function row[8];
	size_t rows;
	struct telemetry_reply reply;
	char text[256];
};

static struct ring box;

static void ask_for(uint32_t from)
{
	struct telemetry_command c = {
		COOKIE, TELEMETRY_OP_INVENTORY,
		{ (uint8_t)from, (uint8_t)(from >> 8), (uint8_t)(from >> 16) }
	};
	uint8_t frame[16] = { TELEMETRY_START, TELEMETRY_COMMAND, 0, 0,
			      sizeof(c) };
	uint16_t crc;

	memcpy(frame + 6, &c, sizeof(c));
	crc = crc16(0xffff, frame + 1, 5 + sizeof(c));
	memcpy(frame + 14, &crc, sizeof(crc));
	for (unsigned int i = 0; i < sizeof(frame); i++)
		telemetry_receive(&box, frame[i]);
}

static struct part part(uint32_t from)
{
	uint8_t byte[sizeof(box.byte)];
	struct part p = { .rows = 0 };
	size_t size, first, second;

	ask_for(from);
	size = ring_take(&box, byte, sizeof(byte));
	/* What a flood of console output leaves free. */
	assert_true(size <= 248);
	assert_int_equal(byte[1], TELEMETRY_INVENTORY);
	first = (size_t)(byte[4] | byte[5] << 8);
	memcpy(&p.head, byte + 6, sizeof(p.head));
	p.rows = (first - sizeof(p.head)) / sizeof(p.row[0]);
	memcpy(p.row, byte + 6 + sizeof(p.head), p.rows * sizeof(p.row[0]));
	second = first + 8;
	assert_int_equal(byte[second + 1], TELEMETRY_REPLY);
	memcpy(&p.reply, byte + second + 6, sizeof(p.reply));
	memcpy(p.text, byte + second + 6 + sizeof(p.reply),
	       size - second - 8 - sizeof(p.reply));
	assert_int_equal(p.head.cookie, COOKIE);
	assert_int_equal(p.reply.cookie, COOKIE);
	return p;
}

static void functions_come_in_order_and_once(void **state)
{
	static const uint16_t there[] = { BDF, BDF + 1, 0xfa };
	struct part p;

	(void)state;
	pci_fixture_plug(0x1fa, 0x01080202);
	pci_fixture_plug(0xfa, 0x01060100);
	pci_fixture_plug(BDF + 1, 0x0c050000);
	pci_fixture_given[0] = BDF;
	assert_int_equal(pci_fixture_launch(1), 0);
	struct mock_pci before = mock.pci[0];

	p = part(0);
	assert_int_equal(p.rows, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(p.row[i].bdf, there[i]);
	assert_memory_equal(p.row[0].config, before.reg, 64);
	assert_int_equal(p.reply.status, BDF + 2);
	p = part(BDF + 2);
	assert_int_equal(p.rows, 1);
	assert_int_equal(p.row[0].bdf, there[2]);
	assert_int_equal(p.row[0].config[2], 0x01060100);
	assert_int_equal(p.reply.status, 0);
	/* Each bus is asked for by itself. */
	p = part(0x100);
	assert_int_equal(p.rows, 1);
	assert_int_equal(p.row[0].bdf, 0x1fa);
	assert_int_equal(p.reply.status, 0);
	p = part(0xffff00);
	assert_int_equal(p.rows, 0);
	assert_int_equal(p.reply.status, 0);
	/* Looking changes nothing. */
	assert_memory_equal(&before, &mock.pci[0], sizeof(before));
}

static void the_machine_is_described(void **state)
{
	struct part p;

	(void)state;
	pci_fixture_given[0] = BDF;
	assert_int_equal(pci_fixture_launch(1), 0);
	/* It is no command that changes anything. */
	world.commands_allowed = false;
	p = part(0);
	assert_string_equal(p.text, "mock");
	assert_int_equal(p.head.cpu_count, world.cpu_count - world.cpu_first);
	assert_int_equal(p.head.ram_kib, world.ram_frames * 4);
	mock.iommu_lacks = "it has no IOMMU";
	assert_string_equal(part(0).text, "none: it has no IOMMU");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, pci_fixture_start)
	const struct CMUnitTest tests[] = {
		TEST(functions_come_in_order_and_once),
		TEST(the_machine_is_described),
	};

	return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
