/* SPDX-License-Identifier: MIT */
/*
 * A front end that comes and goes: one disk and one network interface are
 * connected to their back ends, a sector is read, and both are closed again,
 * cycles=N times. After each cycle every grant must be free and the next event
 * ports the same as ever; after all of them the store takes as many nodes as
 * before. After the first cycle it waits for a line on its console, and in the
 * end it stays, so that others can look.
 */
#include "test.h"
#include "xs.h"

#define VBD "device/vbd/51712"
#define VIF "device/vif/0"
#define PATIENCE (20 * SECOND)

enum { REF_VBD = GRANT_FIRST, REF_DATA, REF_TX, REF_RX, REF_END };

/* A block ring of the x86-64 ABI: public/io/blkif.h. */
struct block_request {
	uint8_t operation, segments;
	uint16_t handle;
	uint32_t pad;
	uint64_t id, sector;
	struct {
		uint32_t ref;
		uint8_t first, last;
		uint16_t pad;
	} segment[11];
};
struct block_ring {
	uint32_t req_prod, req_event, rsp_prod, rsp_event;
	uint8_t pad[48];
	union {
		struct block_request request;
		struct {
			uint64_t id;
			uint8_t operation;
			int16_t status;
		} response;
	} entry[32];
};
_Static_assert(sizeof(struct block_request) == 112, "blkif.h");

static void *page[REF_END];
static domid_t vbd_back, vif_back;
static char vbd_state[96], vif_state[96];

static void must(bool ok, const char *what)
{
	if (!CHECK(ok, "%s: %s", what, xs_reply))
		test_end();
}

static void put(const char *path, const char *value)
{
	must(xs_write(0, path, value) >= 0, path);
}

static void put_number(const char *path, uint64_t value)
{
	char text[24], *at = text + sizeof(text);

	*--at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	put(path, at);
}

