/* SPDX-License-Identifier: MIT */
/*
 * What takes long says so: one line on standard error, only on a terminal,
 * wiped when it is over.
 */
#pragma once
#include "text.h"

void progress(const char *format, ...) PRINTF_LIKE(1, 2);
void progress_end(void);
