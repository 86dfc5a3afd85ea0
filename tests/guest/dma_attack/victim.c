/* SPDX-License-Identifier: MIT */
/*
 * A neighbour: all of its memory holds a secret of its own, and must hold it
 * still when the attacker has done its worst; or just not (damage=1). Two of
 * them (partner=) exchange events and a page all the while: no answer is
 * wrong or late. If it has a device, too (device=1), no message of that has
 * come that it did not ask for.
 */
#include "edu.h"

#define CANARY	0x5ec4e75ec4e0ull	/* plus the VM's number */
#define VECTOR	0x60u
#define REF	GRANT_FIRST
#define TIMES	0x9e3779b97f4a7c15ull
#define PAUSE	(50 * MILLISECOND)	/* between questions */
#define LATE	(5 * MILLISECOND)

static volatile uint64_t interrupts;
static volatile uint64_t *shared;
static evtchn_port_t partner_port, end_port;

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

static void on_question(evtchn_port_t port)
{
	shared[1] = shared[0] * TIMES;
	event_send(port);
}

static bool attacker_is_done(void)
{
	return event_count(end_port);
}

/* Questions until the attacker ends: their answers are right and in time. */
static void ask(void)
{
	uint64_t count = 0;

	CHECK(event_wait(partner_port, 0, 10 * SECOND), "no partner");
	for (; !attacker_is_done() && !test_failures(); count++) {
		uint64_t seen = event_count(partner_port), at = clock_now();

		shared[0] = test_random();
		event_send(partner_port);
		CHECK(event_wait(partner_port, seen, SECOND), "no answer");
		CHECK(clock_now() - at < LATE, "%lu ns", clock_now() - at);
		CHECK_EQ(shared[1], shared[0] * TIMES);
		clock_sleep(PAUSE);
	}
	CHECK(count >= boot_number("questions", 100), "%lu questions", count);
	shared[0] = 0;		/* that was all */
	event_send(partner_port);
}

/* The lower one lends the page and asks, the other answers. */
static void meet(domid_t partner, bool asks)
{
	struct grant_map map;
	long port;

	if (!CHECK(grant_init(1)))
		test_end();
	if (asks) {
		shared = page_alloc();
		shared[0] = 1;
		grant_offer(REF, partner, page_gpa(shared) >> 12, 0);
		port = event_offer(partner);
	} else {
		port = event_bind_any(partner, 10 * SECOND);
		shared = (volatile uint64_t *)(memory_hole(1)
					      << PAGE_SHIFT);
		CHECK_EQ(grant_map(partner, REF, (uint64_t)shared,
				   GNTMAP_host_map, &map), GNTST_okay);
	}
	if (!CHECK(port > 0, "%ld", port) || test_failures())
		test_end();
	partner_port = (evtchn_port_t)port;
	if (!asks)
		event_clear(partner_port);
	event_attach(partner_port, asks ? NULL : on_question);
	if (!asks)
		event_send(partner_port);	/* here we are */
}

int main(void)
{
	uint64_t start, end, wrong = 0, secret = CANARY + xen_domid();
	domid_t partner = (domid_t)boot_number("partner", 0);
	bool device = boot_number("device", 0);
	bool asks = xen_domid() < partner;
	long port;

	if (device) {
		apic_enable();
		trap_set_handler(VECTOR, on_message);
		CHECK(edu_init(VECTOR));
	}
	if (partner)
		meet(partner, asks);
	start = memory_rest_start();
	end = memory_rest_end();
	for (volatile uint64_t *p = (void *)start; p < (uint64_t *)end; p++)
		*p = secret;
	port = event_offer(test_peer());
	if (!CHECK(port > 0, "%ld", port))
		test_end();
	end_port = (evtchn_port_t)port;
	event_attach(end_port, NULL);
	kprintf("ready\n");
	if (partner && asks)
		ask();
	CHECK(event_wait(end_port, 0, 600 * SECOND),
	      "the attacker does not end");
	for (uint64_t i = 0; partner && !asks && i < 1000 && shared[0]; i++)
		clock_sleep(MILLISECOND);
	for (volatile uint64_t *p = (void *)start; p < (uint64_t *)end; p++)
		wrong += *p != secret;
	CHECK_EQ(wrong, boot_number("damage", 0));
	if (device)
		own_message_comes();
	test_end();
}
