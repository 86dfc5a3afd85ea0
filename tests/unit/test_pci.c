/* SPDX-License-Identifier: MIT */
/*
 * PCI functions of a VM: what its guest sees of them and may change, where
 * their messages go and how they are cut off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/mock/mock.h"
#include "core/p2m.h"
#include "core/platform.h"
#include "core/upcall.h"
#include "core/world.h"
#include "launch/launch.h"
#include "launch_fixture.h"
#include "pci_fixture.h"
#include "vdev/lapic.h"
#include "vdev/lapic_bits.h"
#include "vdev/pci.h"

/* Not its messages of errors, which are the machine's, nor "no snoop". */
#define EXPRESS_KEPT	(EXPRESS_FIRMWARE & ~0x80fu)

static void a_guest_sees_what_it_may_know(void **state)
{
	struct domain *d = pci_fixture_ready();

	(void)state;
	assert_int_equal(pci_get(d, PCI_ID), 0x00101b36);
	assert_int_equal(pci_get(d, PCI_CLASS), 0x01080202);
	assert_int_equal(pci_get(d, PCI_SUBSYSTEM), 0x11001af4);
	assert_int_equal(pci_get(d, PCI_INTERRUPT), 0);
	/* Not power management; of the table 8 messages. */
	assert_int_equal(pci_get(d, PCI_CAPABILITIES), CHAIN_MSIX);
	assert_int_equal(pci_get(d, CHAIN_PM), 0);
	assert_int_equal(pci_get(d, CHAIN_MSIX),
			 7u << 16 | CHAIN_MSI << 8 | CAP_MSIX);
	assert_int_equal(pci_get(d, CHAIN_MSIX + 4), 0x2000);
	assert_int_equal(pci_get(d, CHAIN_MSI),
			 MSI_64BIT | CHAIN_EXPRESS << 8 | CAP_MSI);
	assert_int_equal(pci_get(d, CHAIN_EXPRESS), 2u << 16 | CAP_EXPRESS);
	assert_int_equal(pci_get(d, CHAIN_EXPRESS + 4), 0x8000);
	/* A host bridge, and nobody else anywhere. */
	for (uint32_t slot = 0; slot < 0x100000; slot += slot < 64 ? 1 : 511) {
		uint32_t id;

		pci_write(d, PORT_PCI_ADDRESS, 4, 0x80000000 | slot << 8);
		id = pci_read(d, PORT_PCI_DATA, 4);
		assert_int_equal(id != UINT32_MAX, slot == 0 || slot == 8);
	}
	pci_write(d, PORT_PCI_ADDRESS, 4, 0x800);
	assert_int_equal(pci_read(d, PORT_PCI_DATA, 4), UINT32_MAX);
	/* Parts of registers, and the address port only as a whole. */
	pci_get(d, PCI_ID);
	assert_int_equal(pci_read(d, PORT_PCI_DATA + 2, 2) & 0xffff, 0x10);
	assert_int_equal(pci_read(d, PORT_PCI_DATA + 1, 1) & 0xff, 0x1b);
	assert_int_equal(pci_read(d, PORT_PCI_ADDRESS, 4), FUNCTION);
	assert_int_equal(pci_read(d, PORT_PCI_ADDRESS, 1), UINT32_MAX);
}

static void regions_are_sized_and_never_move(void **state)
{
	struct domain *d = pci_fixture_ready();
	uint32_t low = mock.pci[0].reg[PCI_BAR / 4];

	(void)state;
	assert_int_equal(low, REGISTERS | BAR_64BIT);
	assert_int_equal(pci_get(d, PCI_BAR), GPA_DEVICE | BAR_64BIT);
	pci_put(d, PCI_BAR, 4, UINT32_MAX);
	pci_put(d, PCI_BAR + 4, 4, UINT32_MAX);
	assert_int_equal(pci_get(d, PCI_BAR), 0xffffc000 | BAR_64BIT);
	assert_int_equal(pci_get(d, PCI_BAR + 4), UINT32_MAX);
	for (uint32_t to = 0; to < 0xf0000000; to += 0x01111000) {
		pci_put(d, PCI_BAR, 4, to);
		pci_put(d, PCI_BAR + 4, 4, 0);
		assert_int_equal(pci_get(d, PCI_BAR), GPA_DEVICE | BAR_64BIT);
		assert_int_equal(pci_get(d, PCI_BAR + 4), 0);
		assert_int_equal(mock.pci[0].reg[PCI_BAR / 4], low);
	}
	pci_put(d, 0x30, 4, 0xfffff800);		/* the ROM */
	assert_int_equal(pci_get(d, 0x30), 0);
}

