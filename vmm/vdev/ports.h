/* SPDX-License-Identifier: MIT */
/*
 * Port I/O of guests. Unclaimed ports read as ones and ignore writes. The
 * exceptions: a PIT answer that ends Linux's calibration at once, and the
 * ACPI sleep control register (power-off).
 */
#pragma once
#include "core/platform.h"
#include "core/vcpu.h"
#include "core/vmexit.h"

/*
 * Does the access in exit->io on v->regs. String accesses are refused with
 * all ones for IN (memory is not written) and dropped for OUT: true =
 * finished, skip; false = the vCPU must not go on (it powered off).
 */
bool ports_access(struct vcpu *v, const struct vmexit *exit);
