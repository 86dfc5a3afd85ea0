/* SPDX-License-Identifier: MIT */
/*
 * A disk's front end.
 */
#include "blk.h"
#include "clock.h"
#include "event.h"
#include "grant.h"
#include "hypercall.h"
#include "memory.h"
#include "string.h"
#include "xs.h"

bool blk_open(struct blk *b, uint32_t ref, uint64_t ns)
{
	const struct device *d = &b->device;
	long port;

	if (!b->ring)
		b->ring = page_alloc();
	memset(b->ring, 0, PAGE_SIZE);
	b->ring->req_event = b->ring->rsp_event = 1;
	b->prod = b->cons = 0;
	b->ref = ref;
	port = event_offer(d->peer);
	if (port <= 0)
		return false;
	b->port = (evtchn_port_t)port;
	event_attach(b->port, NULL);
	grant_offer(ref, d->peer, page_gpa(b->ring) >> PAGE_SHIFT, 0);
	/* What comes back after Closed begins again at Initialising. */
	return device_say(d, DEVICE_INITIALISING) &&
	       device_wait(d, 1u << DEVICE_INIT_WAIT, ns) &&
	       device_put(d, "ring-ref", ref) &&
	       device_put(d, "event-channel", b->port) &&
	       device_put_text(d, "protocol", "x86_64-abi") &&
	       device_say(d, DEVICE_INITIALISED) &&
	       device_wait(d, 1u << DEVICE_CONNECTED, ns) &&
	       device_say(d, DEVICE_CONNECTED);
}

void blk_put(struct blk *b, const struct blkif_request *request)
{
	b->ring->ring[b->prod++ % BLK_RING].req = *request;
}

void blk_push(struct blk *b)
{
	b->ring->rsp_event = b->cons + 1;
	__atomic_store_n(&b->ring->req_prod, b->prod, __ATOMIC_RELEASE);
	event_send(b->port);
}

/* The one answer that is due; its status, or as in blk.h. */
static int blk_answer(struct blk *b, uint8_t op, uint64_t ns)
{
	uint64_t end = clock_now() + ns, now, seen;
	struct blkif_response answer;
	uint32_t count;

	for (;;) {
		seen = event_count(b->port);
		count = __atomic_load_n(&b->ring->rsp_prod,
					__ATOMIC_ACQUIRE) - b->cons;
		if (count)
			break;
		now = clock_now();
		if (now >= end)
			return BLK_SILENT;
		event_wait(b->port, seen, end - now);
	}
	memcpy(&answer, &b->ring->ring[b->cons % BLK_RING].rsp,
	       sizeof(answer));
	b->cons++;
	if (count != 1 || answer.id != b->id || answer.operation != op ||
	    answer.status > 0 || answer.status < BLKIF_RSP_EOPNOTSUPP)
		return BLK_BOGUS;
	return answer.status;
}

int blk_io(struct blk *b, uint8_t op, uint64_t sector, void *page,
	   unsigned int sectors, uint64_t ns)
{
	struct blkif_request request = {
		.operation = op, .nr_segments = 1, .id = ++b->id,
		.sector_number = sector,
		.seg[0] = { .gref = b->ref + 1,
			    .last_sect = (uint8_t)(sectors - 1) },
	};
	int status;

	if (b->data_held)
		return BLK_HELD;
	grant_offer(b->ref + 1, b->device.peer, page_gpa(page) >> PAGE_SHIFT,
		    op == BLKIF_OP_WRITE ? GTF_readonly : 0);
	blk_put(b, &request);
	blk_push(b);
	status = blk_answer(b, op, ns);
	b->data_held = !grant_withdraw(b->ref + 1);
	return b->data_held && status == BLKIF_RSP_OKAY ? BLK_HELD : status;
}

bool blk_close(struct blk *b, uint64_t ns)
{
	uint64_t end = clock_now() + ns;
	bool closed;

	device_say(&b->device, DEVICE_CLOSING);
	device_wait(&b->device, STATES(DEVICE_CLOSED, DEVICE_CLOSING), ns);
	device_say(&b->device, DEVICE_CLOSED);
	device_wait(&b->device, 1u << DEVICE_CLOSED, ns);
	while (!(closed = grant_withdraw(b->ref)) && clock_now() < end)
		clock_sleep(100000);
	if (b->data_held)
		b->data_held = !grant_withdraw(b->ref + 1);
	event_detach(b->port);
	event_close(b->port);
	return closed && !b->data_held;
}
