/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain, for grants: what it borrowed goes back, what it lent
 * is taken from the borrowers without asking them. Nothing here waits.
 */
#include "core/grant.h"
#include "core/world.h"

#define RELEASE_BATCH	16u	/* loans given back for one flush */
#define SCAN_BATCH	1024u	/* records looked at in one step */
#define PEER_BATCH	256u

/*
 * One step through user's maps: those of granter are revoked; all are undone
 * if no granter is given.
 */
static bool take_maps(struct domain *user, const struct domain *granter,
		      uint64_t *cursor)
{
	uint64_t end = MIN(*cursor + SCAN_BATCH, (uint64_t)user->map_count);
	struct grant_pin pin[RELEASE_BATCH];
	uint32_t count = 0;

	spin_lock(&user->lock);
	for (; *cursor < end && count < RELEASE_BATCH; ++*cursor) {
		const struct grant_map *m = &user->map[*cursor];

		if (granter ? m->state == GRANT_MAP_LIVE &&
			      m->domid == granter->id
			    : m->state != GRANT_MAP_FREE)
			pin[count++] = grant_unmap_locked(
				user, (uint32_t)*cursor,
				granter ? GRANT_MAP_REVOKED : GRANT_MAP_FREE);
	}
	spin_unlock(&user->lock);
	grant_give_back(user, pin, count);
	return *cursor >= user->map_count;
}

bool grant_unmap_all_step(struct domain *d, uint64_t *cursor)
{
	return !d->map_live || take_maps(d, NULL, cursor);
}

/*
 * Whether no pin is left among the references from *cursor on. Locked, so
 * that whoever dropped the last one has also let go of the entry.
 */
static bool all_unpinned(struct domain *d, uint64_t *cursor)
{
	uint64_t count = (uint64_t)d->grants.frame_count *
			 GRANT_REFS_PER_FRAME;
	uint64_t end = MIN(*cursor + SCAN_BATCH, count);

	spin_lock(&d->lock);
	for (; *cursor < end; ++*cursor) {
		const struct grant_active *a = &d->grants.active[*cursor];

		if (a->read_count || a->write_count)
			break;		/* a copy or an unmap under way */
	}
	spin_unlock(&d->lock);
	return *cursor >= count;
}

bool grant_revoke_step(struct domain *d, uint64_t *cursor, uint64_t *peer)
{
	/* Whoever saw d alive and has its lock is done after this. */
	if (*peer == 0) {
		spin_lock(&d->lock);
		spin_unlock(&d->lock);
	}
	for (uint32_t i = 0; i < PEER_BATCH && *peer < world.domain_count;
	     i++) {
		struct domain *user = world.domain[*peer];
		bool none = !user || !atomic_load_relaxed(&user->map_live);

		if (none || take_maps(user, d, cursor)) {
			*cursor = 0;
			++*peer;
		}
		if (!none)
			return false;
	}
	return *peer >= world.domain_count && all_unpinned(d, cursor);
}
