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
 * sentence naming the device-tree node (arch_panic).
 */
void launch_machine(const struct boot_info *boot);
/*
 * The same without stopping: 0, or -XEN_Exxx and a sentence in text. For
 * tests and fuzzers.
 */
int launch_try(const struct boot_info *boot, char *text, size_t size);

/*
 * One bounded piece of building d (scrub, load, tables, first vCPU), at most
 * about 10,000 instructions. True when d is ready to run: vCPU 0 in its PVH
 * entry state, the others down. Runs on vCPU 0's CPU; also for restarts.
 */
bool build_step(struct domain *d);
/* One bounded piece of scrubbing all of d's frames after its end. */
bool scrub_step(struct domain *d);
