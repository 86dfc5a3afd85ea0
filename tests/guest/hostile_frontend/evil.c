/* SPDX-License-Identifier: MIT */
/*
 * The front end that harms. Each phase connects, does one thing, and closes;
 * all of it bounded, and random only by seed=. With again=1 the back end is
 * one that serves whoever begins anew, and that it does is checked. own= and
 * other= are the directories; without other= own/backend says. wait= is how
 * many milliseconds the back end may take for a step.
 */
#include "test.h"
#include "blk.h"
#include "xs.h"

#define PHASE	"/shared/phase"
#define REFS	512u	/* of our table, one page */
#define FREE	480u	/* references from here on are for play */

static struct blk disk;
static uint32_t *page;
static uint64_t state;
static bool again;
static uint64_t wait;
static unsigned int opened, failed;

static uint32_t any(uint32_t limit)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % limit;
}

/* A request that would do, for the reference GRANT_FIRST + 1. */
static struct blkif_request request(void)
{
	return (struct blkif_request){
		.operation = (uint8_t)any(2), .nr_segments = 1,
		.id = any(1000), .sector_number = any(200),
		.seg[0] = { .gref = GRANT_FIRST + 1, .last_sect = 7 },
	};
}

static void offer_page(uint16_t flags)
{
	grant_offer(GRANT_FIRST + 1, disk.device.peer, page_gpa(page) >> 12,
		    flags);
}

/* The producer runs ahead, or back. */
static void run_ahead(void)
{
	static const uint32_t ahead[] = { 33, 64, 1000, 0x80000000, ~0u };

	offer_page(0);
	disk.ring->req_prod = disk.prod + ahead[any(5)];
	disk.ring->rsp_prod = any(1u << 31);
	disk.ring->req_event = any(1u << 31);
	event_send(disk.port);
}

/* Bytes where requests should be; some are nearly right. */
static void garble(void)
{
	offer_page(0);
	for (unsigned int i = 0; i < BLK_RING; i++) {
		struct blkif_request r = request();
		uint8_t *byte = (uint8_t *)&r;

		for (unsigned int k = 0; k < sizeof(r); k++)
			if (i % 4 == 0 || !any(12))
				byte[k] = (uint8_t)any(256);
		if (any(3)) {
			r.operation = (uint8_t)any(8);
			r.nr_segments = (uint8_t)any(14);
		}
		blk_put(&disk, &r);
	}
	blk_push(&disk);
}

/* Sectors and segments that are out of range, or sum up to nonsense. */
static void overreach(void)
{
	static const uint64_t sector[] = {
		249, 256, 1ul << 31, 1ul << 32, 1ul << 54, 1ul << 63, ~0ul,
		~0ul - 7
	};

	offer_page(0);
	for (unsigned int i = 0; i < BLK_RING; i++) {
		struct blkif_request r = request();

		r.sector_number = sector[i % 8];
		if (i >= 8) {
			r.sector_number = any(200);
			r.seg[0].first_sect = (uint8_t)(any(300));
			r.seg[0].last_sect = (uint8_t)(6 + any(260));
			r.nr_segments = (uint8_t)(i % 2 ? 11 : any(256));
		}
		blk_put(&disk, &r);
	}
	blk_push(&disk);
}

/* References that are somebody else's, nobody's, or of special frames. */
static void borrow(void)
{
	domid_t peer = disk.device.peer;
	uint64_t gfn[5] = {
		page_gpa(xen_shared_page) >> 12, page_gpa(grant_table) >> 12,
		memory_hole(1), 0xffffffff, page_gpa(xs_ring) >> 12
	};

	for (unsigned int i = 0; i < 5; i++)
		/* The last one is our way to the store: not to be written. */
		grant_offer(FREE + i, peer, gfn[i], i == 4 ? GTF_readonly : 0);
	grant_offer(FREE + 5, DOMID_SELF, page_gpa(page) >> 12, 0);
	grant_offer(FREE + 6, (domid_t)(peer + 1), page_gpa(page) >> 12, 0);
	grant_offer(FREE + 7, peer, page_gpa(page) >> 12, GTF_readonly);
	grant_offer(FREE + 8, peer, page_gpa(disk.ring) >> 12, 0);
	grant_offer(FREE + 9, peer, page_gpa(page) >> 12, 0);
	grant_table[FREE + 9].flags = GTF_accept_transfer;
	for (unsigned int i = 0; i < BLK_RING; i++) {
		struct blkif_request r = request();

		r.operation = i == 7 ? BLKIF_OP_READ : r.operation;
		r.seg[0].gref = i < 10 ? FREE + i :
				i < 20 ? any(12) : any(1u << 31) << 1;
		blk_put(&disk, &r);
	}
	blk_push(&disk);
}

