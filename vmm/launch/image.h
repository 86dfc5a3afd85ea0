/* SPDX-License-Identifier: MIT */
/*
 * Where a domain's kernel, start_info, command line and ramdisk go in guest-
 * physical memory: kernel where it wants to be, the others right behind it.
 */
#pragma once
#include "launch/plan.h"

/*
 * Fills the second half of the blueprint from its modules. 0, or -XEN_EINVAL
 * and a sentence in plan->text.
 */
int image_place(const struct plan *plan, struct blueprint *b);
