/* SPDX-License-Identifier: MIT */
/* copy.S holds arch_frame_scrub() and arch_copy(). */
#pragma once
#include "lib/types.h"

extern uint8_t copy_has_xgetbv;	/* CR4.OSXSAVE is on, on all CPUs */
