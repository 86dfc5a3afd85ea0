/* SPDX-License-Identifier: MIT */
/*
 * Who owns each frame of RAM. Invariants:
 *  P1  every frame has exactly one owner, 0 being the VMM;
 *  P2  owners are decided at launch and never change: a restart rebuilds a VM
 *      in its own frames;
 *  P3  loans = number of live grant mappings of the frame;
 *  P4  a FRAME_RAM frame is in its owner's p2m exactly once, or parked;
 *  P5  no p2m holds a frame of another domain except as a counted loan;
 *  P6  a parked frame has no loan.
 * The chain of parked frames runs through this table, not through the
 * frames: a guest may still have a way to write to those.
 */
#pragma once
#include "lib/types.h"

enum frame_kind {
	FRAME_HOLE,		/* not RAM */
	FRAME_VMM,		/* no domain's: image, tables, modules, spare */
	FRAME_RAM,		/* a domain's ordinary memory */
	FRAME_POOL,		/* a domain's page pool and blank page */
	FRAME_SHARED,		/* shared_info, rings: domain reads, VMM too */
};

struct frame {
	uint16_t owner;		/* [I] domid, 0 = VMM */
	uint8_t kind;		/* [I] enum frame_kind */
	uint8_t mark;		/* audit scratch */
	uint32_t loans;		/* [A] */
	uint32_t next;		/* [owner's L] parked chain; audit scratch */
};

struct partition {
	struct frame *frame;	/* [I] by mfn */
	uint64_t frame_count;	/* [I] */
};

/* NULL when mfn lies beyond the table. */
struct frame *frame_at(mfn_t mfn);
/* Launch only: gives count frames from mfn to owner. */
void partition_assign(mfn_t mfn, uint64_t count, uint16_t owner,
		      enum frame_kind kind);

struct audit {
	uint64_t frames;	/* looked at */
	uint64_t loans;
	uint64_t errors;	/* 0 = clean */
	char first[160];	/* a sentence about the first error */
};
/*
 * Checks P1, P3, P4 and P5 over all frames, p2ms and grant maps. No vCPU may
 * run meanwhile (the caller has stopped all CPUs). Linear in frames.
 */
void partition_audit(struct audit *audit);
