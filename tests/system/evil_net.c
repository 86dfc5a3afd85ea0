/* SPDX-License-Identifier: MIT */
/*
 * A network back end that harms its front end, which is Linux's. It answers
 * ARP and echo requests for whatever address on each of its interfaces, until
 * a long packet comes; then that interface goes wrong in a way of its own.
 * The first never does. Then it dies with what it holds. If its front end had
 * a life before its own, it dies no more and all are good.
 */
#include "test.h"
#include <xen/io/netif.h>
#include "device.h"
#include "xs.h"

#define VIFS_MAX	16u
#define SLOTS		256u
#define LONG		700u	/* bytes: from here on it goes wrong */

struct vif {
	struct device device;
	bool offered, up, wrong;
	struct grant_map tx_map, rx_map;
	struct netif_tx_sring *tx;
	struct netif_rx_sring *rx;
	evtchn_port_t port;
	uint32_t tx_cons, tx_prod, rx_cons, rx_prod;
	unsigned int answered;
};

static struct vif vif[VIFS_MAX];
static unsigned int vifs;
static uint8_t *packet;
static uint64_t state;
static volatile uint64_t work;
static bool good;

static uint32_t any(uint32_t limit)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % limit;
}

static void wake(evtchn_port_t port)
{
	(void)port;
	work++;
}

static int copy(const struct vif *v, grant_ref_t ref, uint16_t offset,
		uint32_t length, bool out)
{
	struct gnttab_copy_ptr theirs = {
		.u.ref = ref, .domid = v->device.peer, .offset = offset
	};
	struct gnttab_copy_ptr ours = {
		.u.gmfn = page_gpa(packet) >> PAGE_SHIFT, .domid = DOMID_SELF
	};
	struct gnttab_copy op = {
		.source = out ? ours : theirs, .dest = out ? theirs : ours,
		.len = (uint16_t)length,
		.flags = out ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
	};

	return grant_copy(&op);
}

static void push(struct vif *v)
{
	__atomic_store_n(&v->tx->rsp_prod, v->tx_prod, __ATOMIC_RELEASE);
	__atomic_store_n(&v->rx->rsp_prod, v->rx_prod, __ATOMIC_RELEASE);
	v->tx->req_event = v->tx_cons + 1;
	event_send(v->port);
}

/* The next packet; false if there is none yet. */
static bool tx_take(struct vif *v, struct netif_tx_request *r)
{
	uint32_t prod = __atomic_load_n(&v->tx->req_prod, __ATOMIC_ACQUIRE);

	if (prod == v->tx_cons || !CHECK(prod - v->tx_cons <= SLOTS))
		return false;
	*r = v->tx->ring[v->tx_cons++ % SLOTS].req;
	return true;
}

static void tx_answer(struct vif *v, uint16_t id, int16_t status)
{
	v->tx->ring[v->tx_prod++ % SLOTS].rsp =
		(struct netif_tx_response){ id, status };
}

/* A place to receive into; false if they have left none. */
static bool rx_take(struct vif *v, struct netif_rx_request *r)
{
	if (__atomic_load_n(&v->rx->req_prod, __ATOMIC_ACQUIRE) == v->rx_cons)
		return false;
	*r = v->rx->ring[v->rx_cons++ % SLOTS].req;
	return true;
}

static void rx_answer(struct vif *v, struct netif_rx_response answer)
{
	v->rx->ring[v->rx_prod++ % SLOTS].rsp = answer;
}

/* The packet goes back to where it came from. */
static void send_back(struct vif *v, uint32_t length)
{
	struct netif_rx_request r;

	memcpy(packet, packet + 6, 6);
	memcpy(packet + 6, "\x02\x00\x00\xee\xee\xee", 6);
	if (!rx_take(v, &r))
		return;
	CHECK_EQ(copy(v, r.gref, 0, length, true), GNTST_okay);
	rx_answer(v, (struct netif_rx_response){ r.id, 0, 0,
						 (int16_t)length });
	v->answered++;
}

static void answer(struct vif *v, uint32_t length)
{
	uint8_t *p = packet + 14, address[4];
	uint32_t sum;

	if (length >= 42 && !memcmp(packet + 12, "\x08\x06", 2) && p[7] == 1) {
		memcpy(address, p + 24, 4);
		memcpy(p + 18, p + 8, 10);	/* to who asked */
		memcpy(p + 8, "\x02\x00\x00\xee\xee\xee", 6);
		memcpy(p + 14, address, 4);
		p[7] = 2;
		send_back(v, 42);
	} else if (length >= 42 && !memcmp(packet + 12, "\x08\x00\x45", 3) &&
		   p[9] == 1 && p[20] == 8) {
		memcpy(address, p + 12, 4);
		memcpy(p + 12, p + 16, 4);
		memcpy(p + 16, address, 4);
		p[20] = 0;
		sum = (uint32_t)p[22] * 256 + p[23] + 0x800;
		sum += sum >> 16;
		p[22] = (uint8_t)(sum >> 8);
		p[23] = (uint8_t)sum;
		send_back(v, length);
	}
}

