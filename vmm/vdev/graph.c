/* SPDX-License-Identifier: MIT */
/*
 * A piece looks at PIECE entries of one table, under the VM's lock, and says
 * what it found as at most SLOTS frames; the reader adds them up.
 */
#include "vdev/graph.h"
#include <bulkhead/telemetry.h>
#include <xen/errno.h>
#include "core/world.h"
#include "vdev/telemetry.h"

#define PIECE	256u
#define SLOTS	16u
#define ROOM	((SLOTS + 1) * 64u)	/* all frames of a piece and REPLY */

enum part { PART_NONE, PART_PEERS, PART_PORTS, PART_MAPS, PART_END };

/* What is being answered. Boot CPU only. */
static struct {
	enum part part;
	uint16_t domid;
	uint32_t cookie;
	uint32_t next;		/* entry of the part's table */
} asked;

struct piece {
	struct telemetry_pair pair[SLOTS];
	uint32_t count;
};

int graph_begin(const struct domain *d, uint32_t cookie)
{
	if (asked.part != PART_NONE)
		return -XEN_EBUSY;
	asked.part = PART_PEERS;
	asked.domid = d->id;
	asked.cookie = cookie;
	asked.next = 1;
	return 0;
}

/* The frame about this peer; NULL if there is no more room for another. */
static struct telemetry_pair *pair_of(struct piece *p, uint32_t peer)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (p->pair[i].peer == peer)
			return &p->pair[i];
	if (p->count == SLOTS)
		return NULL;
	p->pair[p->count] = (struct telemetry_pair){
		.cookie = asked.cookie, .peer = (uint16_t)peer
	};
	return &p->pair[p->count++];
}

static uint32_t table_size(const struct domain *d)
{
	switch (asked.part) {
	case PART_PEERS:
		return world.domain_count;
	case PART_PORTS:
		return d->port_count;
	case PART_MAPS:
		return d->map_count;
	case PART_NONE:
	case PART_END:
		break;
	}
	return 0;
}

/* Takes one entry; false: it does not fit any more. */
static bool take(const struct domain *d, uint32_t i, struct piece *p)
{
	struct telemetry_pair *pair;
	uint32_t peer = 0;

	if (asked.part == PART_PEERS && i != d->id &&
	    domain_may_share(d, world.domain[i]))
		peer = i;
	if (asked.part == PART_PORTS && d->port[i].state == PORT_INTERDOMAIN)
		peer = d->port[i].peer_dom;
	if (asked.part == PART_MAPS && d->map[i].state == GRANT_MAP_LIVE)
		peer = d->map[i].domid;
	if (!peer)
		return true;
	pair = pair_of(p, peer);
	if (!pair)
		return false;
	pair->allowed |= asked.part == PART_PEERS;
	pair->channels += asked.part == PART_PORTS;
	pair->maps += asked.part == PART_MAPS;
	return true;
}

bool graph_step(struct outbox *box)
{
	struct domain *d = domain_at(asked.domid);
	struct piece p = { .count = 0 };
	uint32_t end;

	if (asked.part == PART_NONE)
		return false;
	if (outbox_room(box) < ROOM)
		return true;
	spin_lock(&d->lock);
	end = MIN(table_size(d), asked.next + PIECE);
	while (asked.next < end && take(d, asked.next, &p))
		asked.next++;
	if (asked.next >= table_size(d)) {
		asked.part++;
		asked.next = 0;
	}
	spin_unlock(&d->lock);
	for (uint32_t i = 0; i < p.count; i++)
		telemetry_send(box, TELEMETRY_PAIR, d->id, &p.pair[i],
			       sizeof(p.pair[i]));
	if (asked.part == PART_END) {
		telemetry_reply(box, d->id, asked.cookie, 0, "");
		asked.part = PART_NONE;
	}
	return true;
}
