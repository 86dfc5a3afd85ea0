/* SPDX-License-Identifier: MIT */
/*
 * The table of frames, and the audit that trusts nothing of it: it counts
 * again what every domain says it has, maps, parks and borrows, and compares.
 * Marks of a frame during an audit:
 */
#include "core/partition.h"
#include "core/p2m.h"
#include "core/world.h"
#include "lib/format.h"

#define MARK_CLAIMED	BIT32(0)	/* a domain lists it as its own */
#define MARK_MAPPED	BIT32(1)	/* its owner maps it as RAM */
#define MARK_PARKED	BIT32(2)

struct frame *frame_at(mfn_t mfn)
{
	if (mfn.n >= world.partition.frame_count)
		return NULL;
	return &world.partition.frame[
		arch_index_nospec(mfn.n, world.partition.frame_count)];
}

void partition_assign(mfn_t mfn, uint64_t count, uint16_t owner,
		      enum frame_kind kind)
{
	BUG_ON(world.sealed);
	for (uint64_t i = 0; i < count; i++) {
		struct frame *frame = frame_at(MFN(mfn.n + i));

		BUG_ON(!frame);
		*frame = (struct frame){ .owner = owner,
					 .kind = (uint8_t)kind };
	}
}

static void fault(struct audit *audit, const char *what, uint32_t domid,
		  uint64_t number)
{
	if (audit->errors++)
		return;
	format_text(audit->first, sizeof(audit->first),
		    "domain %u, frame 0x%lx: %s", domid, number, what);
}

/* The frame at mfn if domain d owns it as this kind; else a fault. */
static struct frame *owned(struct audit *audit, const struct domain *d,
			   mfn_t mfn, enum frame_kind kind)
{
	struct frame *frame = frame_at(mfn);

	if (frame && frame->owner == d->id && frame->kind == kind)
		return frame;
	fault(audit, "not its own", d->id, mfn.n);
	return NULL;
}

static struct frame *mark(struct audit *audit, const struct domain *d,
			  mfn_t mfn, enum frame_kind kind, uint8_t bit)
{
	struct frame *frame = owned(audit, d, mfn, kind);

	if (frame && frame->mark & bit)
		fault(audit, "listed twice", d->id, mfn.n);
	if (frame)
		frame->mark |= bit;
	return frame;
}

/* P6, and which frames use their link for the chain. */
static void audit_parked(struct audit *audit, const struct domain *d)
{
	mfn_t mfn = d->p2m.parked_first;

	for (uint64_t i = 0; i < d->p2m.parked_count; i++) {
		struct frame *frame = mark(audit, d, mfn, FRAME_RAM,
					   MARK_PARKED);

		if (!frame)
			return;
		mfn = MFN(frame->next);
	}
}

/* P1: what d lists as its own; the other links become counters. */
static void audit_claim(struct audit *audit, const struct domain *d, mfn_t mfn,
			enum frame_kind kind)
{
	struct frame *frame = mark(audit, d, mfn, kind, MARK_CLAIMED);

	if (frame && !(frame->mark & MARK_PARKED))
		frame->next = 0;
}

static void audit_claims(struct audit *audit, const struct domain *d)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < d->extent_count; i++) {
		const struct extent *e = &d->extent[i];

		for (uint64_t n = 0; n < e->count; n++)
			audit_claim(audit, d, MFN(e->mfn.n + n), FRAME_RAM);
		total += e->count;
	}
	if (total != d->ram_frames)
		fault(audit, "extents do not add up", d->id, total);
	for (uint32_t i = 0; i < d->pool.count; i++)
		audit_claim(audit, d, d->pool.page[i], FRAME_POOL);
	audit_claim(audit, d, d->p2m.root, FRAME_POOL);
	audit_claim(audit, d, d->p2m.blank, FRAME_POOL);
	audit_claim(audit, d, d->shared_mfn, FRAME_SHARED);
	audit_claim(audit, d, d->xenstore_mfn, FRAME_SHARED);
	audit_claim(audit, d, d->console.ring, FRAME_SHARED);
}

static void audit_leaf(struct audit *audit, const struct domain *d, gfn_t gfn,
		       struct p2m_entry e)
{
	uint64_t count = e.level == 1 ? 1 : BIT64(9 * (e.level - 1));
	struct frame *frame = frame_at(e.mfn);

