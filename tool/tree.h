/* SPDX-License-Identifier: MIT */
/*
 * The launch description: a machine as the device tree of docs/binding.md.
 */
#pragma once
#include "machine.h"

/* The machine must have been loaded and planned without a fault. */
struct blob tree_make(const struct machine *m);
