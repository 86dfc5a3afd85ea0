/* SPDX-License-Identifier: MIT */
/*
 * Who may share with whom, all of it: six VMs and the store, and for every
 * ordered pair (me, other) of them an event channel offered and bound, a
 * grant mapped, a grant copied from and copied to, and a copy between the
 * grants of two others. Each succeeds exactly if the pair is in may=, which
 * the test's configuration says beside, not through, what the VMM is told;
 * elsewhere it is refused for that very reason, and nothing has changed.
 * Guards against: one pair too many or too few, on any of these ways.
 */
#include "test.h"
#include "xs.h"

#define STORE	1u
#define FIRST	2u
#define LAST	7u
#define BEYOND	8u
#define VMS	(LAST - FIRST + 1)
#define REF(d)	(GRANT_FIRST + (d))	/* of our page for that domain */
#define PORTS	64u

/* A page that is lent to one other VM, and where that one leaves traces. */
struct page {
	uint32_t secret;
	uint32_t by_map, by_copy, by_relay[BEYOND];
};

static domid_t self;
static bool may[BEYOND];
static struct page *page[BEYOND];
static long offered[BEYOND], bound[BEYOND];
static uint64_t hole;

static uint32_t stamp(uint32_t from, uint32_t to)
{
	return 0x5eed0000u | from << 8 | to;
}

static void configure(void)
{
	char text[32];

	self = (domid_t)boot_number("self", 0);
	if (!boot_argument("may", text, sizeof(text)) || !self)
		test_error("no self= or may=");
	for (const char *at = text; *at; at++)
		if (*at >= '0' && *at < '0' + (int)BEYOND)
			may[*at - '0'] = true;
	may[self] = may[STORE] = true;
}

static unsigned int names_in(const char *path)
{
	long size = xs_path(XS_DIRECTORY, 0, path);
	unsigned int count = 0;

	for (long i = 0; i < size; i++)
		count += !xs_reply[i];
	return count;
}

/* Everybody has come here. */
static void meet(const char *where)
{
	char path[64];

	ksnprintf(path, sizeof(path), "%s/%u", where, self);
	CHECK_EQ(xs_write(0, path, "here"), 3);
	while (names_in(where) < VMS)
		if (!CHECK(xs_event(5 * SECOND), "not all at %s", where))
			test_end();
}

/* Ports that are not free, which a refused call must leave as they are. */
static unsigned int ports_in_use(void)
{
	unsigned int count = 0;

	for (evtchn_port_t p = 1; p < PORTS; p++)
		count += event_status(DOMID_SELF, p, NULL) !=
			 EVTCHNSTAT_closed;
	return count;
}

static void offer_all(void)
{
	char path[64], value[16];

	for (domid_t d = FIRST; d <= LAST; d++) {
		page[d] = page_alloc();
		page[d]->secret = stamp(self, d);
		grant_offer(REF(d), d, page_gpa(page[d]) >> 12, 0);
	}
	for (domid_t d = STORE; d <= LAST; d++) {
		unsigned int before = ports_in_use();

		offered[d] = event_offer(d);
		if (!may[d]) {
			CHECK_EQ(offered[d], -XEN_EPERM, "offer to %u", d);
			CHECK_EQ(ports_in_use(), before, "offer to %u", d);
			continue;
		}
		if (!CHECK(offered[d] > 0, "to %u: %ld", d, offered[d]))
			continue;
		event_attach((evtchn_port_t)offered[d], NULL);
		ksnprintf(path, sizeof(path), "/shared/port/%u/%u", self, d);
		ksnprintf(value, sizeof(value), "%ld", offered[d]);
		CHECK_EQ(xs_write(0, path, value), 3);
	}
}

