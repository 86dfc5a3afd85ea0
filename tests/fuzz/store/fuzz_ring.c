/* SPDX-License-Identifier: MIT */
/*
 * The ring page: client 1 may write any word of it and any bytes, at any
 * time. The store must stay whole, and client 2 must be served as ever.
 * Each step: what, offset (two bytes), value (four bytes).
 */
#include <stdlib.h>
#include <string.h>
#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct image_client quota = {
	.arena_kib = 24, .nodes = 60, .watches = 12, .events = 12,
	.transactions = 3, .shadows = 16
};

static void step(struct rig *r, unsigned int what, uint32_t offset,
		 uint32_t value)
{
	struct xenstore_domain_interface *ring = r->guest[1].ring;

	switch (what % 6) {
	case 0:
		memcpy((char *)ring + offset % 2076 / 4 * 4, &value, 4);
		break;
	case 1:
		ring->req_prod += value % 64;
		break;
	case 2:
		ring->rsp_cons = ring->rsp_prod - value % 1100;
		break;
	case 3:
		ring->connection = XENSTORE_RECONNECT;
		break;
	case 4:
		memcpy(ring->req + offset % 1020, &value, 4);
		break;
	case 5:
		/* A whole header where the store will look next. */
		for (unsigned int i = 0; i < 16; i++)
			ring->req[(ring->req_prod + i) % 1024] = 0;
		ring->req[ring->req_prod % 1024] = (char)(offset % 24);
		ring->req[(ring->req_prod + 12) % 1024] = (char)(value % 40);
		ring->req_prod += 16 + value % 40;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig *r = rig_open(&quota);

	for (; size >= 7; data += 7, size -= 7) {
		uint32_t value;

		memcpy(&value, data + 3, 4);
		step(r, data[0], data[1] | (uint32_t)data[2] << 8, value);
		rig_settle(r);
		if (r->later)
			r->now += 10000000;
	}
	rig_expect_value(r, 2, 0, "name", "client");
	rig_close(r);
	return 0;
}
