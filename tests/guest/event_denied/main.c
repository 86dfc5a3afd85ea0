/* SPDX-License-Identifier: MIT */
/*
 * Two VMs that the machine description does not join: each offers the other
 * ports and grants, and neither can take them, for as long as both try. A
 * third VM, joined to both, gives neither a way to the other.
 * Guards against: permission by knowing a number.
 */
#include "test.h"

int main(void)
{
	uint32_t *page = page_alloc();
	domid_t peer = test_peer();
	uint64_t end = clock_now() + SECOND / 2;
	struct grant_map map;
	long port;

	if (!CHECK(grant_init(1)))
		test_end();
	for (grant_ref_t r = GRANT_FIRST; r < 40; r++)
		grant_offer(r, peer, page_gpa(page) >> 12, 0);
	for (unsigned int i = 0; i < 10; i++) {
		/* The offer may be refused; the binding must be. */
		port = event_offer(peer);
		CHECK(port > 0 || port == -XEN_EPERM || port == -XEN_ESRCH,
		      "%ld", port);
	}
	do {
		for (evtchn_port_t p = 0; p < 64; p++) {
			port = event_bind(peer, p);
			CHECK(port == -XEN_EPERM || port == -XEN_ESRCH,
			      "port %u: %ld", p, port);
		}
		for (grant_ref_t r = 0; r < 40; r++)
			CHECK(grant_map(peer, r, memory_hole(1) << 12,
					GNTMAP_host_map, &map) < 0,
			      "reference %u", r);
		clock_sleep(20 * MILLISECOND);
	} while (clock_now() < end && !test_failures());
	for (grant_ref_t r = GRANT_FIRST; r < 40; r++)
		CHECK_EQ(grant_in_use(r), 0);
	CHECK_EQ(page[0], 0);
	test_end();
}