static void few_bits_can_be_written(void **state)
{
	static const uint32_t values[] = { 0, UINT32_MAX, 0xa5a5a5a5,
					   0x5a5a5a5a, 0x80000001 };
	struct domain *d = pci_fixture_ready();
	struct mock_pci before = mock.pci[0];
	uint32_t may[64] = { 0 };

	(void)state;
	may[PCI_COMMAND / 4] = COMMAND_MASTER;
	may[CHAIN_MSIX / 4] = MSIX_ENABLE | MSIX_MASK_ALL;
	may[CHAIN_MSI / 4] = MSI_ENABLE;
	for (unsigned int at = 0; at < 256; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			for (unsigned int size = 1; size <= 4; size *= 2)
				if (at % size == 0)
					pci_put(d, at, size, values[i]);
			for (unsigned int n = 0; n < 64; n++)
				assert_int_equal((before.reg[n] ^
						  mock.pci[0].reg[n]) &
						 ~may[n], 0);
		}
	}
	/* Memory decoding stays on; the guest reads what it wrote. */
	pci_put(d, PCI_COMMAND, 2, COMMAND_MASTER);
	assert_int_equal(pci_get(d, PCI_COMMAND) & 0xffff, COMMAND_MASTER);
	assert_int_equal(mock.pci[0].reg[PCI_COMMAND / 4] & 0xffff,
			 COMMAND_MASTER | COMMAND_MEMORY | COMMAND_NO_INTX);
}

/* An access of v to a register, as the machine reports it. */
static bool touch(struct vcpu *v, uint64_t gpa, bool write, uint64_t *value)
{
	struct vmexit exit = { .reason = EXIT_MEMORY };
	bool done;

	exit.memory = (struct vmexit_memory){ .address = gpa, .write = write,
					      .size = 4, .gpr = 3,
					      .value = *value };
	done = pci_memory(v, &exit);
	*value = v->regs.rbx;
	return done;
}

static void table_write(struct domain *d, uint64_t offset, uint64_t value)
{
	assert_true(touch(&d->vcpu[0], TABLE + offset, true, &value));
}

static uint64_t table_read(struct domain *d, uint64_t offset)
{
	uint64_t value = 0;

	assert_true(touch(&d->vcpu[0], TABLE + offset, false, &value));
	return value;
}

static void the_table_of_messages_is_the_vmms(void **state)
{
	struct domain *d = pci_fixture_ready();
	uint64_t none = 0;

	(void)state;
	for (unsigned int page = 0; page < 4; page++) {
		struct p2m_entry e = p2m_lookup(
			d, GFN((GPA_DEVICE >> PAGE_SHIFT) + page));

		assert_int_equal(e.kind, page == 2 ? P2M_NONE : P2M_DEVICE);
		assert_true(page == 2 ||
			    e.mfn.n == (REGISTERS >> PAGE_SHIFT) + page);
		assert_null(p2m_ram_ptr(d, GFN((GPA_DEVICE >> PAGE_SHIFT) +
					       page)));
	}
	for (unsigned int n = 0; n < 80; n++) {
		uint32_t address = mock.registers[4 * n];
		uint32_t data = mock.registers[4 * n + 2];

		assert_int_equal(data, n < 8 ? n : 0);
		table_write(d, 16 * n, 0xfee01000);
		table_write(d, 16 * n + 4, 0xdead);
		table_write(d, 16 * n + 8, 0x50 + n);
		if (n < 65) {
			assert_int_equal(mock.registers[4 * n], address);
			assert_int_equal(mock.registers[4 * n + 1], 0);
			assert_int_equal(mock.registers[4 * n + 2], data);
		}
		if (n >= 8)
			continue;
		assert_int_equal(table_read(d, 16 * n), 0xfee01000);
		assert_int_equal(table_read(d, 16 * n + 4), 0);
		assert_int_equal(table_read(d, 16 * n + 8), 0x50 + n);
		assert_int_equal(table_read(d, 16 * n + 12), 1);
		table_write(d, 16 * n + 12, 0xfffffffe);
		assert_int_equal(mock.registers[4 * n + 3], 0);
	}
	/* Other pages, and what is no move of an aligned word. */
	assert_false(touch(&d->vcpu[0], TABLE + PAGE_SIZE, true, &none));
	assert_false(touch(&d->vcpu[0], TABLE + 2, true, &none));
	struct vmexit exit = { .reason = EXIT_MEMORY };

	exit.memory.address = TABLE;
	assert_false(pci_memory(&d->vcpu[0], &exit));
}

