/* SPDX-License-Identifier: MIT */
/*
 * Grants: pins of references, and maps and copies that hold them. A handle
 * names a map; free handles form a chain in which an untouched entry means
 * "the next one", so that a zeroed array is a chain of all.
 */
#include "core/grant.h"
#include "core/lock.h"
#include "core/p2m.h"
#include "core/world.h"

/* --- maps --- */

static uint32_t take_handle(struct domain *d)
{
	uint32_t handle = d->map_free;

	d->map_free = handle + 1 + d->map[handle].ref;
	atomic_store_relaxed(&d->map_live, d->map_live + 1);
	return handle;
}

static void free_handle(struct domain *d, uint32_t handle)
{
	d->map[handle] = (struct grant_map){ .ref = d->map_free - handle - 1 };
	d->map_free = handle;
	atomic_store_relaxed(&d->map_live, d->map_live - 1);
}

static int16_t map_locked(struct domains_locked both,
			  struct gnttab_map_grant_ref *op, bool *flush)
{
	bool readonly = op->flags & GNTMAP_readonly;
	gfn_t gfn = gfn_of(op->host_addr);
	struct domain *d = both.self;
	struct grant_pin pin = { .ref = op->ref, .write = !readonly };
	struct p2m_entry old;
	int16_t status;

	if (d->map_free >= d->map_count)
		return GNTST_no_space;
	switch (p2m_may_replace(d, gfn, 0, &old)) {
	case 0:
		break;
	case -XEN_EINVAL:
		return GNTST_bad_virt_addr;
	case -XEN_ENOMEM:
		return GNTST_no_space;
	default:
		return GNTST_general_error;
	}
	/* It could be the very frame that is to be lent. */
	if (d == both.peer && old.kind == P2M_RAM)
		return GNTST_general_error;
	status = grant_pin_take(both.peer, d->id, &pin);
	if (status != GNTST_okay)
		return status;
	*flush = p2m_replace(d, gfn, P2M_GRANT, !readonly, pin.mfn);
	op->handle = take_handle(d);
	op->dev_bus_addr = 0;
	d->map[op->handle] = (struct grant_map){
		.state = GRANT_MAP_LIVE, .readonly = readonly,
		.domid = both.peer->id, .ref = op->ref, .gfn = gfn.n
	};
	return GNTST_okay;
}

bool grant_map(struct domain *d, struct gnttab_map_grant_ref *op)
{
	struct domain *granter = domain_peer(d, op->dom);
	struct domains_locked both;
	bool flush = false;

	op->status = GNTST_permission_denied;
	if (!granter)
		return false;
	op->status = GNTST_bad_gntref;
	if (!(op->flags & (GNTMAP_host_map | GNTMAP_device_map)))
		return false;
	op->status = GNTST_general_error;
	if (op->flags & ~(uint32_t)(GNTMAP_host_map | GNTMAP_readonly |
				    GNTMAP_guest_avail_mask))
		return false;
	both = domains_lock(d, granter);
	op->status = map_locked(both, op, &flush);
	domains_unlock(both);
	return flush;
}

struct grant_pin grant_unmap_locked(struct domain *d, uint32_t handle,
				    enum grant_map_state next)
{
	struct grant_map *m = &d->map[handle];
	struct grant_pin pin = { m->domid, !m->readonly, m->ref, MFN_NONE };
	struct p2m_entry old = p2m_set(d, GFN(m->gfn),
				       next == GRANT_MAP_FREE ? P2M_NONE :
				       P2M_BLANK, pin.write, d->p2m.blank);

	if (m->state == GRANT_MAP_LIVE)
		pin.mfn = old.mfn;
	m->state = GRANT_MAP_REVOKED;
	if (next == GRANT_MAP_FREE)
		free_handle(d, handle);
	return pin;
}

bool grant_unmap(struct domain *d, struct gnttab_unmap_grant_ref *op,
		 struct grant_pin *pin)
{
	const struct grant_map *m;