	switch (e.kind) {
	case P2M_RAM:
		for (uint64_t i = 0; i < count; i++)
			mark(audit, d, MFN(e.mfn.n + i), FRAME_RAM,
			     MARK_MAPPED);
		return;
	case P2M_SHARED:
		owned(audit, d, e.mfn, frame && frame->kind == FRAME_POOL ?
		      FRAME_POOL : FRAME_SHARED);
		return;
	case P2M_GRANT:
		if (!frame || frame->mark & MARK_PARKED)
			fault(audit, "a loan of no frame", d->id, gfn.n);
		else
			frame->next++;
		return;
	case P2M_DEVICE:
		if (frame && frame->kind != FRAME_HOLE)
			fault(audit, "registers in RAM", d->id, gfn.n);
		return;
	case P2M_BLANK:
		if (e.mfn.n != d->p2m.blank.n)
			fault(audit, "not its blank page", d->id, gfn.n);
		return;
	case P2M_NONE:
		break;
	}
	fault(audit, "a leaf of no kind", d->id, gfn.n);
}

/* P4, P5: all leaves of d's nested tables. */
static void audit_p2m(struct audit *audit, const struct domain *d)
{
	struct p2m_entry e;

	for (uint64_t n = 0; n < BIT64(P2M_GFN_BITS);
	     n += BIT64(9 * (e.level - 1))) {
		e = p2m_lookup(d, GFN(n));
		if (e.kind != P2M_NONE || e.mfn.n != MFN_NONE.n)
			audit_leaf(audit, d, GFN(n), e);
		audit->loans += e.kind == P2M_GRANT;
	}
}

/* Every frame against what was counted; the marks are cleared for next time. */
static void audit_frame(struct audit *audit, mfn_t mfn, struct frame *frame)
{
	const struct domain *owner = domain_at(frame->owner);
	uint8_t marks = frame->mark;
	uint8_t places = marks & (MARK_MAPPED | MARK_PARKED);
	uint32_t loans = marks & MARK_PARKED ? 0 : frame->next;

	frame->mark = 0;
	if (frame->kind < FRAME_RAM) {
		if (frame->owner || frame->loans)
			fault(audit, "nobody's, yet in use", frame->owner,
			      mfn.n);
		return;
	}
	if (!owner || !(marks & MARK_CLAIMED)) {
		fault(audit, "its owner does not know it", frame->owner, mfn.n);
		return;
	}
	if (frame->loans != loans)
		fault(audit, "loans do not add up", owner->id, mfn.n);
	if (frame->kind == FRAME_RAM &&
	    (places == (MARK_MAPPED | MARK_PARKED) ||
	     (!places && (owner->state == DOMAIN_RUNNING ||
			  owner->state == DOMAIN_SHUTDOWN))))
		fault(audit, "not in exactly one place", owner->id, mfn.n);
}

/* P3: each map has its leaf, each leaf its map; counters are 0 again. */
static uint64_t audit_maps(struct audit *audit, const struct domain *d)
{
	uint64_t live = 0;

	for (uint32_t i = 0; i < d->map_count; i++) {
		const struct grant_map *m = &d->map[i];
		struct p2m_entry e;
		struct frame *frame;

		if (m->state != GRANT_MAP_LIVE)
			continue;
		live++;
		e = p2m_lookup(d, GFN(m->gfn));
		frame = e.kind == P2M_GRANT ? frame_at(e.mfn) : NULL;
		if (!frame || frame->owner != m->domid || !frame->next ||
		    e.writable == m->readonly)
			fault(audit, "a map without its loan", d->id, m->gfn);
		else
			frame->next--;
	}
	return live;
}

void partition_audit(struct audit *audit)
{
	const struct partition *p = &world.partition;
	uint64_t live = 0;

	*audit = (struct audit){ .frames = p->frame_count };
	for (uint32_t i = 1; i < world.domain_count; i++) {
		audit_parked(audit, world.domain[i]);
		audit_claims(audit, world.domain[i]);
	}
	for (uint32_t i = 1; i < world.domain_count; i++)
		audit_p2m(audit, world.domain[i]);
	for (uint64_t n = 0; n < p->frame_count; n++)
		audit_frame(audit, MFN(n), &p->frame[n]);
	for (uint32_t i = 1; i < world.domain_count; i++)
		live += audit_maps(audit, world.domain[i]);
	if (live != audit->loans)
		fault(audit, "maps and loans differ in number", 0, live);
}
