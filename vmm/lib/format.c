/* SPDX-License-Identifier: MIT */
/*
 * snprintf for the VMM. Output never passes size, whatever the format; an
 * unknown conversion is printed as it stands.
 */
#include "lib/format.h"

struct sink {
	char *text;
	size_t size;
	size_t used;		/* < size, or size is 0 */
};

struct spec {
	char fill;		/* space or 0 */
	unsigned int width;
	bool is_long;
};

static void put(struct sink *s, char c)
{
	if (s->used + 1 < s->size)
		s->text[s->used++] = c;
}

static void put_number(struct sink *s, const struct spec *spec, uint64_t n,
		       unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits), size;

	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	for (size = sizeof(digits) - at; size < spec->width; size++)
		put(s, spec->fill);
	while (at < sizeof(digits))
		put(s, digits[at++]);
}

static void put_text(struct sink *s, const char *text)
{
	for (text = text ? text : "(null)"; *text; text++)
		put(s, *text);
}

/* Fill, width and length, from just after the %; returns what follows. */
static const char *read_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ .fill = *f == '0' ? '0' : ' ' };
	for (; *f >= '0' && *f <= '9' && spec->width < 1000; f++)
		spec->width = spec->width * 10 + (unsigned int)(*f - '0');
	for (; *f == 'l'; f++)
		spec->is_long = true;
	return f;
}

size_t format_text_list(char *text, size_t size, const char *f, va_list list)
{
	struct sink s = { text, size, 0 };
	struct spec spec;

	while (*f) {
		if (*f != '%') {
			put(&s, *f++);
			continue;
		}
		f = read_spec(f + 1, &spec);
		switch (*f++) {
		case 'u':
		case 'x':
			put_number(&s, &spec,
				   spec.is_long ? va_arg(list, uint64_t)
						: va_arg(list, unsigned int),
				   f[-1] == 'x' ? 16 : 10);
			break;
		case 's':
			put_text(&s, va_arg(list, const char *));
			break;
		case '%':
			put(&s, '%');
			break;
		default:	/* unknown, or the format ends here */
			put(&s, '%');
			f--;
		}
	}
	if (size)
		text[s.used] = '\0';
	return s.used;
}

size_t format_text(char *text, size_t size, const char *format, ...)
{
	va_list list;
	size_t used;

	va_start(list, format);
	used = format_text_list(text, size, format, list);
	va_end(list);
	return used;
}
