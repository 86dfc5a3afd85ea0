/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1 (xen-abi 4): counted loans of frames. Invariants:
 *  G1  the private record (grant_active) is the truth; the guest's entry is
 *      read once per first pin and only its status bits are written;
 *  G2  a live map's p2m entry is P2M_GRANT of the granter's frame;
 *  G3  frame.loans = number of live maps of that frame, plus copies under way;
 *  G4  reading/writing bits are clear when no pin is left.
 * The per-entry functions fill status; they take the locks of both domains.
 * Unmapping is in two steps so that one flush serves a batch.
 */
#pragma once
#include "lib/types.h"
#include <xen/grant_table.h>
#include "core/domain.h"

void grant_map(struct domain *d, struct gnttab_map_grant_ref *op);

/* A loan that is out of the p2m but not yet given back. */
struct grant_release { uint16_t domid; uint32_t ref; bool readonly; mfn_t mfn; };
/* Clears the p2m entry. True if release was filled: flush, then finish. */
bool grant_unmap_begin(struct domain *d, struct gnttab_unmap_grant_ref *op,
		       struct grant_release *release);
void grant_unmap_finish(struct domain *d, const struct grant_release *release);

void grant_copy(struct domain *d, struct gnttab_copy *op);
int grant_swap_check(struct domain *d, uint32_t a, uint32_t b);
/* Makes the table at least frames long. 0 or -XEN_ENOMEM/-XEN_EINVAL. [L] */
int grant_grow(struct domain *d, uint32_t frames);

/* Bounded steps of teardown; true when done. */
bool grant_unmap_all_step(struct domain *d, uint64_t *cursor);
/* Takes d's frames out of all mappers: their entries become blank. */
bool grant_revoke_step(struct domain *d, uint64_t *cursor, uint64_t *peer);
void grant_init(struct domain *d);
void grant_invariant(const struct domain *d);