static void bind_one(domid_t d)
{
	unsigned int before = ports_in_use();
	evtchn_port_t port = 0;
	char path[64];

	if (!may[d]) {
		for (evtchn_port_t p = 0; p < PORTS; p++)
			CHECK_EQ(event_bind(d, p), -XEN_EPERM, "%u of %u", p,
				 d);
		CHECK_EQ(ports_in_use(), before, "%u's ports", d);
		return;
	}
	if (d == STORE) {
		/* It offers nothing, and that is all that is wrong. */
		for (evtchn_port_t p = 0; p < PORTS; p++)
			CHECK_EQ(event_bind(d, p), -XEN_EINVAL, "%u", p);
		return;
	}
	ksnprintf(path, sizeof(path), "/shared/port/%u/%u", d, self);
	if (!CHECK(xs_read(0, path) > 0, "%s", path))
		return;
	for (const char *at = xs_reply; *at; at++)
		port = port * 10 + (evtchn_port_t)(*at - '0');
	bound[d] = event_bind(d, port);
	if (CHECK(bound[d] > 0, "port %u of %u: %ld", port, d, bound[d]))
		CHECK_EQ(event_send((evtchn_port_t)bound[d]), 0);
}

static void copy_one(domid_t d)
{
	uint32_t *buffer = page_alloc();
	struct gnttab_copy from = {
		.source = { .u.ref = REF(self), .domid = d },
		.dest = { .u.gmfn = page_gpa(buffer) >> 12,
			  .domid = DOMID_SELF },
		.len = sizeof(uint32_t), .flags = GNTCOPY_source_gref,
	};
	struct gnttab_copy to = {
		.source = { .u.gmfn = page_gpa(buffer) >> 12,
			    .domid = DOMID_SELF },
		.dest = { .u.ref = REF(self), .domid = d,
			  .offset = offsetof(struct page, by_copy) },
		.len = sizeof(uint32_t), .flags = GNTCOPY_dest_gref,
	};
	int want = d == STORE ? GNTST_bad_gntref : may[d] ? GNTST_okay :
		   GNTST_permission_denied;

	CHECK_EQ(grant_copy(&from), want, "from %u", d);
	CHECK_EQ(buffer[0], want == GNTST_okay ? stamp(d, self) : 0,
		 "from %u", d);
	buffer[0] = stamp(self, d);
	CHECK_EQ(grant_copy(&to), want, "to %u", d);
}

/* From what one lends us to what another does. */
static void relay_one(domid_t from, domid_t to)
{
	struct gnttab_copy op = {
		.source = { .u.ref = REF(self), .domid = from },
		.dest = { .u.ref = REF(self), .domid = to,
			  .offset = (uint16_t)offsetof(struct page,
						       by_relay[from]) },
		.len = sizeof(uint32_t),
		.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref,
	};

	CHECK_EQ(grant_copy(&op), may[from] && may[to] ? GNTST_okay :
		 GNTST_permission_denied, "from %u to %u", from, to);
}

static int map_at(domid_t d, uint32_t flags, struct grant_map *map)
{
	return grant_map(d, REF(self), hole + d * PAGE_SIZE,
			 GNTMAP_host_map | flags, map);
}

/* Refused, and where it would have gone is still free. */
static void map_refused(domid_t d)
{
	struct grant_map map;

	CHECK_EQ(map_at(d, 0, &map), GNTST_permission_denied, "%u", d);
	CHECK_EQ(map_at(d, GNTMAP_readonly, &map), GNTST_permission_denied,
		 "%u", d);
	if (CHECK_EQ(grant_map(self, REF(self), hole + d * PAGE_SIZE,
			       GNTMAP_host_map, &map), GNTST_okay, "%u", d))
		CHECK_EQ(grant_unmap(&map), GNTST_okay, "%u", d);
}

