/* SPDX-License-Identifier: MIT */
/*
 * Upcalls, interrupts of the local APIC and NMIs that are due together, on a
 * CPU that nothing but they make exit: none waits for another without bound.
 * Guards against: a handler that lets others in and gets none; an interrupt
 * that comes again and again before the others; an NMI that waits for another,
 * or for the guest to enable interrupts, or that nests in another; a VMM that
 * waits for a moment that is there already.
 */
#include "test.h"

#define VECTOR	0x41u
#define TIMES	4000u
#define LATE	(100 * MILLISECOND)
#define LIMIT	(2 * SECOND)

static volatile uint64_t upcalls, interrupts, nmis, nested, depth;
static volatile uint64_t at;	/* how many of the one when the other came */
static volatile uint64_t upcalls_more, interrupts_more;
static volatile uint64_t waited;	/* ns, for an upcall in a handler */
static bool nmi_enables;	/* interrupts, in its handler */
static evtchn_port_t port;

static void reset(void)
{
	upcalls = interrupts = nmis = nested = at = 0;
	upcalls_more = interrupts_more = 0;
}

static void on_upcall(struct trap_frame *f)
{
	(void)f;
	test_upcall_taken(port);
	if (!upcalls++ && !upcalls_more)
		at = interrupts;
	if (upcalls < upcalls_more)
		event_send(port);
}

static void on_vector(struct trap_frame *f)
{
	(void)f;
	if (!interrupts++ && !interrupts_more)
		at = upcalls;
	if (interrupts < interrupts_more)
		apic_send(0, ICR_FIXED | VECTOR);
	apic_eoi();
}

/* Lets others in before its end, and waits for them, without an exit. */
static void on_patient(struct trap_frame *f)
{
	uint64_t start = clock_now();

	(void)f;
	interrupts++;
	irq_on();
	while (!upcalls && clock_now() - start < LIMIT)
		;
	waited = clock_now() - start;
	irq_off();
	apic_eoi();
}

static void both(void)
{
	irq_off();
	event_send(port);
	apic_send(0, ICR_FIXED | VECTOR);
	irq_on();
	for (uint64_t end = clock_now() + LIMIT; clock_now() < end;)
		if (upcalls && interrupts && upcalls >= upcalls_more &&
		    interrupts >= interrupts_more)
			break;
	irq_off();
	irq_on();
}

static void check_nobody_starves(void)
{
	trap_set_handler(VECTOR, on_vector);
	reset();
	interrupts_more = TIMES;
	both();
	CHECK_EQ(upcalls, 1);
	CHECK_EQ(interrupts, TIMES);
	CHECK(at < 10, "the upcall came after %lu interrupts", at);
	reset();
	upcalls_more = TIMES;
	both();
	CHECK_EQ(upcalls, TIMES);
	CHECK_EQ(interrupts, 1);
	CHECK(at < 10, "the interrupt came after %lu upcalls", at);
}

static void check_handler_lets_in(void)
{
	trap_set_handler(VECTOR, on_patient);
	reset();
	both();
	CHECK_EQ(upcalls, 1);
	CHECK_EQ(interrupts, 1);
	CHECK(waited < LATE, "the upcall came after %lu ns", waited);
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nested += depth++;
	if (!nmis++)
		apic_send(0, ICR_NMI);
	if (nmi_enables)
		irq_on();
	depth--;
}

static void check_nmi_within_nmi(bool enable)
{
	uint64_t start = clock_now(), end = start + LIMIT;

	reset();
	nmi_enables = enable;
	irq_off();
	apic_send(0, ICR_NMI);
	while (nmis < 2 && clock_now() < end)
		;
	CHECK_EQ(nmis, 2, "enable %d", enable);
	CHECK_EQ(nested, 0, "enable %d", enable);
	CHECK(clock_now() - start < LATE, "%lu ns", clock_now() - start);
	irq_on();
	CHECK_EQ(nmis, 2, "enable %d", enable);
}

int main(void)
{
	port = test_ipi_port();
	trap_set_handler(VECTOR_EVENT, on_upcall);
	trap_set_handler(VECTOR_NMI, on_nmi);
	for (unsigned int i = 0; i < 5; i++) {
		check_nobody_starves();
		check_handler_lets_in();
		check_nmi_within_nmi(false);
		check_nmi_within_nmi(true);
	}
	test_end();
}
