/* SPDX-License-Identifier: MIT */
/* Ways to stop: see also arch_idle() and arch_poweroff() in core/arch.h. */
#pragma once
#include "lib/types.h"

/* Writes the exit port, if there is one, and halts this CPU for good. */
_Noreturn void power_exit(uint8_t exit_byte);
