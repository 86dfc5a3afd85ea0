/* SPDX-License-Identifier: MIT */
/*
 * String functions and number formatting without a C library.
 */
#include "string.h"
#include <stdbool.h>
#include <stdint.h>

void *memset(void *to, int c, size_t count)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(c)
			 : "memory");
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) :
			 : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t count)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if (t <= f || t >= f + count)
		return memcpy(to, from, count);
	while (count--)
		t[count] = f[count];
	return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < count; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];

		if (x != y)
			return x < y ? -1 : 1;
		if (!x)
			return 0;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

struct sink {
	char *to;
	size_t size, length;
};

struct spec {
	bool left, zero;
	unsigned int width, length;	/* length: 0 int, 1 long */
	int precision;			/* -1: none */
};

static void sink_put(struct sink *s, char c)
{
	if (s->length + 1 < s->size)
		s->to[s->length] = c;
	s->length++;
}

static void sink_field(struct sink *s, const struct spec *p, const char *text,
		       size_t count)
{
	size_t pad = p->width > count ? p->width - count : 0;
	bool sign = p->zero && !p->left && count && text[0] == '-';

	if (sign) {
		sink_put(s, '-');
		text++;
		count--;
	}
	if (!p->left)
		while (pad) {
			sink_put(s, p->zero ? '0' : ' ');
			pad--;
		}
	for (size_t i = 0; i < count; i++)
		sink_put(s, text[i]);
	while (pad--)
		sink_put(s, ' ');
}

static void sink_number(struct sink *s, const struct spec *p, uint64_t v,
			unsigned int base, bool negative)
{
	char text[24];
	size_t at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		text[--at] = '-';
	sink_field(s, p, text + at, sizeof(text) - at);
}

static const char *spec_parse(struct spec *p, const char *f)
{
	*p = (struct spec){ .precision = -1 };
	for (;; f++) {
		if (*f == '-')
			p->left = true;
		else if (*f == '0')
			p->zero = true;
		else
			break;
	}
	while (*f >= '0' && *f <= '9')
		p->width = p->width * 10 + (unsigned int)(*f++ - '0');
	if (*f == '.') {
		p->precision = 0;
		for (f++; *f >= '0' && *f <= '9'; f++)
			p->precision = p->precision * 10 + (*f - '0');
	}
	for (;; f++) {
		if (*f == 'l' || *f == 'z')
			p->length = 1;
		else if (*f != 'h')
			break;
	}
	return f;
}

int kvsnprintf(char *to, size_t size, const char *f, va_list args)
{
	struct sink s = { to, size, 0 };

	for (; *f; f++) {
		struct spec p;

		if (*f != '%') {
			sink_put(&s, *f);
			continue;
		}
		f = spec_parse(&p, f + 1);
		if (*f == 'd' || *f == 'i') {
			int64_t v = p.length ? va_arg(args, long)
					     : va_arg(args, int);

			sink_number(&s, &p, v < 0 ? 0 - (uint64_t)v
						  : (uint64_t)v, 10, v < 0);
		} else if (*f == 'u' || *f == 'x' || *f == 'X') {
			uint64_t v = p.length ? va_arg(args, unsigned long)
					      : va_arg(args, unsigned int);

			sink_number(&s, &p, v, *f == 'u' ? 10 : 16, false);
		} else if (*f == 'p') {
			sink_number(&s, &p, (uint64_t)va_arg(args, void *),
				    16, false);
		} else if (*f == 'c') {
			char c = (char)va_arg(args, int);

			sink_field(&s, &p, &c, 1);
		} else if (*f == 's') {
			const char *t = va_arg(args, const char *);
			size_t n = strlen(t);

			if (p.precision >= 0 && n > (size_t)p.precision)
				n = (size_t)p.precision;
			sink_field(&s, &p, t, n);
		} else if (*f) {
			sink_put(&s, *f);
		} else {
			break;
		}
	}
	if (size)
		to[s.length < size ? s.length : size - 1] = '\0';
	return (int)s.length;
}

int ksnprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = kvsnprintf(to, size, format, args);
	va_end(args);
	return n;
}
