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

/* Both or neither: the private record and the guest's entry of ref. */
struct grant_ref {
	struct grant_active *active;
	struct grant_entry_v1 *entry;
};

static struct grant_ref ref_at(const struct domain *d, uint32_t ref)
{
	const struct grant_table *t = &d->grants;
	size_t count = (size_t)t->frame_count * GRANT_REFS_PER_FRAME;

	if (ref >= count)
		return (struct grant_ref){ NULL, NULL };
	ref = (uint32_t)arch_index_nospec(ref, count);
	return (struct grant_ref){ &t->active[ref], grant_entry(d, ref) };
}

/* A frame that d may lend: its own memory, or its xenstore ring. */
static bool lendable(const struct domain *d, uint32_t gfn, mfn_t *mfn)
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
static int16_t mark_entry(const struct domain *granter, struct grant_ref ref,
			  uint16_t user, bool write, mfn_t *mfn)
{
	uint64_t *word = (void *)ref.entry;
	bool pinned = ref.active->read_count || ref.active->write_count;
	uint64_t bits = write ? GTF_reading | GTF_writing : GTF_reading;
	uint64_t now = atomic_load(word);

	for (unsigned int i = 0; i < ENTRY_TRIES; i++) {
		uint16_t flags = (uint16_t)now;
		uint32_t gfn = (uint32_t)(now >> 32);

		if ((flags & (GTF_type_mask | GTF_sub_page)) !=
		    GTF_permit_access)
			return GNTST_bad_gntref;
		if ((uint16_t)(now >> 16) != user ||
		    (write && flags & GTF_readonly))
			return GNTST_permission_denied;
		if (pinned && gfn != ref.active->gfn)
			return GNTST_general_error;
		if (!lendable(granter, gfn, mfn))
			return GNTST_bad_page;
		if (atomic_compare_exchange(word, &now, now | bits)) {
			ref.active->gfn = gfn;
			return GNTST_okay;
		}
	}
	return GNTST_general_error;
}

int16_t grant_pin_take(struct domain *granter, uint16_t user,
		       struct grant_pin *pin)
{
	struct grant_ref ref = ref_at(granter, pin->ref);
	struct grant_active *a = ref.active;
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
		int16_t status = mark_entry(granter, ref, user, write,
					    &pin->mfn);

		if (status != GNTST_okay)
			return status;
	} else if (!lendable(granter, a->gfn, &pin->mfn)) {
		return GNTST_general_error;
	}
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
	struct grant_ref ref;
	uint16_t *count;
	uint32_t bits = 0;

	if (pin->mfn.n == MFN_NONE.n)
		return;
	spin_lock(&granter->lock);
	ref = ref_at(granter, pin->ref);
	a = ref.active;
	count = pin->write ? &a->write_count : &a->read_count;
	BUG_ON(!*count || !atomic_load(&frame_at(pin->mfn)->loans));
	--*count;
	atomic_fetch_add(&frame_at(pin->mfn)->loans, (uint32_t)-1);
	if (!a->write_count)
		bits |= GTF_writing;
	if (!a->write_count && !a->read_count)
		bits |= GTF_reading;
	atomic_fetch_and(&ref.entry->flags, (uint16_t)~bits);
	if (bits & GTF_reading)
		*a = (struct grant_active){ .gfn = 0 };
	spin_unlock(&granter->lock);
}
