/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain, for grants: what it borrowed goes back, what it lent
 * is taken from the borrowers without asking them. Nothing here waits.
 */
#include <xen/errno.h>
#include "core/grant.h"
#include "core/p2m.h"
#include "core/world.h"

#define RELEASE_BATCH	16u	/* loans given back for one flush */
#define SCAN_BATCH	1024u	/* records looked at in one step */
#define PEER_BATCH	256u

/* Flushes what was taken out of user's p2m, then gives it back. */
static void give_back(struct domain *user, const struct grant_release *release,
		      uint32_t count)
{
	if (count)
		arch_npt_flush(user);
	for (uint32_t i = 0; i < count; i++)
		grant_unmap_finish(&release[i]);
}

bool grant_unmap_all_step(struct domain *d, uint64_t *cursor)
{
	uint64_t end = MIN(*cursor + SCAN_BATCH, (uint64_t)d->map_count);
	struct grant_release release[RELEASE_BATCH];
	uint32_t count = 0;

	if (!d->map_live)
		return true;
	spin_lock(&d->lock);
	for (; *cursor < end && count < RELEASE_BATCH; ++*cursor)
		if (d->map[*cursor].state != GRANT_MAP_FREE)
			release[count++] = grant_unmap_locked(
				d, (uint32_t)*cursor);
	spin_unlock(&d->lock);
	give_back(d, release, count);
	return *cursor >= d->map_count;
}

/* One step through user's maps: those of granter d become blank. */
static bool revoke_from(struct domain *d, struct domain *user,
			uint64_t *cursor)
{
	uint64_t end = MIN(*cursor + SCAN_BATCH, (uint64_t)user->map_count);
	struct grant_release release[RELEASE_BATCH];
	uint32_t count = 0;

	spin_lock(&user->lock);
	for (; *cursor < end && count < RELEASE_BATCH; ++*cursor) {
		struct grant_map *m = &user->map[*cursor];

		if (m->state != GRANT_MAP_LIVE || m->domid != d->id)
			continue;
		release[count++] = (struct grant_release){
			m->domid, m->ref, m->readonly,
			p2m_lookup(user, GFN(m->gfn)).mfn
		};
		m->state = GRANT_MAP_REVOKED;
		p2m_set(user, GFN(m->gfn), P2M_BLANK, !m->readonly,
			user->p2m.blank);
	}
	spin_unlock(&user->lock);
	give_back(user, release, count);
	return *cursor >= user->map_count;
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

		if (none || revoke_from(d, user, cursor)) {
			*cursor = 0;
			++*peer;
		}
		if (!none)
			return false;
	}
	return *peer >= world.domain_count && all_unpinned(d, cursor);
}