/* Entries need not be at multiples of their size. */
static void a_table_may_begin_in_the_middle_of_an_entry(void **state)
{
	struct domain *d;

	(void)state;
	mock.pci[0].reg[CHAIN_MSIX / 4 + 1] = 0x2008;
	d = pci_fixture_ready();
	for (unsigned int n = 0; n < 8; n++) {
		uint32_t *entry = &mock.registers[4 * n + 2];
		uint64_t at = 16 * n + 8;
		uint32_t address = entry[0];

		table_write(d, at, 0xfee01001);
		table_write(d, at + 4, UINT32_MAX);
		table_write(d, at + 8, 0x51);
		assert_int_equal(entry[0], address);
		assert_int_equal(entry[1], 0);
		assert_int_equal(entry[2], n);
		assert_int_equal(table_read(d, at), 0xfee01001);
		assert_int_equal(table_read(d, at + 4), 0);
		assert_int_equal(table_read(d, at + 8), 0x51);
		assert_int_equal(table_read(d, at + 12), 1);
		table_write(d, at + 12, 0xfffffffe);
		assert_int_equal(entry[3], 0);
	}
}

static bool requested(const struct vcpu *v, unsigned int vector)
{
	return v->lapic.irr[vector / 64] >> vector % 64 & 1;
}

static void a_message_raises_the_vector_that_the_guest_chose(void **state)
{
	struct domain *d = pci_fixture_ready();
	char text[8192];

	(void)state;
	mock.time += 60 * NSEC_PER_SEC;
	upcall_device(1);			/* not set up: nothing */
	pci_log(text, sizeof(text));
	assert_non_null(strstr(text, "vm1: message 0x0 of its device to 0x0: "
				     "refused\n"));
	for (unsigned int vector = 0; vector < 256; vector++)
		assert_false(requested(&d->vcpu[0], vector) ||
			     requested(&d->vcpu[1], vector));
	table_write(d, 16, 0xfee01000);
	table_write(d, 24, 0x61);
	upcall_device(1);
	assert_true(requested(&d->vcpu[1], 0x61));
	assert_false(requested(&d->vcpu[0], 0x61));
	/* Logical; and by the other capability, which is message 0. */
	table_write(d, 16, 0xfee01004);
	upcall_device(1);
	assert_true(requested(&d->vcpu[0], 0x61));
	pci_put(d, CHAIN_MSI + 4, 4, 0xfee00000);
	pci_put(d, CHAIN_MSI + 12, 2, 0x62);
	upcall_device(0);
	assert_true(requested(&d->vcpu[0], 0x62));
	/* Exceptions, NMIs, INITs and memory are not to be had. */
	for (uint32_t data = 0; data < 16; data++) {
		table_write(d, 24, data);
		upcall_device(1);
	}
	for (uint32_t mode = 2; mode < 8; mode++) {
		table_write(d, 24, mode << 8 | 0x63);
		upcall_device(1);
	}
	table_write(d, 16, 0x00100000);
	table_write(d, 24, 0x63);
	upcall_device(1);
	assert_false(requested(&d->vcpu[0], 0x63));
	pci_log(text, sizeof(text));
	assert_non_null(strstr(text, "vm1: message 0x463 of its device to "
				     "0xfee01004: refused\n"));
	assert_non_null(strstr(text, "vm1: message 0x63 of its device to "
				     "0x100000: refused\n"));
	assert_int_equal(d->vcpu[0].lapic.irr[0], 0);
	assert_int_equal(d->vcpu[0].pending & ~VCPU_PENDING_LAPIC, 0);
	for (unsigned int number = 8; number < 128; number++)
		upcall_device(number);		/* nobody's */
}

static void a_flood_is_cut_off_until_the_restart(void **state)
{
	struct domain *d = pci_fixture_ready();
	char text[8192];

	(void)state;
	pci_log(text, sizeof(text));
	mock.time += NSEC_PER_SEC;
	table_write(d, 0, 0xfee00000);
	table_write(d, 8, 0x70);
	for (unsigned int n = 0; n < 10 * 2000; n++) {
		mock.time += NSEC_PER_MS / 100;		/* 100,000 a second */
		upcall_device(0);
	}
	assert_ptr_equal(mock.attached[0], d);
	for (unsigned int n = 0; n < 2100; n++)
		upcall_device(0);
	assert_null(mock.attached[0]);
	pci_log(text, sizeof(text));
	assert_non_null(strstr(text, "vm1: its device 00:05.0 floods it"));
	/* It stays deaf, and has no way back by itself. */
	d->vcpu[0].lapic.irr[1] = 0;
	mock.time += NSEC_PER_SEC;
	upcall_device(0);
	assert_false(requested(&d->vcpu[0], 0x70));
	pci_put(d, PCI_COMMAND, 2, COMMAND_MASTER);
	assert_int_equal(mock.pci[0].reg[PCI_COMMAND / 4] & COMMAND_MASTER, 0);
	pci_start(d);
	assert_ptr_equal(mock.attached[0], d);
}

