/* SPDX-License-Identifier: MIT */
/*
 * The front end that harms, for networks: as evil.c, against a real back end
 * (tests/system). It speaks no protocol above Ethernet.
 */
#include "test.h"
#include <xen/io/netif.h>
#include "device.h"
#include "xs.h"

#define SLOTS	256u
#define REF_TX	GRANT_FIRST
#define REF_RX	(GRANT_FIRST + 1)
#define DATA	16u		/* references of data pages from here on */
#define PAGES	8u

static struct device device;
static struct netif_tx_sring *tx;
static struct netif_rx_sring *rx;
static uint8_t *page[PAGES];
static evtchn_port_t port;
static uint32_t tx_prod, rx_prod;
static uint64_t state, wait;
static unsigned int opened, failed, lost;

static uint32_t any(uint32_t limit)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % limit;
}

/* Rings and pages that the last back end may still hold are its for good. */
static void take_pages(void)
{
	tx = page_alloc();
	rx = page_alloc();
	for (unsigned int i = 0; i < PAGES; i++)
		page[i] = page_alloc();
}

static bool open_net(void)
{
	const struct device *d = &device;
	long offered = event_offer(d->peer);

	memset(tx, 0, PAGE_SIZE);
	memset(rx, 0, PAGE_SIZE);
	tx->req_event = tx->rsp_event = rx->req_event = rx->rsp_event = 1;
	tx_prod = rx_prod = 0;
	if (!CHECK(offered > 0, "%ld", offered))
		return false;
	port = (evtchn_port_t)offered;
	event_attach(port, NULL);
	grant_offer(REF_TX, d->peer, page_gpa(tx) >> 12, 0);
	grant_offer(REF_RX, d->peer, page_gpa(rx) >> 12, 0);
	for (unsigned int i = 0; i < PAGES; i++) {
		memset(page[i], 0xff, 12);	/* to everybody */
		grant_offer(DATA + i, d->peer, page_gpa(page[i]) >> 12, 0);
	}
	return device_say(d, DEVICE_INITIALISING) &&
	       device_wait(d, 1u << DEVICE_INIT_WAIT, wait) &&
	       device_put(d, "tx-ring-ref", REF_TX) &&
	       device_put(d, "rx-ring-ref", REF_RX) &&
	       device_put(d, "event-channel", port) &&
	       device_put(d, "request-rx-copy", 1) &&
	       device_put(d, "feature-rx-notify", 1) &&
	       device_put(d, "feature-sg", 1) &&
	       device_put(d, "feature-gso-tcpv4", 1) &&
	       device_say(d, DEVICE_CONNECTED) &&
	       device_wait(d, 1u << DEVICE_CONNECTED, wait);
}

static void close_net(void)
{
	bool held = false;

	device_say(&device, DEVICE_CLOSING);
	device_wait(&device, STATES(DEVICE_CLOSED, DEVICE_CLOSING), wait);
	device_say(&device, DEVICE_CLOSED);
	device_wait(&device, 1u << DEVICE_CLOSED, wait);
	event_detach(port);
	event_close(port);
	for (unsigned int i = 0; i < PAGES; i++)
		held |= !grant_withdraw(DATA + i);
	held |= !grant_withdraw(REF_TX);
	held |= !grant_withdraw(REF_RX);
	lost += held;
	if (held)
		take_pages();
}

static void send(struct netif_tx_request r)
{
	tx->ring[tx_prod++ % SLOTS].req = r;
}

/* All that the back end needs to deliver something to us, mostly. */
static void receive(unsigned int count)
{
	while (count--)
		rx->ring[rx_prod++ % SLOTS].req = (struct netif_rx_request){
			.id = (uint16_t)any(65536),
			.gref = any(3) ? DATA + any(PAGES) : any(1u << 31)
		};
}

static void push(void)
{
	__atomic_store_n(&tx->req_prod, tx_prod, __ATOMIC_RELEASE);
	__atomic_store_n(&rx->req_prod, rx_prod, __ATOMIC_RELEASE);
	event_send(port);
}

static struct netif_tx_request packet(void)
{
	return (struct netif_tx_request){
		.gref = DATA + any(PAGES), .id = (uint16_t)any(300),
		.size = (uint16_t)(60 + any(1440))
	};
}

static void run_ahead(void)
{
	static const uint32_t ahead[] = { 257, 1000, 0x80000000, ~0u };

	receive(64);
	push();
	if (any(2))
		tx->req_prod = tx_prod + ahead[any(4)];
	else
		rx->req_prod = rx_prod + ahead[any(4)];
	tx->rsp_prod = any(1u << 31);
	rx->rsp_prod = any(1u << 31);
	event_send(port);
}

/* Lengths and places that are no packet's. */
static void missize(void)
{
	static const uint16_t size[] = { 0, 1, 13, 14, 4096, 4097, 65535 };

	for (unsigned int i = 0; i < 40; i++) {
		struct netif_tx_request r = packet();

		r.size = any(2) ? size[any(7)] : r.size;
		r.offset = (uint16_t)(any(2) ? any(65536) : 4090);
		send(r);
		push();
	}
}

/* Packets of more parts than there are slots. */
static void chain(void)
{
	uint32_t parts = any(2) ? SLOTS : 17 + any(8);

	for (uint32_t i = 0; i < parts; i++) {
		struct netif_tx_request r = packet();

		r.flags = NETTXF_more_data;
		if (!i)
			r.size = (uint16_t)any(65536);
		send(r);
	}
	push();
}

