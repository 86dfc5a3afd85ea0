/* SPDX-License-Identifier: MIT */
/* A VM that shares nothing with the other: its ports are out of reach. */
#include "test.h"

int main(void)
{
	for (evtchn_port_t p = 0; p < 300; p++) {
		CHECK(event_bind(1, p) < 0, "port %u", p);
		CHECK(event_status(1, p, NULL) < 0, "port %u", p);
	}
	CHECK(event_bind(0, 1) < 0);
	CHECK(event_bind(3, 1) < 0);
	CHECK(event_bind(DOMID_IO, 1) < 0);
	test_end();
}
