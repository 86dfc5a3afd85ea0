/* SPDX-License-Identifier: MIT */
/*
 * A driver VM has its device send messages without end, with interrupts on
 * and off, unmasked and masked, while a neighbour on the same CPU keeps time:
 * each that is sent with interrupts on arrives, and the neighbour is as late
 * as beside a VM that spins (keep_time).
 * Guards against: interrupts of one VM's device on the time of another.
 */
#include "edu.h"

#define VECTOR	0x60u
#define ROUNDS	20000u

static volatile uint64_t interrupts;

static void on_message(struct trap_frame *f)
{
	(void)f;
	interrupts++;
	apic_eoi();
}

static void storm(volatile uint32_t *raise)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		*raise = 1;
}

int main(void)
{
	volatile uint32_t *raise;
	long port = event_bind_any(test_peer(), 10 * SECOND);

	apic_enable();
	trap_set_handler(VECTOR, on_message);
	if (!CHECK(port > 0, "%ld", port) || !CHECK(edu_init(VECTOR)))
		test_end();
	raise = edu_register(EDU_RAISE);
	for (unsigned int i = 0; i < 1000; i++) {
		*raise = 1;
		CHECK_EQ(interrupts, i + 1);
		if (test_failures())
			break;
	}
	irq_off();
	storm(raise);
	irq_on();
	storm(raise);
	CHECK(interrupts > 1000);
	kprintf("%lu of %u messages\n", interrupts, 1000 + 2 * ROUNDS);
	event_send((evtchn_port_t)port);
	test_end();
}
