/* SPDX-License-Identifier: MIT */
/*
 * A well-behaved block back end for the front ends first= to last=: it maps
 * their rings, copies their data, believes nothing, and ends when the first
 * of them has closed. A ring that makes no sense is let go.
 */
#include "test.h"
#include "blk.h"
#include "xs.h"

#define FRONTS		4u
#define PAGES		32u	/* of each disk */
#define SECTORS		(PAGES * 8)
#define TURN		2u	/* requests of one before the next's */

struct front {
	struct device device;
	enum device_state said;
	bool up, broken, was_up;
	struct grant_map map;
	struct blkif_sring *ring;
	evtchn_port_t port;
	uint32_t req_cons, rsp_prod;
	uint8_t *disk;
	unsigned int served, refused, breaks;
};

static struct front front[FRONTS];
static uint32_t *guard;
static volatile uint64_t work;

static void wake(evtchn_port_t port)
{
	(void)port;
	work++;
}

static void say(struct front *f, enum device_state state)
{
	if (f->said == state)
		return;
	f->said = state;
	CHECK(device_say(&f->device, state), "%s", xs_reply);
}

static void down(struct front *f)
{
	CHECK_EQ(grant_unmap(&f->map), GNTST_okay);
	event_detach(f->port);
	CHECK_EQ(event_close(f->port), 0);
	f->up = false;
}

static void up(struct front *f)
{
	uint64_t ref = device_get(&f->device, "ring-ref", ~0ul);
	uint64_t remote = device_get(&f->device, "event-channel", ~0ul);
	long port;

	f->broken = true;	/* until it begins again, unless it is good */
	if (ref > 0xffffffff || remote > 0xffffffff ||
	    grant_map(f->device.peer, (grant_ref_t)ref, (uint64_t)f->ring,
		      GNTMAP_host_map, &f->map) != GNTST_okay)
		return;
	port = event_bind(f->device.peer, (evtchn_port_t)remote);
	if (port <= 0) {
		CHECK_EQ(grant_unmap(&f->map), GNTST_okay);
		return;
	}
	f->port = (evtchn_port_t)port;
	event_attach(f->port, wake);
	f->req_cons = f->rsp_prod = 0;
	f->up = f->was_up = true;
	f->broken = false;
	say(f, DEVICE_CONNECTED);
}

static void follow(struct front *f)
{
	enum device_state state = device_state(&f->device);
	bool on = state == DEVICE_INITIALISED || state == DEVICE_CONNECTED;

	if (f->up && !on)
		down(f);
	if (state == DEVICE_INITIALISED && !f->up && !f->broken)
		up(f);
	if (on)
		return;
	f->broken = false;
	if (state == DEVICE_INITIALISING)
		say(f, DEVICE_INIT_WAIT);
	else
		say(f, state == DEVICE_CLOSING ? DEVICE_CLOSING :
						 DEVICE_CLOSED);
}

static bool segment(struct front *f, const struct blkif_request *r,
		    unsigned int i, uint64_t *sector)
{
	const struct blkif_request_segment *seg = &r->seg[i];
	unsigned int count = seg->last_sect - seg->first_sect + 1u;
	bool write = r->operation == BLKIF_OP_WRITE;
	struct gnttab_copy op = { 0 };
	struct gnttab_copy_ptr theirs = {
		.u.ref = seg->gref, .domid = f->device.peer,
		.offset = (uint16_t)(seg->first_sect * BLK_SECTOR),
	};
	struct gnttab_copy_ptr ours = { .domid = DOMID_SELF };
	uint8_t *at;

	if (seg->first_sect > seg->last_sect || seg->last_sect > 7 ||
	    *sector > SECTORS || count > SECTORS - *sector)
		return false;
	for (unsigned int k = 0; k < count; k++, ++*sector) {
		at = f->disk + *sector * BLK_SECTOR;
		ours.u.gmfn = page_gpa(at) >> PAGE_SHIFT;
		ours.offset = (uint16_t)(*sector % 8 * BLK_SECTOR);
		op = (struct gnttab_copy){
			.source = write ? theirs : ours,
			.dest = write ? ours : theirs, .len = BLK_SECTOR,
			.flags = write ? GNTCOPY_source_gref :
					 GNTCOPY_dest_gref,
		};
		if (grant_copy(&op) != GNTST_okay)
			return false;
		theirs.offset = (uint16_t)(theirs.offset + BLK_SECTOR);
	}
	return true;
}

