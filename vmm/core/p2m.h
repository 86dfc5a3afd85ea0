/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical to machine map of one domain: its nested page table.
 * Readers take no lock (entries change atomically, tables are never freed
 * while the domain lives); writers hold the domain's lock.
 *  M1  every leaf has a kind other than P2M_NONE;
 *  M2  a table page comes from the domain's own pool;
 *  M3  splitting a large leaf changes no translation.
 */
#pragma once
#include "core/domain.h"

enum p2m_kind {
	P2M_NONE,
	P2M_RAM,		/* own ordinary memory */
	P2M_SHARED,		/* own, special: shared_info, rings, grants */
	P2M_GRANT,		/* someone else's frame, a counted loan */
	P2M_BLANK,		/* own blank page where a loan was revoked */
	P2M_DEVICE = ARCH_KIND_DEVICE,	/* registers of a device of its own */
};

struct p2m_entry {
	enum p2m_kind kind;
	bool writable;
	mfn_t mfn;		/* of this very gfn, large leaf or not */
	unsigned int level;	/* of the leaf or hole where the walk ended */
	uint64_t *at;		/* that entry; NULL if gfn cannot have one */
};

#define P2M_GFN_BITS	28u	/* 40-bit guest-physical addresses */

struct p2m_entry p2m_lookup(const struct domain *d, gfn_t gfn);
/* The VMM mapping of a gfn of kind P2M_RAM, or NULL. For hypercall copies. */
void *p2m_ram_ptr(const struct domain *d, gfn_t gfn);

/*
 * What a guest's request to put something at gfn must ask first, in *old
 * what is there. 0 if it is empty or own RAM on loan to nobody, which
 * p2m_replace() would park. Else -XEN_EINVAL (not a gfn), -XEN_EBUSY (taken),
 * or -XEN_ENOMEM (the pool has too few pages, extra of which are spoken for).
 */
int p2m_may_replace(const struct domain *d, gfn_t gfn, uint32_t extra,
		    struct p2m_entry *old);
/* Does it. True when a translation changed: flush. */
bool p2m_replace(struct domain *d, gfn_t gfn, enum p2m_kind kind,
		 bool writable, mfn_t mfn);

/*
 * Sets one 4 KiB entry, splitting large leaves; kind P2M_NONE clears. The
 * pool must have the pages: p2m_may_replace() asks. Returns what was there.
 */
struct p2m_entry p2m_set(struct domain *d, gfn_t gfn, enum p2m_kind kind,
			 bool writable, mfn_t mfn);
/* Build time: maps RAM by a leaf of this level; everything aligned, absent. */
void p2m_map_ram(struct domain *d, gfn_t gfn, unsigned int level, mfn_t mfn);
/*
 * Rebuild: forgets every mapping and every parked frame, and takes all pages
 * back into the pool. No vCPU of d runs; grant_init() comes after.
 */
void p2m_reset(struct domain *d);

/* Own RAM without a gfn any more, and without loans: a LIFO chain. [L] */
void p2m_park(struct domain *d, mfn_t mfn);
/* A parked frame, scrubbed, or MFN_NONE. */
mfn_t p2m_unpark(struct domain *d);
