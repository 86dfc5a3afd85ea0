/* SPDX-License-Identifier: MIT */
/*
 * The neighbour: all of its memory holds a secret, and must hold it still
 * when the attacker has done its worst; or just not (damage=1).
 */
#include "test.h"

#define CANARY	0x5ec4e75ec4e7ull

int main(void)
{
	uint64_t start = memory_rest_start(), end = memory_rest_end();
	uint64_t wrong = 0;
	long port;

	for (volatile uint64_t *p = (void *)start; p < (uint64_t *)end; p++)
		*p = CANARY;
	port = event_offer(test_peer());
	if (!CHECK(port > 0, "%ld", port))
		test_end();
	event_attach((evtchn_port_t)port, NULL);
	CHECK(event_wait((evtchn_port_t)port, 1, 600 * SECOND),
	      "the attacker does not end");
	for (volatile uint64_t *p = (void *)start; p < (uint64_t *)end; p++)
		wrong += *p != CANARY;
	CHECK_EQ(wrong, boot_number("damage", 0));
	test_end();
}
