/* SPDX-License-Identifier: MIT */
/*
 * Grant table, version 1: offering own pages, mapping and copying others'.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/grant_table.h>

/* References below this are the toolstack's. */
#define GRANT_FIRST	8u

/* Make frame_count frames of the table visible; false if refused. */
bool grant_init(unsigned int frame_count);
extern struct grant_entry_v1 *grant_table;

/* Offer a page of ours under ref; flags 0 or GTF_readonly. */
void grant_offer(grant_ref_t ref, domid_t to, uint64_t gfn, uint16_t flags);
/* Withdraw; false (and unchanged) while somebody holds it mapped. */
bool grant_withdraw(grant_ref_t ref);
/* GTF_reading and GTF_writing as they are now. */
uint16_t grant_in_use(grant_ref_t ref);

struct grant_map {
	grant_handle_t handle;
	uint64_t gpa;		/* where it is mapped */
};

/* Map at gpa; flags GNTMAP_host_map | ...; returns GNTST_*. */
int grant_map(domid_t from, grant_ref_t ref, uint64_t gpa, uint32_t flags,
	      struct grant_map *map);
int grant_unmap(const struct grant_map *map);
/* One copy; returns GNTST_*. */
int grant_copy(struct gnttab_copy *op);
