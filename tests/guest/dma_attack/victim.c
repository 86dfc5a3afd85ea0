/* SPDX-License-Identifier: MIT */
/*
 * The neighbour: all of its memory holds a secret, and must hold it still
 * when the attacker has done its worst; or just not (damage=1). If it has a
 * device, too (device=1), no message of that has come that it did not ask for.
 */
#include "edu.h"

#define CANARY	0x5ec4e75ec4e7ull
#define VECTOR	0x60u

static volatile uint64_t interrupts;

static void on_message(struct trap_frame *f)
{
	(void)f;
	interrupts++;
	apic_eoi();
}

static void own_message_comes(void)
{
	CHECK_EQ(interrupts, 0);
	*edu_register(EDU_RAISE) = 1;
	for (unsigned int i = 0; i < 1000 && !interrupts; i++)
		clock_sleep(MILLISECOND);
	CHECK_EQ(interrupts, 1);
}

int main(void)
{
	uint64_t start = memory_rest_start(), end = memory_rest_end();
	uint64_t wrong = 0;
	bool device = boot_number("device", 0);
	long port;

	if (device) {
		apic_enable();
		trap_set_handler(VECTOR, on_message);
		CHECK(edu_init(VECTOR));
	}
	for (volatile uint64_t *p = (void *)start; p < (uint64_t *)end; p++)
		*p = CANARY;
	port = event_offer(test_peer());
	if (!CHECK(port > 0, "%ld", port))
		test_end();
	event_attach((evtchn_port_t)port, NULL);
	CHECK(event_wait((evtchn_port_t)port, 1, 600 * SECOND),
	      "the attacker does not end");
	for (volatile uint64_t *p = (void *)start; p < (uint64_t *)end; p++)
		wrong += *p != CANARY;
	CHECK_EQ(wrong, boot_number("damage", 0));
	if (device)
		own_message_comes();
	test_end();
}
