/* SPDX-License-Identifier: MIT */
/*
 * Who serves whom. The configuration implies a graph: a VM needs the back
 * ends of its devices and what start_after names. From it follow the order
 * of domain numbers, the pairs of VMs that may share channels, the tables
 * that each VM needs, and whether there is a xenstore VM. Invariants:
 *  V1  the graph has no cycle: what a VM needs has the lower number, unless
 *      machine.conf orders otherwise;
 *  V2  two VMs may share exactly if one serves the other or both name each
 *      other in channels; the xenstore VM shares with all.
 */
#pragma once
#include "machine.h"

/*
 * Called by machine_read() when all VMs are read and the first `fixed` have
 * the places that `order` gives them: adds the xenstore VM, numbers the VMs,
 * fills back and share. What is wrong goes to `faults`.
 */
void serve_resolve(struct machine *m, size_t fixed, struct faults *faults);
/* Fills what the configuration leaves open: maps, frames, ports, pools. */
void serve_size(struct machine *m);
/* By domain number: as the graph has it, and with the store besides. */
bool serve_are_peers(const struct machine *m, unsigned int a, unsigned int b);
bool serve_may_share(const struct machine *m, unsigned int a, unsigned int b);

/* Disks, or interfaces, that `back` serves to `front`; both by number. */
size_t serve_disks(const struct machine *m, unsigned int front,
		   unsigned int back);
size_t serve_vifs(const struct machine *m, unsigned int front,
		  unsigned int back);