	op->status = GNTST_bad_handle;
	if (op->handle >= d->map_count)
		return false;
	m = &d->map[arch_index_nospec(op->handle, d->map_count)];
	spin_lock(&d->lock);
	if (m->state != GRANT_MAP_FREE)
		op->status = m->gfn == gfn_of(op->host_addr).n ?
			     GNTST_okay : GNTST_general_error;
	if (op->status == GNTST_okay)
		*pin = grant_unmap_locked(d, (uint32_t)(m - d->map),
					  GRANT_MAP_FREE);
	spin_unlock(&d->lock);
	return op->status == GNTST_okay;
}

void grant_give_back(struct domain *d, const struct grant_pin *pin,
		     uint32_t count)
{
	if (count)
		arch_npt_flush(d);
	for (uint32_t i = 0; i < count; i++)
		grant_pin_drop(&pin[i]);
}

/* --- copies --- */

/* Has p pinned, if the last copy did not leave just that in pin. */
static int16_t side_pin(struct domain *d, const struct gnttab_copy_ptr *p,
			struct grant_pin *pin)
{
	struct domain *granter;
	int16_t status;

	if (pin->mfn.n != MFN_NONE.n && pin->ref == p->u.ref &&
	    pin->domid == p->domid)
		return GNTST_okay;
	grant_pin_drop(pin);
	*pin = (struct grant_pin){ 0, pin->write, p->u.ref, MFN_NONE };
	granter = domain_peer(d, p->domid);
	if (!granter)
		return GNTST_permission_denied;
	spin_lock(&granter->lock);
	status = grant_pin_take(granter, d->id, pin);
	spin_unlock(&granter->lock);
	return status;
}

/* Finds one side's bytes. */
static int16_t side_begin(struct domain *d, const struct gnttab_copy_ptr *p,
			  bool granted, struct grant_pin *pin, uint8_t **byte)
{
	int16_t status;

	if (granted) {
		status = side_pin(d, p, pin);
		if (status != GNTST_okay)
			return status;
		*byte = arch_frame_ptr(pin->mfn);
	} else {
		if (!domain_is_self(d, p->domid))
			return GNTST_permission_denied;
		*byte = p2m_ram_ptr(d, GFN(p->u.gmfn));
		if (!*byte)
			return GNTST_bad_page;
	}
	*byte += p->offset;
	return GNTST_okay;
}

static void copy(struct domain *d, struct gnttab_copy *op,
		 struct grant_pin *pin_from, struct grant_pin *pin_to)
{
	uint8_t *from, *to;

	op->status = GNTST_bad_copy_arg;
	if ((uint32_t)op->source.offset + op->len > PAGE_SIZE ||
	    (uint32_t)op->dest.offset + op->len > PAGE_SIZE)
		return;
	op->status = side_begin(d, &op->source, op->flags & GNTCOPY_source_gref,
				pin_from, &from);
	if (op->status == GNTST_okay)
		op->status = side_begin(d, &op->dest,
					op->flags & GNTCOPY_dest_gref, pin_to,
					&to);
	if (op->status != GNTST_okay)
		return;
	/* Overlap is legal, and then rare. */
	if (from < to + op->len && to < from + op->len)
		memmove(to, from, op->len);
	else
		arch_copy(to, from, op->len);
}

/* Parts of one page follow one another: a pin is kept for the next. */
void grant_copy(struct domain *d, struct gnttab_copy *op, uint32_t count)
{
	struct grant_pin from = { .mfn = MFN_NONE };
	struct grant_pin to = { .mfn = MFN_NONE, .write = true };

	for (uint32_t i = 0; i < count; i++)
		copy(d, &op[i], &from, &to);
	grant_pin_drop(&from);
	grant_pin_drop(&to);
}

/* --- the table --- */

int grant_grow(struct domain *d, uint32_t frames)
{
	struct grant_table *t = &d->grants;

	if (frames > t->frame_max)
		return -XEN_EINVAL;
	if (frames <= t->frame_count)
		return 0;
	if (frames - t->frame_count > pool_free_count(&d->pool))
		return -XEN_ENOMEM;
	for (uint32_t i = 0; i < GRANT_GROW_STEP; i++) {
		if (t->frame_count == frames)
			break;
		t->frame[t->frame_count++] = pool_take(&d->pool);
	}
	return t->frame_count < frames ? -XEN_EAGAIN : 0;
}

void grant_init(struct domain *d)
{
	BUG_ON(d->map_live);
	d->grants.frame_count = 0;
	BUG_ON(grant_grow(d, 1));
}
