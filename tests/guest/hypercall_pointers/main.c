/* SPDX-License-Identifier: MIT */
/*
 * Argument structures that cross a page boundary are read and written right;
 * when one of the two pages is absent or read-only the call fails with
 * -EFAULT and has no effect.
 * Guards against: translating only the first page; partial effects; copy-out
 * through a read-only mapping.
 */
#include "test.h"

#define VA	0x500000000000ul

static uint8_t *first, *second;

static void map(uint64_t flags_first, uint64_t flags_second)
{
	page_map(VA, (uint64_t)first, flags_first);
	page_map(VA + PAGE_SIZE, (uint64_t)second, flags_second);
}

/* Places arg so that before bytes of it are in the first page. */
static void *straddle(const void *arg, size_t size, size_t before)
{
	uint8_t bytes[64];

	memcpy(bytes, arg, size);
	memcpy(first + PAGE_SIZE - before, bytes, before);
	memcpy(second, bytes + before, size - before);
	return (void *)(VA + PAGE_SIZE - before);
}

static void check_straddle(void)
{
	struct evtchn_alloc_unbound arg = {
		.dom = DOMID_SELF, .remote_dom = DOMID_SELF
	};
	evtchn_port_t port;

	map(PAGE_RW, PAGE_RW);
	for (size_t before = 1; before < sizeof(arg); before++) {
		void *at = straddle(&arg, sizeof(arg), before);

		if (!CHECK_EQ(event_op(EVTCHNOP_alloc_unbound, at), 0,
			      "split %lu", before))
			continue;
		memcpy(&port, (uint8_t *)at + 4, sizeof(port));
		CHECK_EQ(event_status(DOMID_SELF, port, NULL),
			 EVTCHNSTAT_unbound, "split %lu", before);
		CHECK_EQ(event_close(port), 0, "port %u", port);
	}
}

static void check_no_effect(uint64_t flags_first, uint64_t flags_second,
			    evtchn_port_t expect)
{
	struct evtchn_alloc_unbound arg = {
		.dom = DOMID_SELF, .remote_dom = DOMID_SELF
	};
	void *at;

	map(flags_first, flags_second);
	at = straddle(&arg, sizeof(arg), 4);	/* port is in the second */
	CHECK_EQ(event_op(EVTCHNOP_alloc_unbound, at), -XEN_EFAULT);
	CHECK_EQ(event_status(DOMID_SELF, expect, NULL), EVTCHNSTAT_closed);
}

static void check_version_text(void)
{
	map(PAGE_RW, PAGE_P);
	CHECK_EQ(xen_version_op(XENVER_extraversion,
				(void *)(VA + PAGE_SIZE - 1)), -XEN_EFAULT);
	CHECK_EQ(xen_version_op(XENVER_capabilities, (void *)VA), 0);
	map(PAGE_P, PAGE_P);
	CHECK_EQ(xen_version_op(XENVER_capabilities, (void *)VA), -XEN_EFAULT);
}

int main(void)
{
	evtchn_port_t next;
	uint8_t before;
	long port;

	first = page_alloc();
	second = page_alloc();
	check_straddle();
	port = event_offer(DOMID_SELF);
	CHECK(port > 0);
	next = (evtchn_port_t)port;
	event_close(next);
	check_no_effect(PAGE_RW, 0, next);
	check_no_effect(0, PAGE_RW, next);
	check_no_effect(PAGE_RW, PAGE_P, next);
	before = second[0];
	check_version_text();
	CHECK_EQ(second[0], before);
	test_end();
}
