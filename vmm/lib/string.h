/* SPDX-License-Identifier: MIT */
/* The few string functions that a freestanding compiler and we need. */
#pragma once
#include "lib/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
/* Like strnlen(3). */
size_t strnlen(const char *text, size_t size);
