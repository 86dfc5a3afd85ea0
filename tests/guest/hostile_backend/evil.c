/* SPDX-License-Identifier: MIT */
/*
 * The back end that harms. For each connection it maps the ring, does the
 * next thing of the plan, and lets go when the front end has closed; then it
 * dies with what it holds. What it must not get it checks not to have got.
 */
#include "test.h"
#include "blk.h"
#include "xs.h"
#include "common.h"

#define FRONT	3u
#define REFS	512u
#define PORTS	64u

static struct device device;
static struct blkif_sring *ring;
static struct grant_map ring_map, kept[4];
static unsigned int kept_count, turn;
static evtchn_port_t port;
static uint64_t state, hole;
static grant_ref_t ring_ref;
static void *scratch;

static uint32_t any(uint32_t limit)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % limit;
}

/* A request has come, or nothing more will. */
static bool await_request(void)
{
	uint64_t end = clock_now() + 10 * MILLISECOND;

	while (!READ_ONCE(ring->req_prod) && clock_now() < end)
		clock_sleep(50000);
	return ring->req_prod;
}

static struct blkif_response answer_to(uint32_t number)
{
	const struct blkif_request *r = &ring->ring[number % BLK_RING].req;

	return (struct blkif_response){ r->id, r->operation, 0 };
}

static void answer(uint32_t number, struct blkif_response response)
{
	memcpy(&ring->ring[number % BLK_RING].rsp, &response,
	       sizeof(response));
	__atomic_store_n(&ring->rsp_prod, number + 1, __ATOMIC_RELEASE);
	event_send(port);
}

/* For a while as it should be. */
static void behave(void)
{
	uint64_t end = clock_now() + 10 * MILLISECOND;

	for (uint32_t n = 0; clock_now() < end;) {
		if (READ_ONCE(ring->req_prod) == n) {
			clock_sleep(50000);
			continue;
		}
		answer(n, answer_to(n));
		n++;
	}
}

static void say_nothing(void)
{
	await_request();
}

static void answer_wrongly(void)
{
	struct blkif_response r;

	if (!await_request())
		return;
	r = answer_to(0);
	switch (any(4)) {
	case 0:
		r.id += 1 + any(100);
		break;
	case 1:
		r.operation ^= 1;
		break;
	case 2:
		r.status = (int16_t)(1 + any(1000));
		break;
	default:
		r.status = (int16_t)(-3 - (int)any(1000));
	}
	answer(0, r);
}

/* More answers than there are requests; the producer anywhere. */
static void run_ahead(void)
{
	static const uint32_t ahead[] = { 2, 33, 1000, 0x80000000, ~0u };

	if (!await_request())
		return;
	answer(0, answer_to(0));
	ring->rsp_prod = ahead[any(5)];
	ring->req_event = any(1u << 31);
	event_send(port);
}

/* Any word of the ring, all the time. */
static void tear_ring(void)
{
	uint64_t end = clock_now() + 8 * MILLISECOND;

	while (clock_now() < end) {
		WRITE_ONCE(((uint32_t *)ring)[any(1024)], any(1u << 31) << 1);
		event_send(port);
	}
}

/* Every reference that there is, in each way: only the two are lent. */
static void map_all(void)
{
	uint64_t to = hole + 4 * PAGE_SIZE;
	unsigned int got = 0;
	struct grant_map map;

	await_request();
	for (grant_ref_t ref = 0; ref < REFS + 8; ref++) {
		bool ours = ref == ring_ref || ref == ring_ref + 1;
		/* Pages of ours that it could not get back are there, too. */
		bool old = ref >= REF_EVIL && ref < ring_ref;

		for (unsigned int k = 0; k < 2; k++) {
			if (grant_map(FRONT, ref, to, GNTMAP_host_map |
				      (k ? GNTMAP_readonly : 0), &map))
				continue;
			CHECK(ours || old, "reference %u", ref);
			/* The data page is lent for a write: to be read. */
			CHECK(k || ref != ring_ref + 1 ||
			      ring->ring[0].req.operation == BLKIF_OP_READ);
			CHECK_EQ(grant_unmap(&map), GNTST_okay);
			CHECK(grant_unmap(&map) < 0, "twice");
			got++;
		}
	}
	CHECK(got >= 2, "%u", got);
	for (unsigned int i = 0; i < 16; i++)
		CHECK(grant_map(FRONT, any(1u << 31) | REFS, to,
				GNTMAP_host_map, &map) < 0);
}

/* As often as it may hold them, and then some. */
static void hoard(void)
{
	struct grant_map map[8];
	unsigned int got = 0;

	await_request();
	for (; got < 8; got++)
		if (grant_map(FRONT, ring_ref, hole + (4 + got) * PAGE_SIZE,
			      GNTMAP_host_map, &map[got]))
			break;
	CHECK(got + kept_count + 1 == 6, "%u and %u", got, kept_count);
	while (got--)
		CHECK_EQ(grant_unmap(&map[got]), GNTST_okay);
}

/* Answers, but holds on to the page; see drop_one(). */
static void keep(void)
{
	struct grant_map *map = &kept[kept_count];

	if (!await_request() || kept_count == ARRAY_SIZE(kept))
		return;
	if (grant_map(FRONT, ring_ref + 1,
		      hole + (12 + kept_count) * PAGE_SIZE,
		      GNTMAP_host_map | GNTMAP_readonly, map))
		return;
	kept_count++;
	answer(0, answer_to(0));
}

