/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables of one domain. A writer fills a table before it links
 * it, so that a reader, the CPU's page walker included, sees the old or the
 * new translation of a gfn and never half of one.
 */
#include "core/p2m.h"
#include "core/partition.h"

#define TOP_LEVEL	4u
#define TABLE_ENTRIES	512u

static uint64_t *entry_at(mfn_t table, gfn_t gfn, unsigned int level)
{
	uint64_t *entry = arch_frame_ptr(table);

	return &entry[gfn.n >> 9 * (level - 1) & (TABLE_ENTRIES - 1)];
}

/* How many 4 KiB frames a leaf of this level maps. */
static uint64_t leaf_frames(unsigned int level)
{
	return BIT64(9 * (level - 1));
}

/* The entry that ends the walk, a leaf or absent, where it is, its level. */
static inline uint64_t walk(const struct domain *d, gfn_t gfn, uint64_t **at,
			    unsigned int *level)
{
	mfn_t table = d->p2m.root;

	/* Unrolled, so that the shifts are constants. */
#pragma GCC unroll 4
	for (unsigned int l = TOP_LEVEL; l > 1; l--) {
		*level = l;
		*at = entry_at(table, gfn, l);
		uint64_t entry = atomic_load_acquire(*at);

		if (!arch_npte_present(entry) || arch_npte_is_leaf(entry, l))
			return entry;
		table = arch_npte_mfn(entry);
	}
	*level = 1;
	*at = entry_at(table, gfn, 1);
	return atomic_load_acquire(*at);
}

struct p2m_entry p2m_lookup(const struct domain *d, gfn_t gfn)
{
	struct p2m_entry found = { .mfn = MFN_NONE, .level = TOP_LEVEL };
	uint64_t entry;

	if (gfn.n >> P2M_GFN_BITS)
		return found;
	entry = walk(d, gfn, &found.at, &found.level);
	if (!arch_npte_present(entry))
		return found;
	found.kind = (enum p2m_kind)arch_npte_kind(entry);
	found.writable = arch_npte_writable(entry);
	found.mfn = MFN(arch_npte_mfn(entry).n +
			(gfn.n & (leaf_frames(found.level) - 1)));
	return found;
}

void *p2m_ram_ptr(const struct domain *d, gfn_t gfn)
{
	struct p2m_entry found = p2m_lookup(d, gfn);

	return found.kind == P2M_RAM ? arch_frame_ptr(found.mfn) : NULL;
}

/* Replaces the leaf or the hole at *entry by a table that says the same. */
static void refine(struct domain *d, uint64_t *entry, unsigned int level)
{
	mfn_t table = pool_take(&d->pool);
	uint64_t old = *entry;
	uint64_t *to = arch_frame_ptr(table);

	if (arch_npte_present(old)) {
		mfn_t mfn = arch_npte_mfn(old);

		for (unsigned int i = 0; i < TABLE_ENTRIES; i++) {
			to[i] = arch_npte_leaf(mfn, level - 1,
					       arch_npte_writable(old),
					       arch_npte_kind(old));
			mfn.n += leaf_frames(level - 1);
		}
	}
	atomic_store_release(entry, arch_npte_table(table, level - 1));
}

/* The entry for gfn at this level; makes the tables on the way. */
static uint64_t *make_entry(struct domain *d, gfn_t gfn, unsigned int level)
{
	mfn_t table = d->p2m.root;

	for (unsigned int l = TOP_LEVEL; l > level; l--) {
		uint64_t *entry = entry_at(table, gfn, l);

		if (!arch_npte_present(*entry) || arch_npte_is_leaf(*entry, l))
			refine(d, entry, l);
		table = arch_npte_mfn(*entry);
	}
	return entry_at(table, gfn, level);
}

struct p2m_entry p2m_set(struct domain *d, gfn_t gfn, enum p2m_kind kind,
			 bool writable, mfn_t mfn)
{
	uint64_t leaf = kind == P2M_NONE ? 0 :
			arch_npte_leaf(mfn, 1, writable, kind);
	struct p2m_entry old = p2m_lookup(d, gfn);

	BUG_ON(gfn.n >> P2M_GFN_BITS);
	atomic_store_release(old.level == 1 ? old.at : make_entry(d, gfn, 1),
			     leaf);
	return old;
}

void p2m_map_ram(struct domain *d, gfn_t gfn, unsigned int level, mfn_t mfn)
{
	uint64_t *entry = make_entry(d, gfn, level);

	BUG_ON(gfn.n >> P2M_GFN_BITS || arch_npte_present(*entry));
	BUG_ON((gfn.n | mfn.n) & (leaf_frames(level) - 1));
	atomic_store_release(entry, arch_npte_leaf(mfn, level, true, P2M_RAM));
}

int p2m_may_replace(const struct domain *d, gfn_t gfn, uint32_t extra,
		    struct p2m_entry *old)
{
	*old = p2m_lookup(d, gfn);
	if (gfn.n >> P2M_GFN_BITS)
		return -XEN_EINVAL;
	if (old->kind != P2M_NONE && old->kind != P2M_RAM)
		return -XEN_EBUSY;
	if (old->kind == P2M_RAM && atomic_load(&frame_at(old->mfn)->loans))
		return -XEN_EBUSY;
	if (old->level - 1 + extra > pool_free_count(&d->pool))
		return -XEN_ENOMEM;
	return 0;
}

bool p2m_replace(struct domain *d, gfn_t gfn, enum p2m_kind kind,
		 bool writable, mfn_t mfn)
{
	struct p2m_entry old = p2m_set(d, gfn, kind, writable, mfn);

	if (old.kind == P2M_RAM)
		p2m_park(d, old.mfn);
	return old.kind != P2M_NONE;
}

void p2m_reset(struct domain *d)
{
	arch_frame_scrub(d->p2m.root);
	/* Before a page of a table becomes something else. */
	arch_npt_flush(d);
	atomic_fetch_add(&d->p2m.ram_seq, 1);
	d->p2m.parked_count = 0;
	d->p2m.parked_first = MFN_NONE;
	d->pool.used = 0;
}

void p2m_park(struct domain *d, mfn_t mfn)
{
	struct frame *frame = frame_at(mfn);

	BUG_ON(frame->owner != d->id || atomic_load(&frame->loans));
	frame->next = (uint32_t)d->p2m.parked_first.n;
	d->p2m.parked_first = mfn;
	d->p2m.parked_count++;
	atomic_fetch_add(&d->p2m.ram_seq, 1);
}

mfn_t p2m_unpark(struct domain *d)
{
	mfn_t mfn = d->p2m.parked_first;

	if (!d->p2m.parked_count)
		return MFN_NONE;
	d->p2m.parked_first = MFN(frame_at(mfn)->next);
	d->p2m.parked_count--;
	frame_at(mfn)->next = 0;
	arch_frame_scrub(mfn);
	return mfn;
}