/* The wrong things; the request that came, without an answer, is r. */

static void run_ahead(struct vif *v, const struct netif_tx_request *r)
{
	static const uint32_t ahead[] = { 1, 256, 257, 0x7fffffff, ~0u };

	for (unsigned int i = 0; i < 5; i++) {
		tx_answer(v, r->id, 0);
		v->tx->rsp_prod = v->tx_cons + ahead[i];
		event_send(v->port);
	}
}

static void rx_ahead(struct vif *v, const struct netif_tx_request *r)
{
	static const uint32_t ahead[] = { 257, 1000, 0x7fffffff };

	tx_answer(v, r->id, 0);
	push(v);
	v->rx->rsp_prod = v->rx_cons + ahead[any(3)];
	event_send(v->port);
}

static void misname(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, (uint16_t)(r->id + 256), 0);
	push(v);
}

static void repeat(struct vif *v, const struct netif_tx_request *r)
{
	v->tx->ring[(v->tx_prod - 1) % SLOTS].rsp.id = r->id;
	for (unsigned int i = 0; i < 4; i++)
		tx_answer(v, r->id, 0);
	push(v);
}

static void lie(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, r->id, (int16_t)(2 + any(1000)));
	push(v);
}

static void say_nothing(struct vif *v, const struct netif_tx_request *r)
{
	(void)v;
	(void)r;
}

/* Packets that are none, as many as there is room for. */
static void deliver(struct vif *v, unsigned int kind)
{
	static const int16_t size[] = {
		0, 1, 13, 4096, 4097, 32767, -1, -32768
	};
	struct netif_rx_request r;

	for (unsigned int i = 0; i < 4096; i++)
		packet[i] = (uint8_t)any(256);
	memcpy(packet, "\xff\xff\xff\xff\xff\xff", 6);
	memcpy(packet + 12, any(2) ? "\x08\x00\x45" : "\x86\xdd\x60", 3);
	for (unsigned int n = 0; rx_take(v, &r); n++) {
		struct netif_rx_response a = {
			r.id, 0, NETRXF_csum_blank, (int16_t)any(4096)
		};
		struct netif_extra_info e = {
			.type = (uint8_t)any(7), .flags = (uint8_t)any(2),
			.u.gso = { (uint16_t)(any(2) * any(2000)),
				   (uint8_t)any(4), 0, 0 }
		};

		copy(v, r.gref, 0, 4096, true);
		if (kind == 0) {
			a.offset = (uint16_t)(any(2) ? any(65536) : 4095);
			a.status = size[any(8)];
		} else if (kind == 1) {
			a.flags = NETRXF_more_data;
		} else if (kind == 2) {
			a.flags = (uint16_t)(NETRXF_extra_info | any(16));
		} else {
			a.id = (uint16_t)any(65536);
		}
		rx_answer(v, a);
		if (kind == 2 && rx_take(v, &r))
			memcpy(&v->rx->ring[v->rx_prod++ % SLOTS], &e,
			       sizeof(e));
	}
	push(v);
}

static void missize(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, r->id, 0);
	deliver(v, 0);
}

static void chain(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, r->id, 0);
	deliver(v, 1);
}

static void extra(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, r->id, 0);
	deliver(v, 2);
}

static void garbage(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, r->id, 0);
	deliver(v, 3);
}

static void tear(struct vif *v, const struct netif_tx_request *r)
{
	uint64_t end = clock_now() + 100 * MILLISECOND;

	(void)r;
	while (clock_now() < end) {
		WRITE_ONCE(((uint32_t *)(any(2) ? (void *)v->tx :
						  (void *)v->rx))[any(1024)],
			   any(1u << 31) << 1);
		event_send(v->port);
	}
}

static void storm(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, r->id, 0);
	for (unsigned int i = 0; i < 3000; i++)
		event_send(v->port);
	CHECK_EQ(event_close(v->port), 0);
}

static void let_go(struct vif *v, const struct netif_tx_request *r)
{
	(void)r;
	CHECK_EQ(grant_unmap(&v->rx_map), GNTST_okay);
	CHECK_EQ(grant_unmap(&v->tx_map), GNTST_okay);
	CHECK(grant_unmap(&v->tx_map) < 0, "twice");
}

static void flip(struct vif *v, const struct netif_tx_request *r)
{
	tx_answer(v, r->id, 0);
	push(v);
	for (unsigned int i = 0; i < 60; i++) {
		if (any(8))
			device_put(&v->device, "state", any(10));
		else
			device_put_text(&v->device, "state",
					any(2) ? "" : "connected");
		if (!any(4))
			clock_sleep(any(2000) * 1000);
	}
}

static void (*const plan[])(struct vif *, const struct netif_tx_request *) = {
	run_ahead, rx_ahead, misname, repeat, lie, say_nothing, missize,
	chain, extra, garbage, tear, storm, let_go, flip,
};
#define PLAN	ARRAY_SIZE(plan)