static uint64_t number(const char *path)
{
	uint64_t value = 0;

	must(xs_read(0, path) > 0, path);
	for (const char *at = xs_reply; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return value;
}

/* Wait until the back end's state is one of those; its watch wakes us. */
static void await(const char *path, char state)
{
	while (xs_read(0, path) != 1 || xs_reply[0] != state)
		if (!CHECK(xs_event(PATIENCE), "%s is %s, not %c", path,
			   xs_reply, state))
			test_end();
}

static void find_back(const char *front, char *state, domid_t *back)
{
	char path[64];
	uint64_t length;

	memcpy(path, front, strlen(front));
	memcpy(path + strlen(front), "/backend-id", 12);
	*back = (domid_t)number(path);
	memcpy(path + strlen(front), "/backend", 9);
	must(xs_read(0, path) > 0, path);
	length = strlen(xs_reply);
	must(length < 80, path);
	memcpy(state, xs_reply, length);
	memcpy(state + length, "/state", 7);
	must(xs_watch(XS_WATCH, state, "t") >= 0, state);
}

static void offer(grant_ref_t ref, domid_t to)
{
	memset(page[ref], 0, PAGE_SIZE);
	grant_offer(ref, to, page_gpa(page[ref]) >> PAGE_SHIFT, 0);
}

static void withdraw(grant_ref_t ref)
{
	CHECK(grant_withdraw(ref), "grant %u is in use", ref);
}

/* Linux's rings begin with both events at 1. */
static void ring_begin(void *ring)
{
	uint32_t *index = ring;

	index[1] = index[3] = 1;
}

/* Read the disk's first sector through the ring. */
static void read_sector(evtchn_port_t port)
{
	volatile struct block_ring *ring = page[REF_VBD];
	volatile struct block_request *r = &ring->entry[0].request;
	uint64_t seen = event_count(port), end = clock_now() + PATIENCE;

	r->operation = 0;
	r->segments = 1;
	r->handle = 51712;
	r->id = 77;
	r->sector = 0;
	r->segment[0].ref = REF_DATA;
	r->segment[0].first = 0;
	r->segment[0].last = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring->req_prod = 1;
	event_send(port);
	while (ring->rsp_prod != 1 && clock_now() < end) {
		event_wait(port, seen, MILLISECOND);
		seen = event_count(port);
	}
	CHECK_EQ(ring->rsp_prod, 1);
	CHECK_EQ(ring->entry[0].response.id, 77);
	CHECK_EQ(ring->entry[0].response.status, 0);
}

static void connect(evtchn_port_t vbd, evtchn_port_t vif)
{
	put_number(VBD "/ring-ref", REF_VBD);
	put_number(VBD "/event-channel", vbd);
	put(VBD "/protocol", "x86_64-abi");
	put_number(VIF "/tx-ring-ref", REF_TX);
	put_number(VIF "/rx-ring-ref", REF_RX);
	put_number(VIF "/event-channel", vif);
	put(VIF "/request-rx-copy", "1");
	put(VIF "/feature-rx-notify", "1");
	put(VBD "/state", "3");
	put(VIF "/state", "4");
	await(vbd_state, '4');
	put(VBD "/state", "4");
	await(vif_state, '4');
}

static void disconnect(void)
{
	put(VBD "/state", "5");
	put(VIF "/state", "5");
	await(vbd_state, '5');
	await(vif_state, '5');
	put(VBD "/state", "6");
	put(VIF "/state", "6");
	await(vbd_state, '6');
	await(vif_state, '6');
}

static void cycle(long ports[2])
{
	long vbd = event_offer(vbd_back), vif = event_offer(vif_back);

	if (ports[0]) {
		CHECK_EQ(vbd, ports[0]);
		CHECK_EQ(vif, ports[1]);
	}
	must(vbd > 0 && vif > 0, "ports");
	ports[0] = vbd;
	ports[1] = vif;
	event_attach((evtchn_port_t)vbd, NULL);
	event_attach((evtchn_port_t)vif, NULL);
	offer(REF_VBD, vbd_back);
	offer(REF_DATA, vbd_back);
	offer(REF_TX, vif_back);
	offer(REF_RX, vif_back);
	ring_begin(page[REF_VBD]);
	ring_begin(page[REF_TX]);
	ring_begin(page[REF_RX]);
	put(VBD "/state", "1");
	put(VIF "/state", "1");
	await(vbd_state, '2');
	await(vif_state, '2');
	connect((evtchn_port_t)vbd, (evtchn_port_t)vif);
	read_sector((evtchn_port_t)vbd);
	disconnect();
	for (grant_ref_t ref = REF_VBD; ref < REF_END; ref++)
		withdraw(ref);
	event_detach((evtchn_port_t)vbd);
	event_detach((evtchn_port_t)vif);
	event_close((evtchn_port_t)vbd);
	event_close((evtchn_port_t)vif);
}

/* How many nodes the store takes from this VM until its arena is full. */
static unsigned int room(void)
{
	char path[] = "data/fill/00000";
	unsigned int count;

	for (count = 0; count < 65536; count++) {
		unsigned int rest = count;

		for (unsigned int i = sizeof(path) - 2; i > 9; i--) {
			path[i] = (char)('0' + rest % 10);
			rest /= 10;
		}
		if (xs_write(0, path, "") < 0)
			break;
	}
	must(!strcmp(xs_reply, "ENOSPC"), "not full");
	must(xs_path(XS_RM, 0, "data/fill") >= 0, "rm");
	return count;
}

static void wait_for_line(void)
{
	char c = 0;

	while (c != '\n' && c != '\r')
		if (!console_ring_read(&c, 1))
			clock_sleep(20 * MILLISECOND);
}

int main(void)
{
	uint64_t cycles = boot_number("cycles", 10), start;
	long ports[2] = { 0, 0 };
	unsigned int before, after;

	must(xs_init(PATIENCE), "no store");
	must(console_ring_init() && grant_init(1), "no ring or grants");
	for (grant_ref_t ref = REF_VBD; ref < REF_END; ref++)
		page[ref] = page_alloc();
	find_back(VBD, vbd_state, &vbd_back);
	find_back(VIF, vif_state, &vif_back);
	cycle(ports);
	before = room();
	kprintf("reconnect: warm, room for %u nodes\n", before);
	wait_for_line();
	kprintf("reconnect: go\n");
	start = clock_now();
	for (uint64_t i = 1; i <= cycles && !test_failures(); i++) {
		cycle(ports);
		if (i % 500 == 0)
			kprintf("reconnect: %lu\n", i);
	}
	after = room();
	CHECK_EQ(after, before);
	kprintf("reconnect: %lu cycles of %lu us, ports %ld and %ld, room for "
		"%u nodes, %u wrong\n", cycles,
		(clock_now() - start) / 1000 / (cycles ? cycles : 1), ports[0],
		ports[1], after, test_failures());
	test_verdict();
	for (;;)
		clock_sleep(SECOND);
}
