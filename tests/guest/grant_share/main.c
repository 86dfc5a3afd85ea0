/* SPDX-License-Identifier: MIT */
/*
 * Two permitted peers share a page and an event channel: what one writes the
 * other reads, a mapped grant cannot be withdrawn, a read-only mapping cannot
 * be written, and after the unmapping nothing is left of the loan.
 * Guards against: a mapping that outlives its grant, and a stale translation.
 */
#include "test.h"

#define REF_RW		GRANT_FIRST
#define REF_RO		(GRANT_FIRST + 1)
#define ROUNDS		200u

_Noreturn static void server(void)
{
	volatile uint32_t *page = page_alloc(), *fixed = page_alloc();
	long port;

	if (!CHECK(grant_init(1)))
		test_end();
	fixed[0] = 0xf1f1;
	grant_offer(REF_RW, test_peer(), page_gpa(page) >> 12, 0);
	grant_offer(REF_RO, test_peer(), page_gpa(fixed) >> 12,
		    GTF_readonly);
	port = event_offer(test_peer());
	if (!CHECK(port > 0, "offer %ld", port))
		test_end();
	event_attach((evtchn_port_t)port, NULL);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (!CHECK(event_wait((evtchn_port_t)port, i, 10 * SECOND),
			   "round %u", i))
			break;
		CHECK_EQ(page[0], i);
		page[1] = i * 3;
		if (i == 1) {
			CHECK_EQ(grant_in_use(REF_RW),
				 GTF_reading | GTF_writing);
			CHECK_EQ(grant_in_use(REF_RO), GTF_reading);
			CHECK(!grant_withdraw(REF_RW), "in use");
		}
		event_send((evtchn_port_t)port);
	}
	/* The client unmaps, then says so once more. */
	CHECK(event_wait((evtchn_port_t)port, ROUNDS, 10 * SECOND));
	CHECK_EQ(grant_in_use(REF_RW), 0);
	CHECK_EQ(grant_in_use(REF_RO), 0);
	CHECK(grant_withdraw(REF_RW) && grant_withdraw(REF_RO));
	CHECK_EQ(fixed[0], 0xf1f1);
	event_send((evtchn_port_t)port);
	test_end();
}

_Noreturn static void client(void)
{
	uint64_t gpa = memory_hole(2) << PAGE_SHIFT;
	volatile uint32_t *page = (volatile uint32_t *)gpa;
	volatile uint32_t *fixed = page + 1024;
	long port = event_bind_any(test_peer(), 10 * SECOND);
	struct grant_map rw, ro;
	uint64_t seen;

	if (!CHECK(port > 0, "bind %ld", port))
		test_end();
	event_attach((evtchn_port_t)port, NULL);
	seen = event_count((evtchn_port_t)port);
	CHECK_EQ(grant_map(test_peer(), REF_RW, gpa, GNTMAP_host_map, &rw),
		 GNTST_okay);
	CHECK_EQ(grant_map(test_peer(), REF_RO, gpa + PAGE_SIZE,
			   GNTMAP_host_map | GNTMAP_readonly, &ro),
		 GNTST_okay);
	if (test_failures())
		test_end();
	CHECK_EQ(fixed[0], 0xf1f1);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		page[0] = i;
		seen = event_count((evtchn_port_t)port);
		event_send((evtchn_port_t)port);
		if (!CHECK(event_wait((evtchn_port_t)port, seen, 10 * SECOND),
			   "round %u", i))
			break;
		CHECK_EQ(page[1], i * 3);
	}
	CHECK_EQ(grant_unmap(&rw), GNTST_okay);
	CHECK_EQ(grant_unmap(&ro), GNTST_okay);
	seen = event_count((evtchn_port_t)port);
	event_send((evtchn_port_t)port);
	CHECK(event_wait((evtchn_port_t)port, seen, 10 * SECOND));
	CHECK(grant_map(test_peer(), REF_RW, gpa, GNTMAP_host_map, &rw) < 0,
	      "withdrawn");
	test_end();
}

int main(void)
{
	if (test_role("server"))
		server();
	client();
}
