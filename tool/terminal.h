/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal while it belongs to a VM: keys go through as they
 * are, and the old state comes back however the process ends by itself.
 */
#pragma once
#include <stdbool.h>

#define TERMINAL_QUIT_KEY 0x1d /* Ctrl-] */

/*
 * Makes standard input raw if it is a terminal that is ours to use. With
 * `cooked_output` a newline still returns the carriage. True: it is raw.
 */
bool terminal_raw(bool cooked_output);
void terminal_restore(void);