/* To or from a page of ours; refused for what is wrong at their end. */
static void copy(grant_ref_t ref, bool out, uint32_t offset, uint32_t length)
{
	struct gnttab_copy_ptr theirs = { .u.ref = ref, .domid = FRONT,
					  .offset = (uint16_t)offset };
	struct gnttab_copy_ptr ours = {
		.u.gmfn = page_gpa(scratch) >> PAGE_SHIFT,
		.domid = DOMID_SELF
	};
	struct gnttab_copy op = {
		.source = out ? ours : theirs, .dest = out ? theirs : ours,
		.len = (uint16_t)length,
		.flags = out ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
	};

	CHECK(grant_copy(&op) < 0, "ref %u %s, at %u, %u bytes", ref,
	      out ? "out" : "in", offset, length);
}

static void copy_beyond(void)
{
	if (!await_request())
		return;
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t length = 1 + any(4096);

		/* Beyond the page by as little as one byte. */
		copy(ring_ref + any(2), any(2),
		     4097 - length + (i % 2 ? any(60000) : 0), length);
		copy(ring_ref, any(2), any(4096), 4097 + any(60000));
		/* What is lent to be read is not written. */
		copy(ring_ref + 1, true, any(100), length % 1000);
		/* What is not lent at all. */
		copy(any(8), any(2), 0, length);
		copy(ring_ref + 2 + any(100), any(2), 0, length);
	}
	behave();
}

/* Ports that were offered to others, or to nobody. */
static void bind_all(void)
{
	for (evtchn_port_t p = 0; p < PORTS; p++)
		CHECK(event_bind(FRONT, p) < 0, "port %u", p);
	CHECK(event_bind(2, 1) < 0);
	behave();
}

static void storm(void)
{
	for (unsigned int i = 0; i < 3000; i++)
		event_send(port);
	event_close(port);
	port = 0;
}

static void flip(void)
{
	for (unsigned int i = 0; i < 30; i++) {
		device_put(&device, "state", any(10));
		if (!any(8))
			clock_sleep(any(1000) * 1000);
	}
}

static bool connect(void)
{
	long bound;

	ring_ref = (grant_ref_t)device_get(&device, "ring-ref", 0);
	bound = event_bind(FRONT, (evtchn_port_t)device_get(
					  &device, "event-channel", 0));
	if (!CHECK(bound > 0, "bind: %ld", bound) ||
	    !CHECK_EQ(grant_map(FRONT, ring_ref, hole, GNTMAP_host_map,
				&ring_map), GNTST_okay))
		return false;
	CHECK_EQ(ring_ref, REF_EVIL + 2 * turn);
	port = (evtchn_port_t)bound;
	event_attach(port, NULL);
	return device_say(&device, DEVICE_CONNECTED);
}

/* What an earlier phase kept goes, now and then. */
static void drop_one(void)
{
	if (kept_count == ARRAY_SIZE(kept))
		CHECK_EQ(grant_unmap(&kept[--kept_count]), GNTST_okay);
}

static void disconnect(void)
{
	CHECK(device_wait(&device, STATES(DEVICE_CLOSING, DEVICE_CLOSED),
			  2 * SECOND), "turn %u", turn);
	/* Not at once: it is to do without. */
	if (any(3) == 0)
		clock_sleep(25 * MILLISECOND);
	if (port)
		CHECK_EQ(event_close(port), 0);
	CHECK_EQ(grant_unmap(&ring_map), GNTST_okay);
	device_say(&device, DEVICE_CLOSED);
	drop_one();
}

int main(void)
{
	static void (*const plan[])(void) = {
		behave, say_nothing, answer_wrongly, run_ahead, tear_ring,
		map_all, hoard, keep, copy_beyond, bind_all, storm, flip,
	};

	state = boot_number("seed", 1);
	kprintf("seed %lu\n", state);
	hole = memory_hole(20) << PAGE_SHIFT;
	ring = (void *)hole;
	scratch = page_alloc();
	if (!CHECK(xs_init(5 * SECOND), "no store") ||
	    !CHECK(device_find(&device, "device/test/3",
			       "/local/domain/3/device/test/4", FRONT)))
		test_end();
	for (; turn < TURNS && !test_failures(); turn++) {
		CHECK(device_wait(&device, 1u << DEVICE_INITIALISING,
				  5 * SECOND), "turn %u", turn);
		device_say(&device, DEVICE_INIT_WAIT);
		if (!CHECK(device_wait(&device, 1u << DEVICE_INITIALISED,
				       5 * SECOND), "turn %u", turn) ||
		    !connect())
			break;
		/* The front end may have to see it before it changes. */
		CHECK(device_wait(&device, STATES(DEVICE_CONNECTED,
						  DEVICE_CLOSING),
				  5 * SECOND), "turn %u", turn);
		plan[turn % ARRAY_SIZE(plan)]();
		disconnect();
	}
	CHECK(device_wait(&device, 1u << DEVICE_UNKNOWN, 5 * SECOND));
	CHECK(kept_count > 0);
	test_verdict();
	power_end(SHUTDOWN_crash);
}
