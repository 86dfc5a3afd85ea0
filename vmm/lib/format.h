/* SPDX-License-Identifier: MIT */
/*
 * snprintf for the VMM: %u %x %lu %lx with width and zero padding, %s
 * and %%. Always terminates; returns the length that was written, without the
 * NUL.
 */
#pragma once
#include <stdarg.h>
#include "lib/types.h"

size_t format_text(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t format_text_list(char *text, size_t size, const char *format,
			va_list list);
