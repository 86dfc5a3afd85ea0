/* SPDX-License-Identifier: MIT */
/*
 * An event and an interrupt of the local APIC become due together, in turn
 * with interrupts on and off, under handlers that take long: each comes once,
 * and never while interrupts are off.
 * Guards against: a second delivery of the first by an emulator that was
 * interrupted meanwhile, in the midst of what the guest protects by CLI; a
 * second one that waits until the guest happens to leave.
 */
#include "test.h"

#define ROUNDS	600u
#define VECTOR	0x41u
#define LATE	(20 * MILLISECOND)

static volatile uint64_t upcalls, interrupts, while_off;
static evtchn_port_t port;
static uint64_t length;	/* turns of a loop in a handler */

static void work(const struct trap_frame *f)
{
	while_off += !(f->rflags & RFLAGS_IF);
	for (volatile uint64_t i = 0; i < length; i++)
		;
}

static void on_upcall(struct trap_frame *f)
{
	test_upcall_taken(port);
	upcalls++;
	work(f);
}

static void on_vector(struct trap_frame *f)
{
	interrupts++;
	work(f);
	apic_eoi();
}

static void round(void)
{
	uint64_t end = clock_now() + LATE;

	irq_off();
	apic_send(0, ICR_FIXED | VECTOR);
	event_send(port);
	irq_on();
	/* No exit here: what is due comes by itself. */
	while ((!upcalls || !interrupts) && clock_now() < end)
		;
	irq_off();
	irq_on();
}

int main(void)
{
	unsigned int bad = 0;

	port = test_ipi_port();
	trap_set_handler(VECTOR_EVENT, on_upcall);
	trap_set_handler(VECTOR, on_vector);
	for (unsigned int i = 0; i < ROUNDS && bad < 5; i++) {
		upcalls = interrupts = while_off = 0;
		length = i % 50 * 500;
		round();
		bad += !CHECK_EQ(upcalls, 1, "round %u", i);
		bad += !CHECK_EQ(interrupts, 1, "round %u", i);
		bad += !CHECK_EQ(while_off, 0, "round %u", i);
	}
	test_end();
}
