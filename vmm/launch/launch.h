/* SPDX-License-Identifier: MIT */
/*
 * Construction of the machine from the launch description: plan, check,
 * build tables, seal. After launch_seal() the boot allocator is gone and any
 * allocation is a BUG. docs/binding.md is the format.
 */
#pragma once
#include "core/boot_info.h"
#include "core/domain.h"

/*
 * Reads the description (module 0), checks everything, creates world with
 * all domains in DOMAIN_BUILDING, their memory assigned, nothing scrubbed or
 * loaded yet, and seals. A wrong description stops the machine with a
 * sentence naming the device-tree node (arch_panic, from "launch").
 */
void launch_machine(const struct boot_info *boot);

/*
 * One bounded piece of building d (scrub, load, tables, first vCPU), at most
 * about 10,000 instructions. True when d is ready to run: vCPU 0 in its PVH
 * entry state, the others down. Runs on vCPU 0's CPU; also for restarts. The
 * caller sets job_step, job_cursor and job_aux to 0 before the first piece,
 * and changes d's state after the last.
 */
bool build_step(struct domain *d);
/*
 * One bounded piece of scrubbing all of d's frames after its end. The caller
 * sets job_cursor to 0 before the first piece.
 */
bool scrub_step(struct domain *d);

/*
 * Implemented by vmm/route.c: makes everything that abi and vdev keep about d
 * as it is at power-on. Called once in each build, after event_init().
 */
void build_reset_hook(struct domain *d);
