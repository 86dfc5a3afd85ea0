/* SPDX-License-Identifier: MIT */
/*
 * The syntax of one string of pci = [ ]: the function that it names.
 */
#pragma once
#include "fault.h"

/* Bus, device and function; the @VSLOT and all NAME=VALUE change nothing. */
uint16_t pci_parse(const char *spec, struct place where,
		   struct faults *faults);
