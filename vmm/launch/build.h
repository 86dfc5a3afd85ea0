/* SPDX-License-Identifier: MIT */
/*
 * Building a VM in its own frames, in bounded pieces; the steps themselves
 * are in launch/launch.h.
 */
#pragma once
#include "launch/plan.h"

/* Launch: blueprint[domid - 1] says how to build each domain, for good. */
void build_use(const struct blueprint *blueprint);
