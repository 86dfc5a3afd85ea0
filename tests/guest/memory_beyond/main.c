/* SPDX-License-Identifier: MIT */
/*
 * One VM reads and writes every guest-physical page beyond its own up to
 * four times the machine's memory, and samples up to 2^52; the other has
 * filled its memory with a word that must neither be seen nor changed.
 * Guards against: nested mappings that are too large, wrap, or leak frames
 * that nobody owns.
 */
#include "test.h"

#define SECRET		0x5ec2e7a5u
#define SWEEP_END	(1ul << 30)
#define SWEEP_STEP	(PAGE_SIZE)

static unsigned long readable, faults;

/* A read may fault or give ones or zeros, but never somebody's memory. */
static void touch(uint64_t gpa)
{
	volatile uint32_t *at = page_window(gpa);
	uint32_t value;

	if (probe_read32(at, &value)) {
		faults++;
	} else {
		readable++;
		CHECK(value == ~0u || value == 0, "%x at %lx", value, gpa);
	}
	probe_write32(at, 0xbadbad00);
}

static bool is_named(uint64_t gpa)
{
	for (unsigned int i = 0; i < boot.memmap_count; i++)
		if (gpa >= boot.memmap[i].addr &&
		    gpa - boot.memmap[i].addr < boot.memmap[i].size)
			return true;
	return false;
}

_Noreturn static void attack(void)
{
	long port = event_bind_any(test_peer(), 10 * SECOND);

	if (!CHECK(port > 0, "bind %ld", port))
		test_end();
	for (uint64_t gpa = 0; gpa < SWEEP_END; gpa += SWEEP_STEP)
		if (!is_named(gpa))
			touch(gpa);
	for (uint64_t gpa = SWEEP_END; gpa < 1ul << 32; gpa += 2ul << 20)
		if (!is_named(gpa) && gpa != 0xfee00000)
			touch(gpa);
	touch(0xfee00000);
	for (unsigned int bit = 32; bit < 52; bit++) {
		touch(1ul << bit);
		touch((1ul << bit) - PAGE_SIZE);
	}
	for (unsigned int i = 0; i < 2000; i++) {
		uint64_t gpa = test_random() & ((1ul << 40) - PAGE_SIZE);

		if (!is_named(gpa))
			touch(gpa);
	}
	kprintf("%lu pages readable, %lu faults\n", readable, faults);
	event_send((evtchn_port_t)port);
	test_end();
}

_Noreturn static void defend(void)
{
	uint32_t *from = (uint32_t *)memory_rest_start();
	uint32_t *to = (uint32_t *)memory_rest_end();
	long port = event_offer(test_peer());

	for (uint32_t *at = from; at < to; at++)
		*at = SECRET;
	if (!CHECK(port > 0, "offer %ld", port))
		test_end();
	event_attach((evtchn_port_t)port, NULL);
	CHECK(event_wait((evtchn_port_t)port, 0, 50 * SECOND));
	for (uint32_t *at = from; at < to; at++)
		if (!CHECK(*at == SECRET, "%x at %p", *at, (void *)at))
			break;
	test_end();
}

int main(void)
{
	if (test_role("attacker"))
		attack();
	defend();
}
