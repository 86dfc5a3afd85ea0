/* SPDX-License-Identifier: MIT */
/*
 * A driver VM has its device send messages without end, with interrupts on
 * and off, while a neighbour on the same CPU keeps time: messages that come
 * one by one arrive, and the neighbour is no later than beside a VM that spins
 * (keep_time). Where more than the VMM allows come (flood=1), the device is
 * cut off until its VM restarts, its DMA too.
 * Guards against: interrupts of one VM's device on the time of another.
 */
#include "edu.h"

#define VECTOR	0x60u
#define ROUNDS	20000u
#define ALLOWED	2000u		/* in 10 ms */
#define LIFE	0x04u		/* a register that keeps its complement */

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

static void one_by_one(volatile uint32_t *raise)
{
	for (unsigned int i = 0; i < ALLOWED / 2; i++) {
		*raise = 1;
		if (!CHECK_EQ(interrupts, i + 1))
			test_end();
	}
}

_Noreturn static void cut_off(volatile uint32_t *raise)
{
	uint64_t before = interrupts, *page = page_alloc();

	CHECK(before <= 3 * ALLOWED, "%lu", before);
	clock_sleep(100 * MILLISECOND);
	*raise = 1;
	clock_sleep(100 * MILLISECOND);
	CHECK_EQ(interrupts, before);
	page[0] = 1;
	edu_copy(EDU_BUFFER, page_gpa(page), 8, EDU_TO_MEMORY);
	CHECK_EQ(page[0], 1);
	if (test_failures())
		test_end();
	*edu_register(LIFE) = ~1u;
	power_end(SHUTDOWN_reboot);
}

int main(void)
{
	volatile uint32_t *raise;
	long port;

	apic_enable();
	trap_set_handler(VECTOR, on_message);
	if (!CHECK(edu_init(VECTOR)))
		test_end();
	raise = edu_register(EDU_RAISE);
	one_by_one(raise);
	if (!*edu_register(LIFE)) {
		irq_off();
		storm(raise);
		irq_on();
		storm(raise);
		kprintf("%lu of %u messages\n", interrupts,
			ALLOWED / 2 + 2 * ROUNDS);
		if (boot_number("flood", 0))
			cut_off(raise);
		CHECK(interrupts > ROUNDS);
	}
	port = event_bind_any(test_peer(), 10 * SECOND);
	if (CHECK(port > 0, "%ld", port))
		event_send((evtchn_port_t)port);
	test_end();
}
