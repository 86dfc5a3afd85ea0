/* SPDX-License-Identifier: MIT */
/*
 * Hands out RAM while the machine is built. Invariants:
 *  B1  what was handed out once is never handed out again;
 *  B2  nothing comes from the VMM's ranges, from boot modules or from below
 *      1 MiB, where firmware and the start of other CPUs have their data;
 *  B3  after boot_alloc_seal() every call is a BUG.
 */
#pragma once
#include "core/boot_info.h"
#include "core/partition.h"

struct run {
	mfn_t mfn;
	uint64_t count;		/* of frames; 0 = nothing was free */
};

/* Takes over all RAM and creates world.partition. */
void boot_alloc_init(const struct boot_info *boot);
/* Whose tables are made from now on; for a complaint when there is no room. */
void boot_alloc_for(const char *whose);
/*
 * A run of frames whose start and length are multiples of 2^order, at least
 * min and at most max frames long, assigned to owner. Small ones come from
 * the bottom, large ones from the top, so that they do not split each other.
 */
struct run boot_take(uint64_t min, uint64_t max, unsigned int order,
		     uint16_t owner, enum frame_kind kind);
/* Zeroed memory for a table of the VMM, 64-byte aligned; or it is refused. */
void *boot_alloc(uint64_t size);
/* The same for what the pointer will point to. */
#define BOOT_ARRAY(pointer, count) boot_alloc((count) * sizeof((pointer)[0]))
/* As boot_alloc(), a multiple of whole pages. */
void *boot_alloc_pages(uint64_t size);
uint64_t boot_free_frames(void);
void boot_alloc_seal(void);
