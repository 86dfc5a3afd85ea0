/* SPDX-License-Identifier: MIT */
/*
 * The store VM: its way to the VMM.
 * Everything that the store knows is in the block (store.h); what is here is
 * made anew at each start: which client a port belongs to, and who has to be
 * served. Interrupt handlers only set marks; the loop does the work.
 *  V1  a client's ring is mapped and its port bound, both or neither;
 *  V2  before the loop sleeps, with interrupts off, nothing is marked.
 */
#include <stdbool.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>
#include "block.h"
#include "boot.h"
#include "client.h"
#include "clock.h"
#include "console.h"
#include "event.h"
#include "grant.h"
#include "hypercall.h"
#include "memory.h"
#include "power.h"

#define RING_REF	1u	/* GNTTAB_RESERVED_XENSTORE */
#define RING_PORT	1u	/* every guest's port of its xenstore ring */
#define RETRY_FIRST	10u	/* ms until a client is tried again */
#define RETRY_LAST	640u
#define MS		1000000ull
#define MARK_WORDS	(IMAGE_CLIENTS_MAX / 64 + 1)

static struct store *store;
static struct image image;
static uint64_t ring_base;
static uint16_t port_client[EVENT_PORT_MAX];
/* Marks: bit i of the words is client i. */
static uint64_t marked[MARK_WORDS], later[MARK_WORDS];
static volatile bool domains_changed;
/* Clients without a ring, and when the next of them is tried. */
static uint32_t unlinked;
static uint64_t retry_at;

static struct xenstore_domain_interface *ring_of(uint32_t client)
{
	return (void *)(ring_base + client * PAGE_SIZE);
}

static void mark(uint32_t client)
{
	__atomic_fetch_or(&marked[client / 64], 1ull << (client % 64),
			  __ATOMIC_SEQ_CST);
}

static void port_event(evtchn_port_t port)
{
	mark(port_client[port]);
}

static void domain_event(evtchn_port_t port)
{
	(void)port;
	domains_changed = true;
}

static void timer_event(evtchn_port_t port)
{
	(void)port;
}

/* Map the ring and bind the port, if the client is there. */
static bool link_up(uint32_t client)
{
	struct client *c = store_client(store, client);
	struct link *l = &c->link;
	struct grant_map map;
	long port;

	if (grant_map(c->domid, RING_REF, (uint64_t)ring_of(client),
		      GNTMAP_host_map, &map) != GNTST_okay)
		return false;
	port = event_bind(c->domid, RING_PORT);
	if (port <= 0 || port >= (long)EVENT_PORT_MAX) {
		grant_unmap(&map);
		return false;
	}
	l->port = (uint32_t)port;
	l->handle = map.handle;
	l->mapped = 1;
	unlinked--;
	port_client[l->port] = (uint16_t)client;
	client_connect(store, client, ring_of(client));
	event_attach(l->port, port_event);
	event_send(l->port);
	mark(client);
	kprintf("store: %s is connected\n", c->name);
	return true;
}

static void link_down(uint32_t client)
{
	struct client *c = store_client(store, client);
	struct link *l = &c->link;
	struct grant_map map = { l->handle, (uint64_t)ring_of(client) };

	event_detach(l->port);
	event_close(l->port);
	grant_unmap(&map);
	*l = (struct link){ 0 };
	unlinked++;
	client_gone(store, client);
	kprintf("store: %s has ended\n", c->name);
}

/* Some domain has ended or started: whose link is dead? Try all others. */
static void links_check(void)
{
	retry_at = 0;
	for (uint32_t i = 1; i < store->client_count; i++) {
		struct link *l = &store_client(store, i)->link;

		if (l->mapped && event_status(DOMID_SELF, l->port, NULL) !=
					 EVTCHNSTAT_interdomain)
			link_down(i);
		if (!l->mapped)
			*l = (struct link){ 0 };
	}
}

/* Try who is due; returns when the next one is (0: nobody). */
static uint64_t links_retry(uint64_t now)
{
	uint64_t next = 0;

	if (!unlinked || now < retry_at)
		return unlinked ? retry_at : 0;
	for (uint32_t i = 1; i < store->client_count; i++) {
		struct link *l = &store_client(store, i)->link;

		if (l->mapped)
			continue;
		if (now >= l->retry_at && client_is_clean(store, i) &&
		    link_up(i))
			continue;
		if (now >= l->retry_at) {
			l->backoff = l->backoff ? l->backoff * 2 : RETRY_FIRST;
			if (l->backoff > RETRY_LAST)
				l->backoff = RETRY_LAST;
			l->retry_at = now + l->backoff * MS;
		}
		if (!next || l->retry_at < next)
			next = l->retry_at;
	}
	retry_at = next;
	return next;
}

