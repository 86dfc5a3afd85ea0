/* SPDX-License-Identifier: MIT */
/*
 * Messages: the input is a sequence of well-formed requests of three clients
 * with any type and payload. After each input the store must pass its audit,
 * and must still answer.
 * Each request: client, type, transaction, length (one byte each), payload;
 * a client of 3 ends a domain, one of 4 moves the block.
 */
#include <stdlib.h>
#include <string.h>
#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct image_client quota = {
	.arena_kib = 24, .nodes = 60, .watches = 12, .events = 12,
	.transactions = 3, .shadows = 16
};

/* Take whatever is there, looking only at what the protocol promises. */
static void drain(struct rig *r, unsigned int g)
{
	struct xenstore_domain_interface *ring = r->guest[g].ring;

	if (ring->rsp_prod - ring->rsp_cons > XENSTORE_RING_SIZE)
		abort();
	ring->rsp_cons = ring->rsp_prod;
}

static void request(struct rig *r, unsigned int g, const uint8_t *head,
		    const uint8_t *payload, uint32_t length)
{
	struct xsd_sockmsg h = { head[1] % 26, 1, head[2] % 6, length };

	rig_put(r, g, &h, sizeof(h));
	rig_put(r, g, payload, length);
	rig_settle(r);
	for (unsigned int i = 0; i < 8; i++) {
		drain(r, g);
		rig_settle(r);
	}
	if (r->later)
		r->now += 10000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig *r = rig_open(&quota);

	while (size >= 4) {
		unsigned int g = data[0] % 5;
		uint32_t length = data[3];

		if (length > size - 4)
			length = (uint32_t)size - 4;
		if (g == 4) {
			rig_move(r);
		} else if (g == 3) {
			unsigned int which = 1 + data[1] % RIG_CLIENTS;

			rig_gone(r, which);
			rig_settle(r);
			if (!client_is_clean(r->s, which))
				abort();
			rig_connect(r, which);
		} else {
			request(r, 1 + g, data, data + 4, length);
		}
		data += 4 + length;
		size -= 4 + length;
	}
	rig_close(r);
	return 0;
}
