/* SPDX-License-Identifier: MIT */
/*
 * snprintf for the VMM. Output never passes size, whatever the format; an
 * unknown conversion is printed as it stands.
 */
#include "lib/format.h"
#include "lib/string.h"

struct sink {
	char *text;
	size_t size;
	size_t used;		/* < size, or size is 0 */
};

struct spec {
	bool left, zero, negative;
	unsigned int width;
	unsigned int longs;	/* 1: l or z, 2: ll */
};

static void put(struct sink *s, char c)
{
	if (s->used + 1 < s->size)
		s->text[s->used++] = c;
}

static void pad(struct sink *s, char c, size_t have, size_t width)
{
	for (; have < width; have++)
		put(s, c);
}

static void put_text(struct sink *s, const struct spec *spec,
		     const char *text, size_t size)
{
	if (!spec->left)
		pad(s, ' ', size, spec->width);
	for (size_t i = 0; i < size; i++)
		put(s, text[i]);
	if (spec->left)
		pad(s, ' ', size, spec->width);
}

static void put_number(struct sink *s, const struct spec *spec, uint64_t n,
		       unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);

	size_t size = sizeof(digits) - at;

	if (spec->zero && !spec->left) {
		if (spec->negative)
			put(s, '-');
		pad(s, '0', size + spec->negative, spec->width);
		for (; at < sizeof(digits); at++)
			put(s, digits[at]);
		return;
	}
	if (spec->negative)
		digits[--at] = '-';
	put_text(s, spec, digits + at, sizeof(digits) - at);
}

/* Flags, width and length, from just after the %; returns what follows. */
static const char *read_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ 0 };
	for (; *f == '-' || *f == '0'; f++) {
		spec->left |= *f == '-';
		spec->zero |= *f == '0';
	}
	for (; *f >= '0' && *f <= '9' && spec->width < 1000; f++)
		spec->width = spec->width * 10 + (unsigned int)(*f - '0');
	for (; *f == 'l' || *f == 'z'; f++)
		spec->longs++;
	return f;
}

struct arguments {
	va_list list;
};

static void put_signed(struct sink *s, struct spec *spec, int64_t n)
{
	spec->negative = n < 0;
	put_number(s, spec, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10);
}

/* One conversion, from just after the %; returns what follows it. */
static const char *convert(struct sink *s, const char *f, struct arguments *a)
{
	struct spec spec;
	char c;

	f = read_spec(f, &spec);
	switch (*f) {
	case 'd':
		put_signed(s, &spec, spec.longs ? va_arg(a->list, int64_t)
						: va_arg(a->list, int));
		return f + 1;
	case 'u':
	case 'x':
		put_number(s, &spec,
			   spec.longs ? va_arg(a->list, uint64_t)
				      : va_arg(a->list, unsigned int),
			   *f == 'x' ? 16 : 10);
		return f + 1;
	case 'p':
		put(s, '0');
		put(s, 'x');
		put_number(s, &spec, (uintptr_t)va_arg(a->list, void *), 16);
		return f + 1;
	case 's': {
		const char *text = va_arg(a->list, const char *);

		text = text ? text : "(null)";
		put_text(s, &spec, text, strlen(text));
		return f + 1;
	}
	case 'c':
		c = (char)va_arg(a->list, int);
		put_text(s, &spec, &c, 1);
		return f + 1;
	case '%':
		put(s, '%');
		return f + 1;
	default:		/* unknown, or the format ends here */
		put(s, '%');
		return f;
	}
}

size_t format_text_list(char *text, size_t size, const char *format,
			va_list list)
{
	struct sink s = { text, size, 0 };
	struct arguments a;

	va_copy(a.list, list);
	while (*format) {
		if (*format == '%')
			format = convert(&s, format + 1, &a);
		else
			put(&s, *format++);
	}
	va_end(a.list);
	if (size)
		text[s.used] = '\0';
	return s.used;
}

size_t format_text(char *text, size_t size, const char *format, ...)
{
	va_list list;

	va_start(list, format);

	size_t used = format_text_list(text, size, format, list);

	va_end(list);
	return used;
}
