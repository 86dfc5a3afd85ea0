/* SPDX-License-Identifier: MIT */
/*
 * Floods of self-IPIs, NMIs, timers in the past and events: each interrupt
 * is delivered, the guest makes progress between, vectors keep their
 * priorities, and illegal vectors are not delivered.
 * Guards against: an injection queue of one that loses or doubles interrupts;
 * a guest that keeps the VMM from ever entering it.
 */
#include "test.h"

#define ROUNDS	5000u
/* So many that the test's ends of time slices fall into a delivery. */
#define PASSES	100u

static volatile uint64_t hits[256];
static volatile unsigned int order[16], order_count;

static void on_vector(struct trap_frame *f)
{
	hits[f->vector]++;
	if (order_count < ARRAY_SIZE(order))
		order[order_count++] = (unsigned int)f->vector;
	apic_eoi();
}

static void check_every_vector(unsigned int pass)
{
	for (volatile unsigned int i = 0; i < pass; i++)
		;
	for (unsigned int v = 32; v < 256; v++) {
		uint64_t end = clock_now() + SECOND;

		if (v == VECTOR_EVENT || v == VECTOR_USER || v == 0xff)
			continue;
		trap_set_handler(v, on_vector);
		hits[v] = 0;
		apic_send(0, ICR_FIXED | v);
		while (!hits[v] && clock_now() < end)
			cpu_pause();
		CHECK_EQ(hits[v], 1, "vector %x pass %u", v, pass);
	}
}

static void check_flood(void)
{
	uint64_t before = hits[0x40];

	for (unsigned int i = 0; i < ROUNDS; i++)
		apic_send(0, ICR_SELF | 0x40);
	CHECK_EQ(hits[0x40] - before, ROUNDS, "one each: IF was on");
	before = this_cpu()->nmi_count;
	for (unsigned int i = 0; i < 1000; i++)
		apic_send(0, ICR_NMI | ICR_SELF);
	if (this_cpu()->nmi_count == before)	/* shorthand self: no NMI */
		for (unsigned int i = 0; i < 1000; i++)
			apic_send(0, ICR_NMI);
	CHECK(this_cpu()->nmi_count - before >= 999, "%lu NMIs",
	      this_cpu()->nmi_count - before);
}

/* Requests gathered with interrupts off come highest class first, once. */
static void check_priority(void)
{
	static const uint8_t vector[] = { 0x41, 0x91, 0x61, 0xe1, 0x61, 0x41 };
	static const uint8_t want[] = { 0xe1, 0x91, 0x61, 0x41 };

	irq_off();
	order_count = 0;
	for (unsigned int i = 0; i < sizeof(vector); i++)
		apic_send(0, vector[i]);
	CHECK(apic_read(APIC_IRR + 0xe1 / 32) & 1u << 0xe1 % 32);
	irq_on();
	for (uint64_t end = clock_now() + SECOND;
	     order_count < sizeof(want) && clock_now() < end;)
		cpu_pause();
	irq_off();
	CHECK_EQ(order_count, sizeof(want));
	for (unsigned int i = 0; i < sizeof(want); i++)
		CHECK_EQ(order[i], want[i], "place %u", i);
	irq_on();
}

/* The task priority holds back what is not above it. */
static void check_tpr(void)
{
	uint64_t low = hits[0x51], high = hits[0xa1];

	write_cr8(9);
	apic_send(0, 0x51);
	apic_send(0, 0xa1);
	for (unsigned int i = 0; i < 100; i++)
		cpuid(0, 0);
	CHECK_EQ(hits[0xa1] - high, 1);
	CHECK_EQ(hits[0x51] - low, 0, "below the task priority");
	write_cr8(0);
	for (uint64_t end = clock_now() + SECOND;
	     hits[0x51] == low && clock_now() < end;)
		cpu_pause();
	CHECK_EQ(hits[0x51] - low, 1);
}

static void check_illegal(void)
{
	for (unsigned int v = 0; v < 16; v++) {
		fault_t f = probe_wrmsr(MSR_X2APIC + APIC_ICR,
					ICR_SELF | v);

		CHECK(!f || f == FAULT_GP, "vector %u: %lx", v, f);
	}
	/* Nowhere to go: ids that no vCPU has. */
	apic_send(0xffff, 0x40);
	apic_send(77, ICR_NMI);
	apic_send(31, ICR_ASSERT | ICR_INIT);
}

static void check_timers(void)
{
	evtchn_port_t port = clock_timer_port();
	uint64_t before = event_count(port), work = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		clock_timer_set(1, 0);
		work++;
	}
	CHECK_EQ(work, ROUNDS);
	CHECK(event_count(port) - before >= ROUNDS / 2, "%lu of %u",
	      event_count(port) - before, ROUNDS);
}

static void check_events(void)
{
	long port = event_bind_ipi(0);
	uint64_t count;

	if (!CHECK(port > 0))
		return;
	event_attach((evtchn_port_t)port, NULL);
	for (unsigned int i = 0; i < ROUNDS; i++)
		event_send((evtchn_port_t)port);
	count = event_count((evtchn_port_t)port);
	CHECK_EQ(count, ROUNDS, "events to oneself are synchronous");
}

int main(void)
{
	apic_enable();
	for (unsigned int pass = 0; pass < PASSES; pass++)
		check_every_vector(pass);
	check_flood();
	check_priority();
	check_tpr();
	check_illegal();
	check_timers();
	check_events();
	test_end();
}
