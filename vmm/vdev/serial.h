/* SPDX-License-Identifier: MIT */
/*
 * The two serial ports. COM1 carries text for people: the VMM's log as
 * "[vmm] ..." and each VM's console as "[name] ...", line by line; typed
 * bytes go to the VM in focus, Ctrl-T moves the focus. COM2 carries frames
 * (bulkhead/telemetry.h). The boot CPU alone works here, at its pace: what a
 * VM prints waits in its own history ring, so nobody waits for a slow line.
 */
#pragma once
#include "lib/types.h"

#define SERIAL_COM1	0u
#define SERIAL_COM2	1u

/* The boot CPU's regular look. Bounded. In how many ns to look again. */
nsec_t serial_poll(nsec_t now);