/* One turn for everybody who is marked; true if somebody wants more. */
static bool turns(uint64_t now)
{
	bool more = false;

	for (uint32_t w = 0; w <= store->client_count / 64; w++) {
		uint64_t bits;

		if (!READ_ONCE(marked[w]))
			continue;
		bits = __atomic_exchange_n(&marked[w], 0, __ATOMIC_SEQ_CST);
		for (; bits; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzl(bits);
			struct link *l = &store_client(store, i)->link;
			unsigned int did;

			if (!l->mapped)
				continue;
			did = client_turn(store, i, ring_of(i), now);
			if (did & TURN_NOTIFY)
				event_send(l->port);
			if (did & TURN_AGAIN)
				mark(i);
			if (did & TURN_LATER)
				later[w] |= 1ull << (i % 64);
			more |= did & TURN_AGAIN;
		}
	}
	return more;
}

/* A change by one may be an event for others: mark them. */
static bool mark_waiting(void)
{
	if (!store->waiting)
		return false;
	store->waiting = 0;
	for (uint32_t i = 1; i < store->client_count; i++)
		if (store_client(store, i)->waiting) {
			store_client(store, i)->waiting = 0;
			mark(i);
		}
	return true;
}

/* Those who had to wait for a shield try again; when is the next time? */
static uint64_t turns_later(uint64_t now)
{
	uint64_t when = 0;

	for (uint32_t w = 0; w <= store->client_count / 64; w++) {
		if (!later[w])
			continue;
		when = client_later(store);
		if (now < when)
			return when;
		__atomic_fetch_or(&marked[w], later[w], __ATOMIC_SEQ_CST);
		later[w] = 0;
	}
	return 0;
}

static bool anything_marked(void)
{
	for (uint32_t w = 0; w <= store->client_count / 64; w++)
		if (READ_ONCE(marked[w]))
			return true;
	return domains_changed;
}

_Noreturn static void serve(void)
{
	uint64_t timer = 0;

	for (;;) {
		uint64_t now = clock_now(), retry, due;
		bool more;

		if (domains_changed) {
			domains_changed = false;
			links_check();
		}
		more = turns(now);
		more |= client_step(store, &image);
		more |= mark_waiting();
		retry = links_retry(now);
		due = turns_later(now);
		if (!due || (retry && retry < due))
			due = retry;
		if (more)
			continue;
		irq_off();
		if (!anything_marked()) {
			/* A client that is being reset needs no timer. */
			if (due && due != timer && due > now)
				clock_timer_set(due, 0);
			timer = due;
			irq_wait();
		}
		irq_on();
	}
}

static const char *setup(void)
{
	const char *wrong;
	uint64_t pages;
	void *block;
	long port;

	if (boot.module_count < 1)
		return "there is none";
	image.bytes = (const uint8_t *)boot.module[0].paddr;
	image.size = (uint32_t)boot.module[0].size;
	wrong = image_check(&image);
	if (wrong)
		return wrong;
	pages = (block_size(&image) + PAGE_SIZE - 1) / PAGE_SIZE;
	/* Page tables for the rings are taken from the rest. */
	ring_base = memory_hole(image_head(&image).client_count + 1)
		    << PAGE_SHIFT;
	if (memory_rest_start() + pages * PAGE_SIZE > memory_rest_end())
		return "it needs more memory than this VM has";
	block = page_alloc_many(pages);
	wrong = block_init(block, &image);
	if (wrong)
		return wrong;
	store = block;
	unlinked = store->client_count - 1;
	port = event_bind_virq(VIRQ_DOM_EXC, 0);
	if (port <= 0)
		return "it is not the store of this machine (VIRQ_DOM_EXC)";
	event_attach((evtchn_port_t)port, domain_event);
	event_attach(clock_timer_port(), timer_event);
	return NULL;
}

int main(void)
{
	const char *wrong = setup();

	if (wrong) {
		kprintf("store: launch image: %s\n", wrong);
		return 1;
	}
	kprintf("store: ready for %u clients\n", store->client_count - 1);
	serve();
}