/* Grants that go, or name another frame, while they are used. */
static void revoke(void)
{
	uint32_t *second = page_alloc();
	uint64_t end = clock_now() + 5 * MILLISECOND;

	for (unsigned int i = 0; i < BLK_RING; i++) {
		struct blkif_request r = request();

		r.nr_segments = 11;
		for (unsigned int k = 0; k < 11; k++)
			r.seg[k] = (struct blkif_request_segment){
				.gref = GRANT_FIRST + 1, .last_sect = 7
			};
		blk_put(&disk, &r);
	}
	offer_page(0);
	blk_push(&disk);
	while (clock_now() < end) {
		struct grant_entry_v1 *e = &grant_table[GRANT_FIRST + 1];

		switch (any(4)) {
		case 0:
			WRITE_ONCE(e->flags, 0);
			break;
		case 1:
			WRITE_ONCE(e->frame,
				   (uint32_t)(page_gpa(second) >> 12));
			break;
		case 2:
			WRITE_ONCE(e->domid, (domid_t)any(9));
			break;
		default:
			offer_page(any(2) ? GTF_readonly : 0);
		}
	}
}

/* Requests of requests, with more segments than there can be. */
static void indirect(void)
{
	offer_page(0);
	for (unsigned int i = 0; i < BLK_RING; i++) {
		struct blkif_request_indirect r = {
			.operation = BLKIF_OP_INDIRECT,
			.indirect_op = (uint8_t)any(4), .id = i,
			.nr_segments = (uint16_t)(any(2) ? any(65536) :
							   any(300)),
			.sector_number = any(200),
		};
		struct blkif_request whole;

		for (unsigned int k = 0; k < 8; k++)
			r.indirect_grefs[k] = any(3) ? GRANT_FIRST + 1 :
						       any(1u << 31);
		memset(&whole, 0, sizeof(whole));
		memcpy(&whole, &r, sizeof(r));
		blk_put(&disk, &whole);
	}
	for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
		page[i] = any(4) ? GRANT_FIRST + 1 : any(1u << 31);
	blk_push(&disk);
}

/* Good requests that change while they are being read. */
static void mutate(void)
{
	uint64_t end = clock_now() + 5 * MILLISECOND;

	offer_page(0);
	for (unsigned int i = 0; i < BLK_RING; i++) {
		struct blkif_request r = request();

		blk_put(&disk, &r);
	}
	blk_push(&disk);
	while (clock_now() < end) {
		struct blkif_request *r =
			&disk.ring->ring[any(BLK_RING)].req;

		switch (any(5)) {
		case 0:
			WRITE_ONCE(r->nr_segments, (uint8_t)any(256));
			break;
		case 1:
			WRITE_ONCE(r->seg[0].gref, any(1u << 31));
			break;
		case 2:
			WRITE_ONCE(r->sector_number, ~0ul - any(100));
			break;
		case 3:
			WRITE_ONCE(r->operation, (uint8_t)any(8));
			break;
		default:
			WRITE_ONCE(r->seg[0].last_sect, (uint8_t)any(256));
		}
	}
}

/* Events without end, and then none: the port goes away. */
static void storm(void)
{
	for (unsigned int i = 0; i < 5000; i++)
		event_send(disk.port);
	event_close(disk.port);
	disk.ring->req_prod++;
}

/*
 * States in any order, with or without meaning; but Unknown, or nothing, is
 * for Linux the end of the device.
 */
static void flip(void)
{
	for (unsigned int i = 0; i < 40; i++) {
		if (!again || any(8))
			device_put(&disk.device, "state",
				   again ? any(10) : 1 + any(9));
		else
			device_put_text(&disk.device, "state",
					any(2) ? "" : "connected");
		if (!any(4))
			clock_sleep(any(1000) * 1000);
	}
}

