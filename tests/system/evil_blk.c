/* SPDX-License-Identifier: MIT */
/*
 * A block back end that harms its front end, which is Linux's. It serves
 * disks of one content, each as it should until somebody reads the second
 * half; then that disk goes wrong in a way of its own. The first never does.
 * When all have, the last ones are offered with a geometry that cannot be, and
 * one more changes its state at random; then it dies with what it holds. If its
 * front end had a life before its own, it dies no more and all disks are good.
 */
#include "test.h"
#include <xen/io/blkif.h>
#include "device.h"
#include "xs.h"

#define DISKS_MAX	16u
#define SECTORS		2048u
#define PAGES		64u	/* the content, over and over */
#define TRAP		(SECTORS / 2)
#define RING		32u
#define PATIENCE	(2 * SECOND)

struct disk {
	struct device device;
	enum device_state said;
	bool up, gone, wrong;
	struct grant_map map;
	struct blkif_sring *ring;
	evtchn_port_t port;
	uint32_t cons, prod;
	unsigned int served;
};

static struct disk disk[DISKS_MAX];
static unsigned int disks, written;
static uint32_t *content, *scratch;
static uint64_t state;
static volatile uint64_t work;
static bool good, late;

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

static void say(struct disk *d, enum device_state to)
{
	if (d->said != to)
		CHECK(device_say(&d->device, to), "%s", xs_reply);
	d->said = to;
}

/* The next request; false if there is none yet. */
static bool take(struct disk *d, struct blkif_request *r)
{
	uint32_t prod = __atomic_load_n(&d->ring->req_prod, __ATOMIC_ACQUIRE);

	if (prod == d->cons || !CHECK(prod - d->cons <= RING))
		return false;
	memcpy(r, &d->ring->ring[d->cons++ % RING].req, sizeof(*r));
	return true;
}

static void put(struct disk *d, uint64_t id, uint8_t op, int status)
{
	struct blkif_response answer = { id, op, (int16_t)status };

	memcpy(&d->ring->ring[d->prod++ % RING].rsp, &answer, sizeof(answer));
}

static void push(struct disk *d)
{
	__atomic_store_n(&d->ring->rsp_prod, d->prod, __ATOMIC_RELEASE);
	d->ring->req_event = d->cons + 1;
	event_send(d->port);
}

/* One sector, to or from a place of ours. */
static int copy(const struct disk *d, grant_ref_t ref, uint16_t offset,
		const void *place, bool out)
{
	struct gnttab_copy_ptr theirs = {
		.u.ref = ref, .domid = d->device.peer, .offset = offset
	};
	struct gnttab_copy_ptr ours = {
		.u.gmfn = page_gpa(place) >> PAGE_SHIFT, .domid = DOMID_SELF,
		.offset = (uint16_t)((uint64_t)place % PAGE_SIZE)
	};
	struct gnttab_copy op = {
		.source = out ? ours : theirs, .dest = out ? theirs : ours,
		.len = 512,
		.flags = out ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
	};

	return grant_copy(&op);
}

static void perform(struct disk *d, const struct blkif_request *r)
{
	uint32_t sector = (uint32_t)r->sector_number;
	bool read = r->operation == BLKIF_OP_READ, done = true;

	for (unsigned int i = 0; i < r->nr_segments; i++)
		for (unsigned int k = r->seg[i].first_sect;
		     k <= r->seg[i].last_sect; k++, sector++) {
			uint32_t *at = content + sector % (PAGES * 8) * 128;
			grant_ref_t ref = r->seg[i].gref;

			done &= !copy(d, ref, (uint16_t)(k * 512), at, read);
		}
	d->served += done;
	written += done && !read;
	put(d, r->id, r->operation, done ? 0 : BLKIF_RSP_ERROR);
}

static void behave(struct disk *d)
{
	struct blkif_request r;

	while (take(d, &r))
		perform(d, &r);
	push(d);
}

/* The wrong things; the request that came is r. */

static void run_ahead(struct disk *d, const struct blkif_request *r)
{
	static const uint32_t ahead[] = { 1, 32, 33, 0x7fffffff, ~0u };

	for (unsigned int i = 0; i < 5; i++) {
		put(d, r->id, r->operation, 0);
		d->ring->rsp_prod = d->cons + ahead[i];
		d->ring->req_event = any(1u << 31);
		event_send(d->port);
	}
}

static void misname(struct disk *d, const struct blkif_request *r)
{
	static const uint64_t id[] = { 32, 4096, 1ul << 31, ~0ul };

	put(d, id[any(4)], r->operation, 0);
	push(d);
}

/* One answer for two requests, twice. */
static void repeat(struct disk *d, const struct blkif_request *r)
{
	uint64_t end = clock_now() + PATIENCE;
	struct blkif_request other;

	while (!take(d, &other) && clock_now() < end)
		clock_sleep(MILLISECOND);
	put(d, r->id, r->operation, 0);
	put(d, r->id, r->operation, 0);
	push(d);
}

static void mistake(struct disk *d, const struct blkif_request *r)
{
	put(d, r->id, r->operation ^ 1, 0);
	push(d);
}

