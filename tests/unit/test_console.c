/* SPDX-License-Identifier: MIT */
/* Claims about the console: ring, rate limit, history, input. */
#include "abi_fixture.h"
#include <xen/io/console.h>
#include "abi/hypercall.h"
#include "core/arch.h"
#include "core/event.h"
#include "vdev/console.h"

static struct domain *d;
static struct xencons_interface *ring;
static uint64_t seen;		/* our position in the history */

/* A visit whether or not the guest asked for it; true when more is left. */
static bool console_service(struct domain *of)
{
	atomic_fetch_or(&of->device_pending, BIT64(PORT_DEVICE_CONSOLE));
	console_look(of);
	return of->device_pending & BIT64(PORT_DEVICE_CONSOLE);
}

static int setup(void **state)
{
	int result = abi_setup(state);

	d = vm(1, 0)->domain;
	set_time(1000000000);
	console_init(d);
	ring = arch_frame_ptr(d->console.ring);
	seen = d->console.produced;
	return result;
}

/* As a guest's driver does it; returns how much fitted. */
static size_t print(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (ring->out_prod - ring->out_cons == sizeof(ring->out))
			break;
		ring->out[ring->out_prod++ % sizeof(ring->out)] = text[i];
	}
	return i;
}

static size_t shown(char *buffer, size_t size)
{
	size_t n = console_history(d, &seen, buffer, size - 1);

	buffer[n] = 0;
	return n;
}

static void bytes_of_the_ring_reach_the_history_in_order(void **state)
{
	char buffer[100];

	(void)state;
	ring->out_prod = ring->out_cons = UINT32_MAX - 2;
	print("hello\033[1m", 9);
	assert_false(console_service(d));
	assert_int_equal(ring->out_cons, ring->out_prod);
	assert_int_equal(shown(buffer, sizeof(buffer)), 9);
	assert_string_equal(buffer, "hello\033[1m");
	assert_false(console_service(d));
	assert_int_equal(shown(buffer, sizeof(buffer)), 0);
}

static void a_visit_moves_a_bounded_amount(void **state)
{
	char text[2048], buffer[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	assert_int_equal(print(text, sizeof(text)), 2048);
	for (unsigned int i = 1; i < 4; i++) {
		assert_true(console_service(d));
		assert_int_equal(ring->out_cons, 512 * i);
	}
	assert_false(console_service(d));
	assert_int_equal(shown(buffer, sizeof(buffer)), 2048);
	assert_memory_equal(buffer, text, 2048);
}

static void a_writer_that_found_it_full_is_told_of_room(void **state)
{
	char text[2048] = { 0 };

	(void)state;
	print(text, 2047);
	console_service(d);
	assert_false(event_is_pending(d, d->console.port));
	print(text, 513);
	assert_int_equal(ring->out_prod - ring->out_cons, 2048);
	console_service(d);
	assert_true(event_is_pending(d, d->console.port));
}

static void wild_indices_stop_service_until_they_are_sane(void **state)
{
	char buffer[100];

	(void)state;
	ring->out_prod = 2049;
	assert_false(console_service(d));
	assert_int_equal(ring->out_cons, 0);
	ring->out_cons = UINT32_MAX;
	ring->out_prod = UINT32_MAX - 1;
	assert_false(console_service(d));
	assert_int_equal(shown(buffer, sizeof(buffer)), 0);
	ring->out_cons = ring->out_prod = 0;
	print("ok", 2);
	assert_false(console_service(d));
	assert_int_equal(shown(buffer, sizeof(buffer)), 2);
}

static void flood_is_drained_dropped_and_noted(void **state)
{
	static char buffer[20000];
	char text[512];
	uint64_t start = seen;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(print(text, sizeof(text)), sizeof(text));
		assert_false(console_service(d));
	}
	assert_int_equal(d->console.produced - start, 65536);
	assert_int_equal(d->console.dropped, 512000 - 65536);
	set_time(1000000000 + 10000000);	/* 10 ms: 10 KiB more */
	console_put(d, "calm\n", 5);
	assert_int_equal(d->console.dropped, 0);
	assert_int_equal(shown(buffer, sizeof(buffer)), 16384);
	assert_non_null(strstr(buffer, "446464 bytes dropped"));
	assert_string_equal(buffer + 16384 - 5, "calm\n");
}

static void one_guests_flood_takes_nothing_from_another(void **state)
{
	char text[512] = { 0 };
	struct domain *other = vm(2, 0)->domain;
	uint64_t before;

	(void)state;
	console_init(other);
	before = other->console.produced;
	for (unsigned int i = 0; i < 1000; i++)
		console_put(d, text, sizeof(text));
	console_put(other, "quiet", 5);
	assert_int_equal(other->console.produced, before + 5);
}

static void slow_reader_loses_the_oldest_bytes(void **state)
{
	static char text[5000], buffer[20000];
	uint64_t position = seen;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		memset(text, 'a' + (int)i, sizeof(text));
		console_put(d, text, sizeof(text));
	}
	assert_int_equal(console_history(d, &position, buffer,
					 sizeof(buffer)), 16384);
	assert_int_equal(position, seen + 25000);
	assert_int_equal(buffer[0], 'b');
	assert_int_equal(buffer[16383], 'e');
	/* A position that never was is taken for a very old one. */
	position = UINT64_MAX;
	assert_true(console_history(d, &position, buffer, 10) <= 10);
	assert_true(position <= d->console.produced);
}