/* The end of d, at which this register has this value, and then another. */
static void stopped_by(struct domain *d, const uint32_t *reg, uint32_t value,
		       uint32_t awake)
{
	uint64_t phase = 0, since = 0;

	assert_false(pci_stop_step(d, &phase, &since));
	assert_null(mock.attached[0]);
	assert_int_equal(mock.pci[0].reg[PCI_COMMAND / 4] & 0xffff,
			 COMMAND_MEMORY | COMMAND_NO_INTX);
	assert_int_equal(*reg, value);
	mock.time += 99 * NSEC_PER_MS;
	assert_false(pci_stop_step(d, &phase, &since));
	assert_int_equal(*reg, value);
	mock.time += NSEC_PER_MS;
	assert_false(pci_stop_step(d, &phase, &since));
	assert_int_equal(*reg, awake);
	mock.time += 9 * NSEC_PER_MS;
	assert_false(pci_stop_step(d, &phase, &since));
	mock.time += NSEC_PER_MS;
	assert_true(pci_stop_step(d, &phase, &since));
}

static void stopped(struct domain *d, unsigned int at, uint32_t value)
{
	stopped_by(d, &mock.pci[0].reg[at / 4], value, 0);
}

/* A function of this kind that has no standard way to be reset. */
static uint32_t *plug_stubborn(uint32_t id, uint32_t class)
{
	uint32_t *reg = mock.pci[0].reg;

	pci_fixture_start(NULL);
	memset(mock.registers, 0xee, sizeof(mock.registers));
	reg[CHAIN_EXPRESS / 4 + 1] = 0x8000;
	reg[CHAIN_PM / 4 + 1] = BIT32(3);
	reg[PCI_ID / 4] = id;
	reg[PCI_CLASS / 4] = class;
	return reg;
}

static void a_known_device_is_quieted_by_its_registers(void **state)
{
	uint32_t *reg = plug_stubborn(0x10d38086, 0x02000000);
	struct domain *nic;

	(void)state;
	/* Though it says that sleep resets it. */
	reg[CHAIN_PM / 4 + 1] = 0;
	nic = pci_fixture_ready();
	mock.registers[0x40] = 0xee;
	stopped_by(nic, &mock.registers[0x40], 0, 0);
	assert_int_equal(world.device[0].reset_at, CHAIN_PM + 4);

	reg = plug_stubborn(0x29228086, 0x01060102);
	reg[PCI_BAR / 4 + 5] = REGISTERS + 0x10000;
	mock.pci[0].writable[PCI_BAR / 4 + 5] = 0xfffff000;
	stopped_by(pci_fixture_ready(), &mock.registers[1], 0x80000001,
		   0x80000001);

	/* By the status of virtio, if that lies in its registers. */
	for (unsigned int n = 0; n < 4; n++) {
		reg = plug_stubborn(n == 3 ? 0x10421b36 : 0x10421af4,
				    0x01000001);
		reg[CHAIN_PM / 4] = 1u << 24 | 16u << 16 | CHAIN_MSIX << 8 |
				    CAP_VENDOR;
		reg[CHAIN_PM / 4 + 1] = n == 1 ? 6 : 0;
		reg[CHAIN_PM / 4 + 2] = n == 2 ? 0x100000 : 0x1000;
		struct domain *d = pci_fixture_ready();

		mock.registers[5] = 0xee;
		if (!n)
			stopped_by(d, &mock.registers[5], 0, 0);
		else
			assert_null(world.device[0].quiet_regs);
	}
}

