/* SPDX-License-Identifier: MIT */
/*
 * The few string functions that a freestanding program needs, as in C.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

void *memset(void *to, int c, size_t count);
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);

/*
 * printf's %d %i %u %x %X %o-less subset: flags - and 0, width, precision
 * for %s, lengths l ll z h hh, %c %s %p %%. Returns the untruncated length.
 */
int kvsnprintf(char *to, size_t size, const char *format, va_list args);
int ksnprintf(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