static void lie(struct disk *d, const struct blkif_request *r)
{
	struct blkif_request next = *r;

	do
		put(d, next.id, next.operation,
		    any(2) ? (int)any(32767) + 1 : -3 - (int)any(30000));
	while (take(d, &next));
	push(d);
}

static void say_nothing(struct disk *d, const struct blkif_request *r)
{
	(void)d;
	(void)r;
}

/* Any word of the ring, all the time. */
static void tear(struct disk *d, const struct blkif_request *r)
{
	uint64_t end = clock_now() + 100 * MILLISECOND;

	(void)r;
	while (clock_now() < end) {
		WRITE_ONCE(((uint32_t *)d->ring)[any(1024)],
			   any(1u << 31) << 1);
		event_send(d->port);
	}
}

static void storm(struct disk *d, const struct blkif_request *r)
{
	(void)r;
	for (unsigned int i = 0; i < 3000; i++)
		event_send(d->port);
	CHECK_EQ(event_close(d->port), 0);
	d->port = 0;
}

/* The ring is no longer there, for us. */
static void let_go(struct disk *d, const struct blkif_request *r)
{
	(void)r;
	CHECK_EQ(grant_unmap(&d->map), GNTST_okay);
	CHECK(grant_unmap(&d->map) < 0, "twice");
	d->gone = true;
}

/*
 * Every reference of everybody. Only what our front end lends us is there:
 * the other VMs lend us nothing, and may not.
 */
static void reach(struct disk *d, const struct blkif_request *r)
{
	const domid_t peer = d->device.peer;
	unsigned int got = 0;

	for (grant_ref_t ref = 0; ref < 8192; ref++)
		got += !copy(d, ref, 0, scratch, false);
	kprintf("of 8192 pages %u are lent\n", got);
	CHECK(got > 0);
	for (domid_t other = 0; other < 10; other++)
		for (grant_ref_t ref = 0; ref < 1024 && other != peer; ref++) {
			d->device.peer = other;
			CHECK(copy(d, ref, 0, scratch, true) < 0 &&
			      copy(d, ref, 0, scratch, false) < 0,
			      "%u lends us %u", other, ref);
		}
	d->device.peer = peer;
	perform(d, r);
	behave(d);
}

static void (*const plan[])(struct disk *, const struct blkif_request *) = {
	run_ahead, misname, repeat, mistake, lie, say_nothing, tear, storm,
	let_go, reach,
};
#define PLAN	ARRAY_SIZE(plan)
#define FLIP	(PLAN + 1)	/* the disk whose state will be anything */
#define LATE	(PLAN + 2)	/* the first of the last ones */

/*
 * What the last ones say of themselves, one after the other: Debian's 6.1 does
 * not outlive all of them.
 */
static const struct {
	const char *sectors, *size, *info, *queues;
} geometry[] = {
	{ "-1", "many", "", "x" },
	{ "0", "3", "65535", "4294967295" },
	{ "18446744073709551615", "1073741824", "4", "1" },
	{ "2048", "0", "0", "0" },
};

static bool is_late(const struct disk *d)
{
	return !good && d >= disk + LATE;
}

static void begin(struct disk *d)
{
	static const char *const nonsense[] = {
		"max-ring-page-order", "feature-max-indirect-segments",
		"feature-discard", "discard-granularity",
		"discard-alignment", "physical-sector-size",
		"feature-persistent", "feature-flush-cache",
		"feature-barrier",
	};
	static const char *const value[] = {
		"4294967295", "-1", "0", "x", "31", "18446744073709551616"
	};

	if (is_late(d)) {
		for (unsigned int i = 0; i < ARRAY_SIZE(nonsense); i++)
			device_put_text(&d->device, nonsense[i],
					value[any(6)]);
		device_put_text(&d->device, "multi-queue-max-queues",
				geometry[d - disk - (long)LATE].queues);
	}
	say(d, DEVICE_INIT_WAIT);
}

static void follow(struct disk *d);

static void connect(struct disk *d)
{
	const struct device *at = &d->device;
	long port;

	if (is_late(d)) {
		long which = d - disk - (long)LATE;

		/* Its ring may be in more pages than we asked for. */
		d->wrong = d->gone = true;
		device_put_text(at, "sectors", geometry[which].sectors);
		device_put_text(at, "sector-size", geometry[which].size);
		device_put_text(at, "info", geometry[which].info);
		say(d, DEVICE_CONNECTED);
		if (d + 1 < disk + disks)
			follow(d + 1);
		return;
	}
	port = event_bind(at->peer, (evtchn_port_t)device_get(
					    at, "event-channel", 0));
	if (!CHECK(port > 0, "bind: %ld", port) ||
	    !CHECK_EQ(grant_map(at->peer,
				(grant_ref_t)device_get(at, "ring-ref", 0),
				(uint64_t)d->ring, GNTMAP_host_map, &d->map),
		      GNTST_okay))
		return;
	d->port = (evtchn_port_t)port;
	d->cons = d->prod = 0;
	d->up = true;
	event_attach(d->port, wake);
	device_put(at, "sectors", SECTORS);
	device_put(at, "sector-size", 512);
	device_put(at, "info", 0);
	say(d, DEVICE_CONNECTED);
}

