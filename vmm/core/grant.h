/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1 (xen-abi 4): counted loans of frames. A reference
 * is pinned while it is mapped or copied from or to. Invariants:
 *  G1  the private record (grant_active) is the truth about pins; the guest's
 *      entry is read once per first pin of a kind, and only its reading and
 *      writing bits are written;
 *  G2  a live map's p2m entry is P2M_GRANT of the granter's frame;
 *  G3  frame.loans = pins of references to the frame;
 *  G4  reading and writing bits that we set are cleared with the last pin;
 *  G5  the gfn of a pinned reference keeps its frame: nobody may take a frame
 *      on loan out of its owner's p2m.
 * Pins need the granter's lock; what changes a p2m needs its domain's.
 */
#pragma once
#include "core/domain.h"

#define GRANT_REFS_PER_FRAME	512u	/* entries in a frame of the table */

/* The entry of a reference below frame_count frames' worth. */
static inline struct grant_entry_v1 *grant_entry(const struct domain *d,
						 uint32_t ref)
{
	struct grant_entry_v1 *frame = arch_frame_ptr(
		d->grants.frame[ref / GRANT_REFS_PER_FRAME]);

	return &frame[ref % GRANT_REFS_PER_FRAME];
}

/* Fills status and handle. True when the caller must flush d's p2m. */
bool grant_map(struct domain *d, struct gnttab_map_grant_ref *op);

/* A use of a reference, by a map or by a copy under way. */
struct grant_pin {
	uint16_t domid;		/* granter */
	bool write;
	uint32_t ref;
	mfn_t mfn;		/* MFN_NONE: it had been revoked */
};
/*
 * Pins a reference of granter, locked, for user: the loan of pin->mfn is
 * counted and the entry marked. A GNTST_ status; nothing happened unless it
 * is GNTST_okay.
 */
int16_t grant_pin_take(struct domain *granter, uint16_t user,
		       struct grant_pin *pin);
/* Gives it back; nobody can reach the frame through it any more. */
void grant_pin_drop(const struct grant_pin *pin);

/*
 * Unmapping is in two steps so that one flush serves a batch: the loan is
 * taken out of the p2m, then d's pins are dropped. Fills op->status. True if
 * pin was filled.
 */
bool grant_unmap(struct domain *d, struct gnttab_unmap_grant_ref *op,
		 struct grant_pin *pin);
/* The same for a handle that is in use, which becomes free or revoked. [L] */
struct grant_pin grant_unmap_locked(struct domain *d, uint32_t handle,
				    enum grant_map_state next);
/* Flushes what was taken out of d's p2m, then drops the pins. */
void grant_give_back(struct domain *d, const struct grant_pin *pin,
		     uint32_t count);

/* Fills status in each of count operations. */
void grant_copy(struct domain *d, struct gnttab_copy *op, uint32_t count);
/*
 * Makes the table at least frames long, at most GRANT_GROW_STEP at a time: 0,
 * -XEN_EAGAIN (call again), -XEN_EINVAL, or -XEN_ENOMEM. [L]
 */
#define GRANT_GROW_STEP		8u
int grant_grow(struct domain *d, uint32_t frames);

/*
 * The end of d, in bounded steps, true when done; no vCPU of d runs. First
 * what d borrowed goes back; then what it lent is replaced by the borrowers'
 * blank pages. False may also mean that another CPU is giving back one of
 * d's frames right now: call again.
 */
bool grant_unmap_all_step(struct domain *d, uint64_t *cursor);
bool grant_revoke_step(struct domain *d, uint64_t *cursor, uint64_t *peer);
/* Build, after p2m_reset(): a table of one frame, nothing mapped or lent. */
void grant_init(struct domain *d);
