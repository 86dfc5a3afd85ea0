/* SPDX-License-Identifier: MIT */
/*
 * The functions of lib/string.h, for the freestanding image only: in user
 * space they are the C library's. Compiled with
 * -fno-tree-loop-distribute-patterns (vmm.mk), lest the compiler turn a loop
 * into a call of the very function that holds it.
 */
#include "lib/string.h"

/* Eight bytes at any address, of any type. */
struct word {
	uint64_t n;
} __attribute__((packed, may_alias));

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; size >= 32; size -= 32, t += 32, f += 32) {
		struct word *tw = (struct word *)t;
		const struct word *fw = (const struct word *)f;

		tw[0] = fw[0];
		tw[1] = fw[1];
		tw[2] = fw[2];
		tw[3] = fw[3];
	}
	for (; size >= 8; size -= 8, t += 8, f += 8)
		*(struct word *)t = *(const struct word *)f;
	for (; size; size--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if ((uintptr_t)t - (uintptr_t)f >= size) {
		/* Forwards, bytewise where a word would read what it wrote. */
		for (; size; size--)
			*t++ = *f++;
		return to;
	}
	while (size--)
		t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint8_t *t = to;
	const struct word all = { (uint8_t)byte * (UINT64_MAX / 255) };

	for (; size >= 32; size -= 32, t += 32) {
		struct word *tw = (struct word *)t;

		tw[0] = all;
		tw[1] = all;
		tw[2] = all;
		tw[3] = all;
	}
	for (; size >= 8; size -= 8, t += 8)
		*(struct word *)t = all;
	for (; size; size--)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size; size--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t strnlen(const char *text, size_t size)
{
	size_t n = 0;

	while (n < size && text[n])
		n++;
	return n;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
		if (!*a)
			return 0;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}
