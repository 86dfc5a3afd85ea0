/* SPDX-License-Identifier: MIT */
/*
 * The syntax of one string of pci = [ ]: the function that it names.
 */
#pragma once
#include "fault.h"

/* [DDDD:]BB:DD.F[@VSLOT]; false: it is none. */
bool bdf_read(const char *p, uint16_t *bdf);
/* Bus, device and function; the @VSLOT and all NAME=VALUE change nothing. */
uint16_t pci_parse(const char *spec, struct place where,
		   struct faults *faults);
