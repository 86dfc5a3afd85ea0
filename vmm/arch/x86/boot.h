/* SPDX-License-Identifier: MIT */
/* Called from boot.S only. */
#pragma once
#include "lib/types.h"

_Noreturn void x86_boot(uint32_t magic, uint32_t information);
_Noreturn void boot_finish(void);