static void serve(struct vif *v)
{
	unsigned int which = (unsigned int)(v - vif);
	struct netif_tx_request r;

	while (tx_take(v, &r)) {
		if (!good && which && r.size >= LONG) {
			push(v);
			CHECK(v->answered > 0, "vif %u", which);
			v->wrong = true;
			kprintf("vif %u goes wrong\n", which);
			plan[which - 1](v, &r);
			return;
		}
		if (r.size <= 4096 && !r.flags &&
		    !copy(v, r.gref, r.offset, r.size, false)) {
			/* What is lent to be read stays as it is. */
			CHECK(copy(v, r.gref, r.offset, r.size, true) < 0);
			answer(v, r.size);
		}
		tx_answer(v, r.id, 0);
	}
	push(v);
}

static void begin(struct vif *v)
{
	static const char *const nonsense[] = {
		"multi-queue-max-queues", "feature-split-event-channels",
		"feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6",
		"feature-xdp-headroom", "feature-multicast-control",
	};

	/* The flipping one; Linux takes of all this what it likes. */
	for (unsigned int i = 0; !good && (size_t)(v - vif) == PLAN &&
				 i < ARRAY_SIZE(nonsense); i++)
		device_put_text(&v->device, nonsense[i], i % 2 ? "-1" : "x");
	device_put(&v->device, "feature-rx-copy", 1);
	device_say(&v->device, DEVICE_INIT_WAIT);
	v->offered = true;
}

static void connect(struct vif *v)
{
	const struct device *d = &v->device;
	long port = event_bind(d->peer, (evtchn_port_t)device_get(
					d, "event-channel", 0));
	grant_ref_t tx = (grant_ref_t)device_get(d, "tx-ring-ref", 0);
	grant_ref_t rx = (grant_ref_t)device_get(d, "rx-ring-ref", 0);

	if (!CHECK(port > 0, "bind: %ld", port) ||
	    !CHECK_EQ(grant_map(d->peer, tx, (uint64_t)v->tx, GNTMAP_host_map,
				&v->tx_map), GNTST_okay) ||
	    !CHECK_EQ(grant_map(d->peer, rx, (uint64_t)v->rx, GNTMAP_host_map,
				&v->rx_map), GNTST_okay))
		return;
	v->port = (evtchn_port_t)port;
	v->up = true;
	event_attach(v->port, wake);
	device_say(d, DEVICE_CONNECTED);
	work++;
}

static void follow(struct vif *v)
{
	enum device_state theirs = device_state(&v->device);

	if (v->wrong || v->up)
		return;
	if (theirs == DEVICE_INITIALISING && !v->offered)
		begin(v);
	else if (theirs == DEVICE_CONNECTED && v->offered)
		connect(v);
	else if (theirs == DEVICE_CLOSED && good)
		device_say(&v->device, DEVICE_CLOSED);
}

static bool find_vifs(void)
{
	char front[8], own[48], other[48];
	domid_t peer = 0;

	if (!CHECK(xs_path(XS_DIRECTORY, 0, "backend/vif") > 0, "%s",
		   xs_reply))
		return false;
	ksnprintf(front, sizeof(front), "%s", xs_reply);
	for (const char *c = front; *c; c++)
		peer = (domid_t)(peer * 10 + *c - '0');
	for (; vifs < VIFS_MAX; vifs++) {
		ksnprintf(own, sizeof(own), "backend/vif/%s/%u", front, vifs);
		ksnprintf(other, sizeof(other),
			  "/local/domain/%s/device/vif/%u", front, vifs);
		if (xs_read(0, own) < 0)
			break;
		if (!CHECK(device_find(&vif[vifs].device, own, other, peer),
			   "%s", xs_reply))
			return false;
	}
	return CHECK_EQ(vifs, PLAN + 1);
}

int main(void)
{
	uint64_t hole = memory_hole(2 * VIFS_MAX) << PAGE_SHIFT, end = ~0ull;
	unsigned int wrong = 0;

	state = boot_number("seed", 1);
	packet = page_alloc();
	if (!CHECK(xs_init(5 * SECOND), "no store") || !find_vifs())
		test_end();
	event_attach(xs_port, wake);
	for (unsigned int i = 0; i < vifs; i++) {
		vif[i].tx = (void *)(hole + 2 * i * PAGE_SIZE);
		vif[i].rx = (void *)(hole + (2 * i + 1) * PAGE_SIZE);
	}
	good = device_state(&vif[0].device) != DEVICE_INITIALISING;
	kprintf("%u vifs, %s\n", vifs, good ? "good" : "evil");
	while (clock_now() < end) {
		uint64_t seen = work;
		bool changed = false;

		while (xs_event(0))
			changed = true;
		wrong = 0;
		for (unsigned int i = 0; i < vifs; i++) {
			if (changed)
				follow(&vif[i]);
			if (vif[i].up && !vif[i].wrong)
				serve(&vif[i]);
			wrong += vif[i].wrong;
		}
		if (wrong == PLAN && end == ~0ull)
			end = clock_now() + SECOND;
		if (seen == work)
			clock_sleep_until(clock_now() + SECOND / 5, &work,
					  seen);
	}
	kprintf("%u vifs went wrong\n", wrong);
	test_verdict();
	power_end(SHUTDOWN_crash);
}