static void map_all(void)
{
	struct grant_map map[BEYOND], none;
	bool held[BEYOND] = { false };

	for (domid_t d = FIRST; d <= LAST; d++)
		if (!may[d])
			map_refused(d);
	/* All that are allowed, at the same time: so many, and no more. */
	for (domid_t d = FIRST; d <= LAST; d++) {
		struct page *p = (void *)(hole + d * PAGE_SIZE);

		held[d] = may[d] && CHECK_EQ(map_at(d, 0, &map[d]),
					     GNTST_okay, "%u", d);
		if (!held[d])
			continue;
		CHECK_EQ(READ_ONCE(p->secret), stamp(d, self));
		WRITE_ONCE(p->by_map, stamp(self, d));
	}
	CHECK_EQ(map_at(STORE, 0, &none), GNTST_no_space, "all are used");
	for (domid_t d = FIRST; d <= LAST; d++)
		if (held[d])
			CHECK_EQ(grant_unmap(&map[d]), GNTST_okay, "%u", d);
	CHECK_EQ(map_at(STORE, 0, &none), GNTST_bad_gntref);
}

/* What the others have done to us: as much as they may, and no more. */
static void check_traces(void)
{
	for (domid_t d = FIRST; d <= LAST; d++) {
		const struct page *p = page[d];
		uint32_t want = may[d] ? stamp(d, self) : 0;

		CHECK_EQ(p->secret, stamp(self, d));
		CHECK_EQ(p->by_map, want, "by %u", d);
		CHECK_EQ(p->by_copy, want, "by %u", d);
		CHECK_EQ(grant_in_use(REF(d)), 0, "by %u", d);
		/* Whom d may share with is its affair; we are among them. */
		CHECK_EQ(p->by_relay[self], may[d] ? stamp(self, d) : 0,
			 "by %u", d);
		for (domid_t x = FIRST; x <= LAST; x++)
			CHECK(!p->by_relay[x] ||
			      (may[d] && p->by_relay[x] == stamp(x, d)),
			      "%x from %u by %u", p->by_relay[x], x, d);
		if (!may[d])
			continue;
		CHECK(event_wait((evtchn_port_t)offered[d], 0, SECOND),
		      "no event from %u", d);
		CHECK_EQ(event_count((evtchn_port_t)offered[d]), 1);
	}
	CHECK_EQ(event_status(DOMID_SELF, (evtchn_port_t)offered[STORE],
			      NULL), EVTCHNSTAT_unbound);
}

/* Nobody, the VMM, and numbers that no domain can have. */
static void check_no_domain(void)
{
	static const domid_t nobody[] = {
		0, BEYOND, 63, 64, 0x7fef, DOMID_IO, DOMID_XEN, DOMID_COW,
		DOMID_INVALID, 0xffff
	};
	unsigned int before = ports_in_use();
	struct grant_map none;

	for (unsigned int i = 0; i < sizeof(nobody) / sizeof(*nobody); i++) {
		domid_t d = nobody[i];

		CHECK_EQ(event_offer(d), -XEN_EPERM, "%u", d);
		CHECK_EQ(event_bind(d, 1), -XEN_EPERM, "%u", d);
		CHECK_EQ(grant_map(d, REF(self), hole, GNTMAP_host_map,
				   &none), GNTST_permission_denied, "%u", d);
	}
	CHECK_EQ(ports_in_use(), before);
}

int main(void)
{
	configure();
	if (!CHECK(xs_init(5 * SECOND), "no store") ||
	    !CHECK(grant_init(1)))
		test_end();
	CHECK_EQ(xs_watch(XS_WATCH, "/shared", "all"), 3);
	hole = memory_hole(BEYOND) << PAGE_SHIFT;
	offer_all();
	meet("/shared/offered");
	check_no_domain();
	for (domid_t d = STORE; d <= LAST; d++) {
		bind_one(d);
		copy_one(d);
		for (domid_t to = FIRST; d >= FIRST && to <= LAST; to++)
			relay_one(d, to);
	}
	map_all();
	meet("/shared/done");
	check_traces();
	meet("/shared/end");
	test_end();
}