static void a_function_is_reset_by_what_it_has(void **state)
{
	uint32_t *reg = mock.pci[0].reg;
	char text[8192];

	(void)state;
	/* By sleep, if that resets it. */
	reg[CHAIN_EXPRESS / 4 + 1] = 0x8000;
	stopped(pci_fixture_ready(), CHAIN_PM + 4, 3);
	pci_start(world.domain[1]);
	assert_int_equal(reg[CHAIN_EXPRESS / 4 + 2], EXPRESS_KEPT);

	/* By that of PCI's "Advanced Features", in the same place. */
	pci_fixture_start(NULL);
	reg[CHAIN_EXPRESS / 4 + 1] = 0x8000;
	reg[CHAIN_PM / 4] = 0x03060000 | CHAIN_MSIX << 8 | CAP_ADVANCED;
	stopped(pci_fixture_ready(), CHAIN_PM + 4, 1);

	/* By nothing. */
	pci_fixture_start(NULL);
	reg[CHAIN_EXPRESS / 4 + 1] = 0x8000;
	reg[CHAIN_PM / 4 + 1] = BIT32(3);
	pci_fixture_ready();
	pci_log(text, sizeof(text));
	assert_non_null(strstr(text, "its device 00:05.0 cannot be reset"));
	assert_int_equal(reg[CHAIN_PM / 4 + 1], BIT32(3));
}

/* Firmware may have started it: the first build resets it, too. */
static void the_first_life_begins_with_a_reset(void **state)
{
	uint32_t *reg = mock.pci[0].reg;

	(void)state;
	pci_fixture_given[0] = BDF;
	assert_int_equal(pci_fixture_launch(1), 0);
	struct domain *d = world.domain[1];

	d->job_step = 0;
	d->job_cursor = d->job_aux = 0;
	assert_false(build_step(d));
	assert_int_equal(reg[CHAIN_EXPRESS / 4 + 2],
			 EXPRESS_KEPT | EXPRESS_RESET);
	for (unsigned int i = 0; i < 109; i++) {
		mock.time += NSEC_PER_MS;
		assert_false(build_step(d));
		assert_int_equal(d->job_step, 0);
	}
	/* Later ones were reset when they ended. */
	d->restart_count = 1;
	d->job_step = 0;
	d->job_cursor = d->job_aux = 0;
	reg[CHAIN_EXPRESS / 4 + 2] = 0;
	assert_false(build_step(d));
	assert_int_equal(reg[CHAIN_EXPRESS / 4 + 2], 0);
	assert_int_equal(d->job_step, 1);
}

static void an_end_cuts_off_and_resets(void **state)
{
	struct domain *d = pci_fixture_ready();

	(void)state;
	pci_put(d, PCI_COMMAND, 2, COMMAND_MASTER);
	pci_put(d, CHAIN_MSIX, 4, MSIX_ENABLE);
	assert_ptr_equal(mock.attached[0], d);
	stopped(d, CHAIN_EXPRESS + 8, EXPRESS_KEPT | EXPRESS_RESET);
	/* The reset forgot its regions; the next life finds them again. */
	mock.pci[0].reg[PCI_BAR / 4] = BAR_64BIT;
	mock.registers[0] = 0;
	table_write(d, 8, 0x44);
	pci_start(d);
	assert_int_equal(mock.pci[0].reg[PCI_BAR / 4], REGISTERS | BAR_64BIT);
	assert_int_equal(mock.pci[0].reg[CHAIN_EXPRESS / 4 + 2], EXPRESS_KEPT);
	assert_int_equal(mock.pci[0].reg[CHAIN_MSIX / 4] & MSIX_ENABLE, 0);
	assert_int_equal(mock.registers[0], 0xfee00000);
	assert_int_equal(table_read(d, 8), 0);
	assert_int_equal(pci_get(d, PCI_COMMAND) & 0xffff, 0);
}

static void a_vm_without_devices_finds_no_bus(void **state)
{
	struct domain *d;

	(void)state;
	assert_int_equal(fixture_launch(&fixture_one, 1), 0);
	d = world.domain[1];
	fixture_build(d);
	pci_start(d);
	pci_write(d, PORT_PCI_ADDRESS, 4, 0x80000000);
	assert_int_equal(pci_read(d, PORT_PCI_ADDRESS, 4), UINT32_MAX);
	assert_int_equal(pci_read(d, PORT_PCI_DATA, 4), UINT32_MAX);
	assert_int_equal(mock.attach_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, pci_fixture_start)
	const struct CMUnitTest tests[] = {
		TEST(a_guest_sees_what_it_may_know),
		TEST(regions_are_sized_and_never_move),
		TEST(few_bits_can_be_written),
		TEST(the_table_of_messages_is_the_vmms),
		TEST(a_table_may_begin_in_the_middle_of_an_entry),
		TEST(a_message_raises_the_vector_that_the_guest_chose),
		TEST(a_flood_is_cut_off_until_the_restart),
		TEST(an_end_cuts_off_and_resets),
		TEST(a_function_is_reset_by_what_it_has),
		TEST(a_known_device_is_quieted_by_its_registers),
		TEST(the_first_life_begins_with_a_reset),
		TEST(a_vm_without_devices_finds_no_bus),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
