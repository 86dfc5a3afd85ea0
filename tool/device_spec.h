/* SPDX-License-Identifier: MIT */
/*
 * The syntax of one string of pci = [ ]: checked, not kept.
 */
#pragma once
#include "fault.h"

void pci_spec_check(const char *spec, struct place where,
		    struct faults *faults);
