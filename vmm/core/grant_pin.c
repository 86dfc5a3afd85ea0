/* SPDX-License-Identifier: MIT */
/*
 * Pins: the granter's side of grants. The guest's entry is hostile memory; it
 * is read and marked as one 8-byte word, so that what was checked is what was
 * marked.
 */
#include "core/grant.h"
#include "core/p2m.h"
#include "core/world.h"

#define ENTRY_TRIES	5u	/* against a guest that rewrites its entry */

/* The record of ref, or NULL. */
static struct grant_active *active_at(const struct domain *d, uint32_t ref)
{
	size_t count = (size_t)d->grants.frame_count * GRANT_REFS_PER_FRAME;

	if (ref >= count)
		return NULL;
	return &d->grants.active[arch_index_nospec(ref, count)];
}

/* The guest's entry of the reference that a is the record of. */
static struct grant_entry_v1 *entry_of(const struct domain *d,
				       const struct grant_active *a)
{
	return grant_entry(d, (uint32_t)(a - d->grants.active));
}

/*
 * A frame that d may lend: its own memory, or its xenstore ring. Flat, so that
 * of the lookup only what is asked for is done.
 */
__attribute__((flatten)) static bool
lendable(const struct domain *d, uint32_t gfn, mfn_t *mfn)
{
	struct p2m_entry e = p2m_lookup(d, GFN(gfn));

	*mfn = e.mfn;
	return e.kind == P2M_RAM ||
	       (e.kind == P2M_SHARED && e.mfn.n == d->xenstore_mfn.n);
}

/*
 * Has the guest's entry permit this use, and marks it so. The entry is read
 * and marked as one word; the guest may change it meanwhile, a few times.
 */
static int16_t mark_entry(const struct domain *granter, struct grant_active *a,
			  uint16_t user, bool write)
{
	uint64_t *word = (void *)entry_of(granter, a);
	bool pinned = a->read_count || a->write_count;
	uint64_t bits = write ? GTF_reading | GTF_writing : GTF_reading;
	uint64_t now = atomic_load(word);

	for (unsigned int i = 0; i < ENTRY_TRIES; i++) {
		uint16_t flags = (uint16_t)now;
		mfn_t mfn;

		if ((flags & (GTF_type_mask | GTF_sub_page)) !=
		    GTF_permit_access)
			return GNTST_bad_gntref;
		if ((uint16_t)(now >> 16) != user ||
		    (write && flags & GTF_readonly))
			return GNTST_permission_denied;
		if (!lendable(granter, (uint32_t)(now >> 32), &mfn) ||
		    (pinned && mfn.n != a->mfn))
			return pinned ? GNTST_general_error : GNTST_bad_page;
		if (atomic_compare_exchange(word, &now, now | bits)) {
			a->mfn = (uint32_t)mfn.n;
			return GNTST_okay;
		}
	}
	return GNTST_general_error;
}

int16_t grant_pin_take(struct domain *granter, uint16_t user,
		       struct grant_pin *pin)
{
	struct grant_active *a = active_at(granter, pin->ref);
	bool write = pin->write;
	uint32_t state = atomic_load(&granter->state);
	uint16_t *count;

	if (state != DOMAIN_RUNNING && state != DOMAIN_SHUTDOWN)
		return GNTST_bad_domain;
	if (!a)
		return GNTST_bad_gntref;
	count = write ? &a->write_count : &a->read_count;
	if ((a->read_count || a->write_count) && a->domid != user)
		return GNTST_permission_denied;
	if (*count == UINT16_MAX)
		return GNTST_no_space;
	if (write ? !a->write_count : !a->read_count && !a->write_count) {
		int16_t status = mark_entry(granter, a, user, write);

		if (status != GNTST_okay)
			return status;
	}
	pin->mfn = MFN(a->mfn);
	a->domid = user;
	++*count;
	pin->domid = granter->id;
	atomic_fetch_add(&frame_at(pin->mfn)->loans, 1u);
	return GNTST_okay;
}

void grant_pin_drop(const struct grant_pin *pin)
{
	struct domain *granter = domain_at(pin->domid);
	struct grant_active *a;
	uint32_t bits = 0, loans;
	uint16_t *count;

	if (pin->mfn.n == MFN_NONE.n)
		return;
	spin_lock(&granter->lock);
	a = active_at(granter, pin->ref);
	count = pin->write ? &a->write_count : &a->read_count;
	loans = atomic_fetch_add(&frame_at(pin->mfn)->loans, (uint32_t)-1);
	BUG_ON(!*count || !loans);
	--*count;
	if (!a->write_count)
		bits |= GTF_writing;
	if (!a->write_count && !a->read_count)
		bits |= GTF_reading;
	atomic_fetch_and(&entry_of(granter, a)->flags, (uint16_t)~bits);
	if (bits & GTF_reading)
		*a = (struct grant_active){ .mfn = 0 };
	spin_unlock(&granter->lock);
}
