/* SPDX-License-Identifier: MIT */
/* Claims about port I/O. */
#include "abi_fixture.h"
#include <xen/sched.h>
#include "vdev/ports.h"

static int setup(void **state)
{
	return abi_setup(state);
}

static uint64_t in(struct vcpu *v, uint16_t port, uint8_t size)
{
	struct vmexit exit = { .reason = EXIT_IO };

	exit.io.port = port;
	exit.io.size = size;
	exit.io.in = true;
	v->regs.rax = 0x1122334455667788;
	assert_true(ports_access(v, &exit));
	return v->regs.rax;
}

static bool out(struct vcpu *v, uint16_t port, uint8_t size, uint32_t value)
{
	struct vmexit exit = { .reason = EXIT_IO };

	exit.io.port = port;
	exit.io.size = size;
	v->regs.rax = value;
	return ports_access(v, &exit);
}

static void unclaimed_ports_read_as_ones_and_take_anything(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	for (uint32_t port = 0; port < 65536; port++) {
		if ((port >= 0x40 && port <= 0x42) || port == 0x61 ||
		    port == PORT_SLEEP_CONTROL || port == PORT_SLEEP_STATUS)
			continue;
		assert_int_equal(in(v, (uint16_t)port, 1),
				 0x11223344556677ff);
		assert_int_equal(in(v, (uint16_t)port, 2), 0x112233445566ffff);
		assert_int_equal(in(v, (uint16_t)port, 4), 0xffffffff);
		assert_true(out(v, (uint16_t)port, 4, 0xffffffff));
	}
	assert_int_equal(v->domain->state, DOMAIN_RUNNING);
}

/* Linux: reads channel 2 until it is not 0xff; waits for OUT2 elsewhere. */
static void pit_ends_every_calibration_at_once(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	assert_int_not_equal(in(v, 0x42, 1) & 0xff, 0xff);
	assert_int_equal(in(v, 0x61, 1) & 0x20, 0x20);
}

static void an_nmi_has_no_reason_in_port_61(void **state)
{
	(void)state;
	assert_int_equal(in(vm(1, 0), 0x61, 1) & 0xc0, 0);
}

static void strings_are_refused(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct vmexit exit = { .reason = EXIT_IO };
	uint64_t before = v->domain->console.produced;

	(void)state;
	exit.io.string = exit.io.repeat = true;
	exit.io.size = 1;
	exit.io.port = 0xe9;
	v->regs.rax = 'x';
	v->regs.rcx = 1000;
	assert_true(ports_access(v, &exit));
	exit.io.port = PORT_SLEEP_CONTROL;
	v->regs.rax = 0x34;
	assert_true(ports_access(v, &exit));
	assert_int_equal(v->domain->state, DOMAIN_RUNNING);
	assert_int_equal(v->domain->console.produced, before);
}

static void only_s5_with_enable_powers_off(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	v->domain->on_poweroff = ACTION_PRESERVE;
	for (uint32_t value = 0; value < 256; value++) {
		if ((value & 0x3c) != 0x34)
			assert_true(out(v, PORT_SLEEP_CONTROL, 1, value));
	}
	assert_true(out(v, PORT_SLEEP_STATUS, 1, 0x34));
	assert_int_equal(v->domain->state, DOMAIN_RUNNING);
	assert_false(out(v, PORT_SLEEP_CONTROL, 1, 0x34));
	assert_int_equal(v->domain->shutdown_reason, SHUTDOWN_poweroff);
	assert_int_equal(vm(2, 0)->domain->state, DOMAIN_RUNNING);
}

static void debug_port_prints_plain_bytes(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t before = v->domain->console.produced;

	(void)state;
	out(v, 0xe9, 1, 'A');
	out(v, 0xe9, 1, '\n');
	out(v, 0xe9, 1, 27);
	out(v, 0xe9, 1, 0x80);
	assert_int_equal(v->domain->console.produced, before + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(unclaimed_ports_read_as_ones_and_take_anything),
		T(pit_ends_every_calibration_at_once),
		T(an_nmi_has_no_reason_in_port_61),
		T(strings_are_refused),
		T(only_s5_with_enable_powers_off),
		T(debug_port_prints_plain_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
