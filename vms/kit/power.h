/* SPDX-License-Identifier: MIT */
/*
 * Ending this guest: SCHEDOP_shutdown with a SHUTDOWN_* reason. Without a
 * hypervisor the debug-exit port and then a triple fault.
 */
#pragma once

_Noreturn void power_end(unsigned int reason);