static int16_t perform(struct front *f, const struct blkif_request *r)
{
	uint64_t sector = r->sector_number;

	if (r->operation != BLKIF_OP_READ && r->operation != BLKIF_OP_WRITE)
		return BLKIF_RSP_EOPNOTSUPP;
	if (!r->nr_segments ||
	    r->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
		return BLKIF_RSP_ERROR;
	for (unsigned int i = 0; i < r->nr_segments; i++)
		if (!segment(f, r, i, &sector))
			return BLKIF_RSP_ERROR;
	return BLKIF_RSP_OKAY;
}

/* A few requests, so that others get their turn; true if there are more. */
static bool serve(struct front *f)
{
	uint32_t prod = __atomic_load_n(&f->ring->req_prod, __ATOMIC_ACQUIRE);
	unsigned int count = 0;

	if (prod - f->req_cons > BLK_RING) {
		f->breaks++;
		f->broken = true;
		down(f);
		say(f, DEVICE_CLOSING);
		return false;
	}
	for (; f->req_cons != prod && count < TURN; f->req_cons++, count++) {
		struct blkif_response answer;
		struct blkif_request r;

		/* Once, and never looked at again. */
		memcpy(&r, &f->ring->ring[f->req_cons % BLK_RING].req,
		       sizeof(r));
		answer = (struct blkif_response){ r.id, r.operation,
						  perform(f, &r) };
		f->served++;
		f->refused += answer.status != BLKIF_RSP_OKAY;
		memcpy(&f->ring->ring[f->rsp_prod++ % BLK_RING].rsp, &answer,
		       sizeof(answer));
	}
	if (count) {
		__atomic_store_n(&f->ring->rsp_prod, f->rsp_prod,
				 __ATOMIC_RELEASE);
		f->ring->req_event = f->req_cons + 1;
		event_send(f->port);
	}
	return f->req_cons != prod;
}

int main(void)
{
	unsigned int first = (unsigned int)boot_number("first", 0);
	unsigned int count = (unsigned int)boot_number("last", 0) + 1 - first;
	uint64_t hole = memory_hole(FRONTS) << PAGE_SHIFT;
	bool done = false;

	if (!count || count > FRONTS)
		test_error("first= to last=");
	if (!CHECK(xs_init(5 * SECOND), "no store"))
		test_end();
	event_attach(xs_port, wake);
	for (unsigned int i = 0; i < count; i++) {
		struct front *f = &front[i];
		char own[64], other[64];

		ksnprintf(own, sizeof(own), "device/test/%u", first + i);
		ksnprintf(other, sizeof(other),
			  "/local/domain/%u/device/test/2", first + i);
		CHECK(device_find(&f->device, own, other,
				  (domid_t)(first + i)), "%s", xs_reply);
		f->ring = (void *)(hole + i * PAGE_SIZE);
		f->disk = page_alloc_many(PAGES);
	}
	guard = page_alloc();
	guard[0] = 0x9a4d;
	while (!done) {
		uint64_t seen = work;
		bool changed = false, more = false;

		while (xs_event(0))
			changed = true;
		for (unsigned int i = 0; i < count; i++) {
			if (changed)
				follow(&front[i]);
			if (front[i].up)
				more |= serve(&front[i]);
		}
		done = front[0].was_up && front[0].said == DEVICE_CLOSED;
		if (seen == work && !more)
			clock_sleep_until(clock_now() + 100 * MILLISECOND,
					  &work, seen);
	}
	for (unsigned int i = 0; i < count; i++) {
		struct front *f = &front[i];

		kprintf("domain %u: %u requests, %u refused, %u rings let "
			"go\n", first + i, f->served, f->refused, f->breaks);
		if (f->up)
			down(f);
	}
	CHECK_EQ(guard[0], 0x9a4d);
	CHECK_EQ(front[0].refused + front[0].breaks, 0, "the good one's");
	CHECK(count < 2 || (front[1].refused > 100 && front[1].breaks > 3));
	test_end();
}