static void follow(struct disk *d)
{
	enum device_state theirs = device_state(&d->device);

	if (d->wrong)
		return;
	if (theirs == DEVICE_INITIALISING && !d->up &&
	    d->said != DEVICE_INIT_WAIT &&
	    (!is_late(d) || (late && (d == disk + LATE || d[-1].wrong))))
		begin(d);
	else if (theirs == DEVICE_INITIALISED && !d->up &&
		 d->said == DEVICE_INIT_WAIT)
		connect(d);
	else if (theirs == DEVICE_CLOSED && good)
		say(d, DEVICE_CLOSED);
}

static void serve(struct disk *d)
{
	unsigned int which = (unsigned int)(d - disk);
	struct blkif_request r;

	while (take(d, &r)) {
		if (good || !which || which > PLAN || r.sector_number < TRAP) {
			perform(d, &r);
			continue;
		}
		push(d);
		CHECK(d->served > 0, "disk %u", which);
		d->wrong = true;
		kprintf("disk %u goes wrong\n", which);
		plan[which - 1](d, &r);
		return;
	}
	push(d);
}

static bool find_disks(void)
{
	char front[8], own[48], other[48];
	domid_t peer = 0;

	if (!CHECK(xs_path(XS_DIRECTORY, 0, "backend/vbd") > 0, "%s",
		   xs_reply))
		return false;
	ksnprintf(front, sizeof(front), "%s", xs_reply);
	for (const char *c = front; *c; c++)
		peer = (domid_t)(peer * 10 + *c - '0');
	for (; disks < DISKS_MAX; disks++) {
		ksnprintf(own, sizeof(own), "backend/vbd/%s/%u", front,
			  51712 + 16 * disks);
		ksnprintf(other, sizeof(other),
			  "/local/domain/%s/device/vbd/%u", front,
			  51712 + 16 * disks);
		if (xs_read(0, own) < 0)
			break;
		if (!CHECK(device_find(&disk[disks].device, own, other, peer),
			   "%s", xs_reply))
			return false;
	}
	return CHECK_EQ(disks, LATE + ARRAY_SIZE(geometry));
}

/* How many went wrong, of those that are not late or that are. */
static unsigned int wrong(bool of_late)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < disks; i++)
		count += disk[i].wrong && is_late(&disk[i]) == of_late;
	return count;
}

/* Until all is done; a good one never ends. */
static void serve_all(void)
{
	uint64_t end = ~0ull;

	while (clock_now() < end) {
		uint64_t seen = work, until = clock_now() + 200 * MILLISECOND;
		bool changed = false;

		while (xs_event(0))
			changed = true;
		for (unsigned int i = 0; i < disks; i++) {
			if (changed)
				follow(&disk[i]);
			if (disk[i].up && !disk[i].wrong)
				serve(&disk[i]);
		}
		if (wrong(false) == PLAN && !late) {
			late = true;
			end = clock_now() + 2 * SECOND;
			for (unsigned int i = 0; i < disks; i++)
				follow(&disk[i]);
		}
		if (late && wrong(true) == ARRAY_SIZE(geometry) &&
		    end > clock_now() + SECOND / 2)
			end = clock_now() + SECOND / 2;
		if (seen == work)
			clock_sleep_until(until < end ? until : end, &work,
					  seen);
	}
}

/*
 * Serves on, but nobody can tell what state it is in. Debian's 6.1 does not
 * outlive this: Connected while it is Closing is a BUG().
 */
static void flip(struct disk *d)
{
	for (unsigned int i = 0; i < 60; i++) {
		if (any(8))
			device_put(&d->device, "state", any(10));
		else
			device_put_text(&d->device, "state",
					any(2) ? "" : "connected");
		behave(d);
		if (!any(4))
			clock_sleep(any(2000) * 1000);
	}
}

int main(void)
{
	uint64_t hole = memory_hole(DISKS_MAX) << PAGE_SHIFT;

	state = boot_number("seed", 1);
	content = page_alloc_many(PAGES);
	scratch = page_alloc();
	for (uint32_t i = 0; i < PAGES * 1024; i++)
		content[i] = i * 2654435761u;
	if (!CHECK(xs_init(5 * SECOND), "no store") || !find_disks())
		test_end();
	event_attach(xs_port, wake);
	for (unsigned int i = 0; i < disks; i++)
		disk[i].ring = (void *)(hole + i * PAGE_SIZE);
	good = device_state(&disk[0].device) != DEVICE_INITIALISING;
	kprintf("%u disks, %s\n", disks, good ? "good" : "evil");
	serve_all();
	flip(&disk[FLIP]);
	kprintf("%u disks went wrong, %u from the start\n", wrong(false),
		wrong(true));
	CHECK(written > 0);
	CHECK(disk[LATE].said >= DEVICE_INIT_WAIT, "never offered");
	test_verdict();
	power_end(SHUTDOWN_crash);
}