static void input_reaches_the_guest_with_an_event(void **state)
{
	(void)state;
	assert_true(console_input(d, 'l'));
	assert_true(console_input(d, 's'));
	assert_true(event_is_pending(d, d->console.port));
	assert_int_equal(ring->in_prod, 2);
	assert_memory_equal(ring->in, "ls", 2);
}

static void input_waits_for_room_and_is_refused_without(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1024 + 256; i++)
		assert_true(console_input(d, (char)i));
	assert_false(console_input(d, 'x'));
	assert_int_equal(ring->in_prod, 1024);
	ring->in_cons = 1000;
	assert_false(console_service(d));
	assert_int_equal(ring->in_prod, 1024 + 256);
	for (uint32_t i = 1000; i < 1280; i++)
		assert_int_equal((uint8_t)ring->in[i % 1024], (uint8_t)i);
	ring->in_cons = 5000;		/* nonsense: input waits */
	assert_true(console_input(d, 'y'));
	assert_int_equal(ring->in_prod, 1024 + 256);
	ring->in_cons = 1280;
	console_service(d);
	assert_int_equal(ring->in_prod, 1281);
	assert_int_equal(ring->in[1280 % 1024], 'y');
}

static void what_is_left_is_served_later(void **state)
{
	char text[1500] = { 0 };

	(void)state;
	print(text, sizeof(text));
	console_look(d);		/* nobody has asked */
	assert_int_equal(ring->out_cons, 0);
	assert_int_equal(event_send(d, d->console.port), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(d->device_pending, 1);
		console_look(d);
		assert_int_equal(ring->out_cons, MIN(512 * i, 1500));
	}
	assert_int_equal(d->device_pending, 0);
}

static void a_vm_that_does_not_run_is_told_nothing(void **state)
{
	char text[2048] = { 0 };

	(void)state;
	d->state = DOMAIN_SHUTDOWN;
	print(text, sizeof(text));
	assert_true(console_input(d, 'x'));
	assert_true(console_service(d));
	assert_int_equal(ring->out_cons, 512);
	assert_int_equal(ring->in_prod, 0);
	assert_false(event_is_pending(d, d->console.port));
	d->state = DOMAIN_RUNNING;
	console_service(d);
	assert_int_equal(ring->in_prod, 1);
	assert_true(event_is_pending(d, d->console.port));
}

static void restart_begins_with_an_empty_ring(void **state)
{
	char buffer[10];

	(void)state;
	print("old", 3);
	console_service(d);
	console_init(d);
	assert_int_equal(ring->out_prod, 0);
	assert_int_equal(ring->out_cons, 0);
	assert_int_equal(ring->out[0], 0);
	assert_int_equal(shown(buffer, sizeof(buffer)), 3);
	assert_string_equal(buffer, "old");
}

static void early_output_is_text_only(void **state)
{
	struct vcpu *v = vm(1, 0);
	static const char text[] = "a\033[2Jb\n\x80\xff\t\0c";
	char buffer[100];

	(void)state;
	guest_write(v, scratch(v, 4090), text, sizeof(text) - 1);
	assert_int_equal(call(v, 18, 0, sizeof(text) - 1, scratch(v, 4090)),
			 0);
	shown(buffer, sizeof(buffer));
	assert_string_equal(buffer, "a[2Jb\n\tc");
}

static void early_output_goes_in_slices(void **state)
{
	struct vcpu *v = vm(1, 0);
	static char text[3000], buffer[4000];
	unsigned int turns = 1;

	(void)state;
	memset(text, 'z', sizeof(text));
	guest_write(v, scratch(v, 1), text, sizeof(text));
	v->regs.rax = 18;
	v->regs.rdi = 0;
	v->regs.rsi = sizeof(text);
	v->regs.rdx = scratch(v, 1);
	while (!hypercall_dispatch(v)) {
		assert_int_equal(v->regs.rax, 18);
		turns++;
	}
	assert_int_equal(turns, 6);
	assert_int_equal(v->regs.rax, 0);
	assert_int_equal(shown(buffer, sizeof(buffer)), 3000);
}

static void console_io_refuses_what_it_cannot_do(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	assert_int_equal(call(v, 18, 0, 10, NOWHERE), -XEN_EFAULT);
	assert_int_equal(call(v, 18, 1, 10, scratch(v, 0)), 0);
	assert_int_equal(call(v, 18, 2, 10, scratch(v, 0)), -XEN_ENOSYS);
	assert_int_equal(call(v, 18, 0, 0, NOWHERE), 0);
	assert_int_equal(d->console.produced, seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bytes_of_the_ring_reach_the_history_in_order),
		T(a_visit_moves_a_bounded_amount),
		T(a_writer_that_found_it_full_is_told_of_room),
		T(wild_indices_stop_service_until_they_are_sane),
		T(flood_is_drained_dropped_and_noted),
		T(one_guests_flood_takes_nothing_from_another),
		T(slow_reader_loses_the_oldest_bytes),
		T(input_reaches_the_guest_with_an_event),
		T(input_waits_for_room_and_is_refused_without),
		T(what_is_left_is_served_later),
		T(a_vm_that_does_not_run_is_told_nothing),
		T(restart_begins_with_an_empty_ring),
		T(early_output_is_text_only),
		T(early_output_goes_in_slices),
		T(console_io_refuses_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
