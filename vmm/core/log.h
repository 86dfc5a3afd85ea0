/* SPDX-License-Identifier: MIT */
/*
 * The VMM's own log. Lines go into a ring; the boot CPU moves them to the
 * serial ports, so that logging never waits. Formats as in
 * lib/format.h; one line per call, no newline needed.
 */
#pragma once
#include "lib/types.h"

struct domain;

void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* With the domain's name in front; limited per domain, for guests' faults. */
void log_guest(struct domain *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Takes a line out of a CPU's ring, 0: none; the boot CPU, or a panic. */
#define LOG_LINE_MAX	200u
size_t log_read(unsigned int cpu, char *buffer, size_t size);
