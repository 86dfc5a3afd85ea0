/* SPDX-License-Identifier: MIT */
/*
 * Bytes to tokens. Only ASCII outside strings; strings take any byte but
 * NUL and newline.
 */
#include "lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void lexer_start(struct lexer *x, const char *file, const char *bytes,
		 size_t length)
{
	*x = (struct lexer){ file, bytes, bytes + length, 1 };
}

void lexer_skip_line(struct lexer *x)
{
	while (x->at < x->end && *x->at != '\n')
		x->at++;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.';
}

static bool setting_begins(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end || !islower((unsigned char)*p))
		return false;
	while (p < end && is_word(*p))
		p++;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p < end && (*p == '=' || *p == '+');
}

void lexer_skip_list(struct lexer *x)
{
	for (;;) {
		lexer_skip_line(x);
		if (x->at == x->end || setting_begins(x->at + 1, x->end))
			return;
		x->at++;
		x->line++;
	}
}

void token_free(struct token *t)
{
	text_free(&t->text);
}

const char *token_text(const struct token *t)
{
	switch (t->kind) {
	case TOKEN_END:
		return "end of file";
	case TOKEN_NEWLINE:
		return "end of line";
	case TOKEN_SEMICOLON:
		return ";";
	case TOKEN_COMMA:
		return ",";
	case TOKEN_OPEN:
		return "[";
	case TOKEN_CLOSE:
		return "]";
	case TOKEN_EQUALS:
		return "=";
	case TOKEN_PLUS_EQUALS:
		return "+=";
	case TOKEN_WORD:
	case TOKEN_NUMBER:
	case TOKEN_STRING:
	case TOKEN_BAD:
		break;
	}
	return t->text.at ? t->text.at : "";
}

bool token_number(const struct token *t, uint64_t *out)
{
	const char *s = t->text.at;
	unsigned int base = 10;
	uint64_t n = 0;

	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	} else if (s[0] == '0' && s[1]) {
		base = 8;
		s++;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int d = *s <= '9' ? (unsigned int)(*s - '0')
					   : (unsigned int)(*s - 'a') + 10;

		/* The limit is libxlutil's: a signed 64-bit number. */
		if (d >= base || n > ((uint64_t)INT64_MAX - d) / base)
			return false;
		n = n * base + d;
	}
	*out = n;
	return true;
}

/* The byte that \c stands for; 0 when there is no such escape. */
static char escape(char c)
{
	static const char names[] = "abfnrtv\\\"'";
	static const char bytes[] = "\a\b\f\n\r\t\v\\\"'";
	const char *p = c ? strchr(names, c) : NULL;

	return p ? bytes[p - names] : 0;
}

static struct token lex_string(struct lexer *x, struct faults *faults)
{
	struct place where = { x->file, x->line };
	struct token t = { .kind = TOKEN_STRING, .line = x->line };
	const char *start = x->at;
	char quote = *x->at++;

	text_add_bytes(&t.text, "", 0);
	while (x->at < x->end && *x->at != quote) {
		char c = *x->at;

		if (c == '\n')
			break;
		if (c == '\0') {
			fault_add(faults, where,
				  "a string holds a zero byte: this is not a "
				  "text file");
			t.kind = TOKEN_BAD;
			return t;
		}
		if (c == '\\' && x->at + 1 < x->end && x->at[1] != '\n') {
			char e = x->at[1];

			c = escape(e);
			if (!c) {
				bool plain = isprint((unsigned char)e);

				fault_add(faults, where,
					  "'\\%c' in a string means nothing: "
					  "write \\\\ for a backslash",
					  plain ? e : '?');
				t.kind = TOKEN_BAD;
				return t;
			}
			x->at++;
		}
		text_add_bytes(&t.text, &c, 1);
		x->at++;
	}
	if (x->at < x->end && *x->at == quote) {
		x->at++;
		return t;
	}
	fault_add(faults, where,
		  "the string %.*s has no end: write %c at its end, in the "
		  "same line",
		  (int)(x->at - start > 40 ? 40 : x->at - start), start, quote);
	t.kind = TOKEN_BAD;
	return t;
}

static struct token lex_bad(struct lexer *x, struct faults *faults)
{
	struct place where = { x->file, x->line };
	unsigned char c = (unsigned char)*x->at;

	if (c == '\r')
		fault_add(faults, where,
			  "the line ends in a carriage return: save the file "
			  "with Unix line ends (dos2unix does it)");
	else if (c == '-' || c == '+')
		fault_add(faults, where,
			  "'%c' means nothing here: numbers have no sign, and "
			  "names are made of a-z, 0-9, _ and .",
			  c);
	else if (c >= 'A' && c <= 'Z')
		fault_add(faults, where,
			  "'%c' is a capital letter: write names of settings "
			  "in small letters and put strings in quotes",
			  c);
	else if (c > 0x20 && c < 0x7f)
		fault_add(faults, where,
			  "'%c' means nothing here: write NAME = VALUE, with "
			  "strings in quotes",
			  c);
	else
		fault_add(faults, where,
			  "byte 0x%02x means nothing here: write NAME = VALUE, "
			  "and anything that is not plain ASCII in quotes",
			  c);
	return (struct token){ .kind = TOKEN_BAD, .line = x->line };
}

static struct token lex_run(struct lexer *x)
{
	struct token t = { .kind = TOKEN_WORD, .line = x->line };
	const char *start = x->at;

	if (isdigit((unsigned char)*start)) {
		t.kind = TOKEN_NUMBER;
		/* Letters are taken along, to show 512M as it was written. */
		while (x->at < x->end && isalnum((unsigned char)*x->at))
			x->at++;
	} else {
		while (x->at < x->end && is_word(*x->at))
			x->at++;
	}
	text_add_bytes(&t.text, start, (size_t)(x->at - start));
	return t;
}

static enum token_kind mark_kind(char c)
{
	switch (c) {
	case '\n':
		return TOKEN_NEWLINE;
	case ';':
		return TOKEN_SEMICOLON;
	case ',':
		return TOKEN_COMMA;
	case '[':
		return TOKEN_OPEN;
	case ']':
		return TOKEN_CLOSE;
	case '=':
		return TOKEN_EQUALS;
	default:
		return TOKEN_BAD;
	}
}

struct token lexer_next(struct lexer *x, struct faults *faults)
{
	while (x->at < x->end && (*x->at == ' ' || *x->at == '\t'))
		x->at++;
	if (x->at < x->end && *x->at == '#')
		lexer_skip_line(x);

	struct token t = { .kind = TOKEN_END, .line = x->line };

	if (x->at == x->end)
		return t;
	t.kind = mark_kind(*x->at);
	if (t.kind != TOKEN_BAD) {
		x->line += *x->at++ == '\n';
		return t;
	}
	if (*x->at == '+' && x->at + 1 < x->end && x->at[1] == '=') {
		x->at += 2;
		t.kind = TOKEN_PLUS_EQUALS;
		return t;
	}
	if (*x->at == '"' || *x->at == '\'')
		return lex_string(x, faults);
	if (islower((unsigned char)*x->at) || isdigit((unsigned char)*x->at))
		return lex_run(x);
	return lex_bad(x, faults);
}
