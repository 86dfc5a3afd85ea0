/* SPDX-License-Identifier: MIT */
/*
 * Thousands of event round trips between two VMs on one CPU and between two
 * on different CPUs, at once: none is lost, none arrives twice.
 * Guards against: a wake-up lost between the last look and the sleep; an
 * event bit set without the upcall.
 */
#include "test.h"

#define ROUNDS	3000u

static evtchn_port_t port;
static uint64_t base;

static void on_ping(evtchn_port_t p)
{
	/* Answer from the interrupt; the bind's own event is not a ping. */
	event_send(p);
}

int main(void)
{
	bool ping = test_role("ping");
	uint64_t start;
	long p;

	p = ping ? event_offer(test_peer())
		 : event_bind_any(test_peer(), 10 * SECOND);
	if (!CHECK(p > 0, "%ld", p))
		test_end();
	port = (evtchn_port_t)p;
	if (!ping) {
		event_clear(port);
		event_attach(port, on_ping);
		event_send(port);	/* here we are */
		if (!CHECK(event_wait(port, ROUNDS - 1, 20 * SECOND)))
			kprintf("pong saw %lu\n", event_count(port));
		clock_sleep(10 * MILLISECOND);
		CHECK_EQ(event_count(port), ROUNDS);
		test_end();
	}
	event_attach(port, NULL);
	CHECK(event_wait(port, 0, 10 * SECOND), "the peer is not there");
	base = event_count(port);
	start = clock_now();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		event_send(port);
		if (!CHECK(event_wait(port, base + i, 5 * SECOND), "round %u",
			   i))
			break;
	}
	kprintf("%lu ns a round trip\n", (clock_now() - start) / ROUNDS);
	CHECK_EQ(event_count(port), base + ROUNDS);
	/* Only then let the peer's end see us go. */
	clock_sleep(50 * MILLISECOND);
	test_end();
}