/* Connections to rings and ports that are not there or not right. */
static void misname(void)
{
	static const uint64_t wrong[] = {
		0, 1, 2, 7, 511, 512, 65536, 0xffffffff, 0x100000008, ~0ul
	};
	const struct device *d = &disk.device;

	grant_offer(FREE, d->peer, page_gpa(xen_shared_page) >> 12, 0);
	grant_offer(FREE + 1, d->peer, page_gpa(page) >> 12, GTF_readonly);
	for (unsigned int i = 0; i < 12; i++) {
		device_say(d, DEVICE_CLOSING);
		device_say(d, DEVICE_CLOSED);
		device_wait(d, 1u << DEVICE_CLOSED, wait / 8);
		device_say(d, DEVICE_INITIALISING);
		device_wait(d, 1u << DEVICE_INIT_WAIT, wait / 8);
		device_put(d, "ring-ref", i < 10 ? wrong[i] : FREE + i - 10);
		device_put(d, "event-channel", i % 3 ? wrong[any(10)] :
						       disk.port);
		if (any(2))
			device_put_text(d, any(2) ? "ring-ref" : "protocol",
					any(2) ? "nonsense" : "");
		device_say(d, DEVICE_INITIALISED);
		device_wait(d, STATES(DEVICE_CONNECTED, DEVICE_CLOSING),
			    again ? 3 * MILLISECOND : 50 * MILLISECOND);
	}
}

static void phase(const char *name)
{
	kprintf("%s\n", name);
	/* Where there is a good front end of ours it reads this. */
	xs_write(0, PHASE, name);
}

/* The good front end says so. */
static void await(const char *what)
{
	CHECK(xs_watch(XS_WATCH, PHASE, what) >= 0);
	while (xs_read(0, PHASE) < 0 || strcmp(xs_reply, what))
		if (!CHECK(xs_event(5 * SECOND), "the good one: %s", what))
			test_end();
}

/* After all of it: begin anew, and be served if again=1. */
static void close_and_try(void)
{
	bool let_go = blk_close(&disk, wait);

	CHECK(!again || let_go, "the back end does not let go");
	/* Pages that are held are its for good. */
	if (!let_go) {
		disk.ring = NULL;
		disk.ref += 2;
		page = page_alloc();
	}
	if (!blk_open(&disk, disk.ref, wait)) {
		CHECK(!again, "not served again");
		kprintf("not connected: the back end's state is %u\n",
			device_state(&disk.device));
		failed++;
		return;
	}
	opened++;
	memset(page, 0x42, PAGE_SIZE);
	if (!again)
		return;
	CHECK_EQ(blk_io(&disk, BLKIF_OP_WRITE, 8, page, 8, wait), 0);
	memset(page, 0, PAGE_SIZE);
	CHECK_EQ(blk_io(&disk, BLKIF_OP_READ, 8, page, 8, wait), 0);
	CHECK_EQ(page[1023], 0x42424242);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} plan[] = {
		{ "ahead", run_ahead }, { "garble", garble },
		{ "overreach", overreach }, { "borrow", borrow },
		{ "revoke", revoke }, { "indirect", indirect },
		{ "mutate", mutate }, { "storm", storm }, { "flip", flip },
		{ "misname", misname },
	};
	unsigned int turns = (unsigned int)boot_number("turns", 3);
	char own[64], other[64];
	bool named;

	state = boot_number("seed", 1);
	again = boot_number("again", 0);
	wait = boot_number("wait", 1000) * MILLISECOND;
	kprintf("seed %lu\n", state);
	boot_argument("own", own, sizeof(own));
	named = boot_argument("other", other, sizeof(other));
	page = page_alloc();
	if (!CHECK(xs_init(5 * SECOND), "no store") ||
	    !CHECK(grant_init(1)) ||
	    !CHECK(device_find(&disk.device, own, named ? other : NULL,
			       test_peer()), "%s: %s", own, xs_reply) ||
	    !CHECK(blk_open(&disk, GRANT_FIRST, 60 * SECOND)))
		test_end();
	if (again)
		await("begin");
	for (unsigned int t = 0; t < turns; t++)
		for (unsigned int i = 0; i < ARRAY_SIZE(plan); i++) {
			if (!t || plan[i].run == garble)
				phase(plan[i].name);
			plan[i].run();
			clock_sleep(3 * MILLISECOND);
			close_and_try();
		}
	phase("end");
	kprintf("connected %u times again, %u times not\n", opened, failed);
	if (again)
		await("seen");
	/* Ends with the ring full, mapped, and a state that is not true. */
	garble();
	test_end();
}