/* Extra information of every kind, and more of it, and none. */
static void extra(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		struct netif_tx_request r = packet();
		struct netif_extra_info e = {
			.type = (uint8_t)any(7), .flags = (uint8_t)any(3),
			.u.gso = { .size = (uint16_t)any(2000),
				   .type = (uint8_t)any(4) },
		};

		r.flags = (uint16_t)(NETTXF_extra_info |
				     (any(2) ? NETTXF_csum_blank : 0) |
				     (any(3) ? 0 : NETTXF_more_data));
		send(r);
		for (unsigned int k = any(4); k--;)
			memcpy(&tx->ring[tx_prod++ % SLOTS], &e, sizeof(e));
		push();
	}
}

/* Bytes. */
static void garble(void)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct netif_tx_request r = packet();
		uint8_t *byte = (uint8_t *)&r;

		for (unsigned int k = 0; k < sizeof(r); k++)
			if (!any(i % 3 ? 30 : 2))
				byte[k] = (uint8_t)any(256);
		send(r);
	}
	receive(SLOTS);
	push();
}

/* Grants that are not there, not ours to give, or that go meanwhile. */
static void revoke(void)
{
	uint64_t end = clock_now() + 5 * MILLISECOND;

	grant_offer(DATA + PAGES, device.peer, page_gpa(xen_shared_page) >> 12,
		    0);
	grant_offer(DATA + PAGES + 1, device.peer,
		    page_gpa(grant_table) >> 12, 0);
	for (unsigned int i = 0; i < 100; i++) {
		struct netif_tx_request r = packet();

		r.gref = any(3) ? DATA + any(PAGES + 4) : any(1u << 31);
		send(r);
	}
	receive(SLOTS);
	push();
	while (clock_now() < end) {
		struct grant_entry_v1 *e = &grant_table[DATA + any(PAGES)];

		if (any(2))
			WRITE_ONCE(e->flags, 0);
		else
			WRITE_ONCE(e->frame, any(2048));
	}
	for (unsigned int i = 0; i < PAGES; i++)
		grant_offer(DATA + i, device.peer, page_gpa(page[i]) >> 12, 0);
}

/* Good requests that change while they are being read. */
static void mutate(void)
{
	uint64_t end = clock_now() + 5 * MILLISECOND;

	for (unsigned int i = 0; i < SLOTS; i++)
		send(packet());
	receive(SLOTS);
	push();
	while (clock_now() < end) {
		WRITE_ONCE(((uint32_t *)tx)[16 + any(768)], any(1u << 31));
		WRITE_ONCE(((uint32_t *)rx)[16 + any(512)], any(1u << 31));
	}
}

/* Takes nothing: what others send to all has nowhere to go. */
static void starve(void)
{
	receive(any(3));
	push();
	clock_sleep(50 * MILLISECOND);
}

static void storm(void)
{
	for (unsigned int i = 0; i < 5000; i++)
		event_send(port);
}

static void misname(void)
{
	static const char *const key[] = {
		"tx-ring-ref", "rx-ring-ref", "event-channel",
		"multi-queue-num-queues", "request-rx-copy",
	};

	for (unsigned int i = 0; i < 10; i++) {
		device_say(&device, DEVICE_CLOSED);
		device_wait(&device, 1u << DEVICE_CLOSED, wait / 8);
		device_say(&device, DEVICE_INITIALISING);
		device_wait(&device, 1u << DEVICE_INIT_WAIT, wait / 8);
		if (any(4))
			device_put(&device, key[i % 5], any(2) ? any(600) :
				   any(1u << 31) * 3ul);
		else
			device_put_text(&device, key[i % 5], "nonsense");
		device_say(&device, DEVICE_CONNECTED);
		clock_sleep(any(20) * MILLISECOND);
		device_put(&device, "state", 1 + any(8));
	}
	device_put(&device, "multi-queue-num-queues", 1);
}

int main(void)
{
	static void (*const plan[])(void) = {
		run_ahead, missize, chain, extra, garble, revoke, mutate,
		starve, storm, misname,
	};
	unsigned int turns = (unsigned int)boot_number("turns", 3);
	char own[64];

	state = boot_number("seed", 1);
	wait = 60 * SECOND;
	kprintf("seed %lu\n", state);
	boot_argument("own", own, sizeof(own));
	if (!CHECK(xs_init(5 * SECOND), "no store") ||
	    !CHECK(grant_init(1)) ||
	    !CHECK(device_find(&device, own, NULL, 0), "%s: %s", own,
		   xs_reply))
		test_end();
	take_pages();
	if (!CHECK(open_net(), "not connected"))
		test_end();
	wait = boot_number("wait", 1000) * MILLISECOND;
	for (unsigned int i = 0; i < turns * ARRAY_SIZE(plan); i++) {
		kprintf("phase %u\n", i % (unsigned int)ARRAY_SIZE(plan));
		plan[i % ARRAY_SIZE(plan)]();
		clock_sleep(3 * MILLISECOND);
		close_net();
		if (open_net())
			opened++;
		else
			kprintf("not connected (%u): the back end's state is "
				"%u\n", ++failed, device_state(&device));
	}
	kprintf("connected %u times again, %u times not; %u times it kept "
		"pages\n", opened, failed, lost);
	garble();
	test_end();
}
