/* SPDX-License-Identifier: MIT */
/*
 * The syntax of one disk, vif or pci string of xl: checked, not kept.
 */
#pragma once
#include "fault.h"

/* `key` is "disk", "vif" or "pci". */
void device_spec_check(const char *key, const char *spec, struct place where,
		       struct faults *faults);
