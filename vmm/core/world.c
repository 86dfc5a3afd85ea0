/* SPDX-License-Identifier: MIT */
/* The one root, and the lookups that guests' numbers go through. */
#include "core/world.h"

struct world world;

struct domain *domain_at(uint32_t domid)
{
	if (domid >= world.domain_count)
		return NULL;
	return world.domain[arch_index_nospec(domid, world.domain_count)];
}

static bool may_share(const struct domain *a, const struct domain *b)
{
	if (a == b || a->id == world.store || b->id == world.store)
		return true;
	return a->peers && a->peers[b->id / 64] & BIT64(b->id % 64) &&
	       b->peers && b->peers[a->id / 64] & BIT64(a->id % 64);
}

struct domain *domain_peer(struct domain *d, uint16_t domid)
{
	struct domain *peer = domid == DOMID_SELF ? d : domain_at(domid);

	return peer && may_share(d, peer) ? peer : NULL;
}
