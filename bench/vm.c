/* SPDX-License-Identifier: MIT */
/*
 * The small VMs of `make bench`. "reader" reads from the store VM. The two
 * others are those whose exits are counted. Both run on one CPU. "ping"
 * measures: between two marks it does one thing COUNT times. "pong" is its
 * peer: it offers a port that it answers, a port that it keeps masked, and a
 * page, on whose first word ping says when it is done.
 */
#include "boot.h"
#include "clock.h"
#include "console.h"
#include "event.h"
#include "grant.h"
#include "hypercall.h"
#include "insn.h"
#include "mark.h"
#include "memory.h"
#include "string.h"
#include "xs.h"

enum { COUNT = 1000, WARM = 100 };
#define WAIT_NS	5000000000ull

static evtchn_port_t answered;
static uint8_t word_page[4096] __attribute__((aligned(4096)));

#define MEASURE(first, last, call) \
	do { \
		for (int i = 0; i < WARM; i++) \
			call; \
		BENCH_MARK(first); \
		for (int i = 0; i < COUNT; i++) \
			call; \
		BENCH_MARK(last); \
	} while (0)

static void answer(evtchn_port_t port)
{
	event_send(port);
}

static int pong(domid_t peer)
{
	volatile uint32_t *done = (void *)word_page;
	long port, masked;

	if (!grant_init(1))
		return 1;
	grant_offer(GRANT_FIRST, peer, page_gpa(word_page) >> PAGE_SHIFT, 0);
	port = event_offer(peer);
	if (port <= 0)
		return 1;
	event_attach((evtchn_port_t)port, answer);
	while (event_status(DOMID_SELF, (evtchn_port_t)port, NULL) !=
	       EVTCHNSTAT_interdomain)
		clock_sleep(1000000);
	masked = event_offer(peer);
	if (masked <= 0)
		return 1;
	irq_off();
	while (event_count((evtchn_port_t)port) < WARM + COUNT)
		irq_wait();
	irq_on();
	while (!*done)
		sched_op(SCHEDOP_yield, NULL);
	return 0;
}

static void round_trip(void)
{
	uint64_t seen = event_count(answered);

	event_send(answered);
	irq_off();
	while (event_count(answered) == seen)
		irq_wait();
	irq_on();
}

static void map_unmap(domid_t peer, uint64_t gpa)
{
	struct grant_map map;

	if (grant_map(peer, GRANT_FIRST, gpa, GNTMAP_host_map, &map) == 0)
		grant_unmap(&map);
}

static int ping(domid_t peer)
{
	uint64_t gpa = memory_hole(1) << PAGE_SHIFT;
	struct grant_map map;
	long port, masked;

	port = event_bind_any(peer, WAIT_NS);
	masked = event_bind_any(peer, WAIT_NS);
	if (port <= 0 || masked <= 0) {
		kprintf("bench: no port of the peer: %ld, %ld\n", port,
			masked);
		return 1;
	}
	if (grant_map(peer, GRANT_FIRST, gpa, GNTMAP_host_map, &map)) {
		kprintf("bench: no page of the peer\n");
		return 1;
	}
	grant_unmap(&map);
	answered = (evtchn_port_t)port;
	event_attach(answered, NULL);

	MEASURE(1, 2, xen_version_op(XENVER_version, NULL));
	MEASURE(3, 4, cpuid(0, 0));
	MEASURE(5, 6, event_send((evtchn_port_t)masked));
	MEASURE(7, 8, map_unmap(peer, gpa));
	MEASURE(9, 10, round_trip());
	MEASURE(11, 12, sched_op(SCHEDOP_yield, NULL));

	if (grant_map(peer, GRANT_FIRST, gpa, GNTMAP_host_map, &map))
		return 1;
	page_map(gpa, gpa, PAGE_RW | PAGE_NX);
	*(volatile uint32_t *)gpa = 1;
	page_map(gpa, 0, 0);
	grant_unmap(&map);
	kprintf("bench: done\n");
	return 0;
}

/* 64-byte reads of the store, one after the other. */
static int reader(void)
{
	static const char value[] = "0123456789abcdef0123456789abcdef"
				    "0123456789abcdef0123456789abcdef";
	uint64_t start = 0;

	if (!xs_init(WAIT_NS) || xs_write(0, "data/k", value) < 0) {
		kprintf("bench: no store: %s\n", xs_reply);
		return 1;
	}
	for (int i = 0; i < WARM + COUNT; i++) {
		if (i == WARM)
			start = clock_now();
		if (xs_read(0, "data/k") != 64)
			return 1;
	}
	kprintf("bench store_read %lu\n", (clock_now() - start) / COUNT);
	kprintf("bench end 0\n");
	return 0;
}

int main(void)
{
	domid_t peer = (domid_t)boot_number("peer", DOMID_INVALID);
	char role[8];

	if (!boot_argument("role", role, sizeof(role)))
		return 1;
	if (!strcmp(role, "reader"))
		return reader();
	return strcmp(role, "ping") ? pong(peer) : ping(peer);
}
