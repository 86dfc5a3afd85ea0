/* SPDX-License-Identifier: MIT */
/*
 * Settings out of tokens. One function per rule of the grammar in cfg.h;
 * each returns false after it has reported a fault, and only the loop over
 * the settings recovers, by skipping to the end of the line.
 */
#include "cfg.h"
#include "lex.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct lexer lex;
	struct token now;
	struct cfg *out;
	struct faults *faults;
	unsigned int open; /* lists that have begun and not ended */
};

static void value_free(struct cfg_value *v)
{
	for (size_t i = 0; i < v->item_count; i++)
		value_free(&v->item[i]);
	free(v->item);
	free(v->text);
	*v = (struct cfg_value){ 0 };
}

void cfg_free(struct cfg *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->at[i].key);
		value_free(&c->at[i].value);
	}
	free(c->at);
	free(c->file);
	*c = (struct cfg){ 0 };
}

const struct cfg_setting *cfg_find(const struct cfg *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++)
		if (text_equal(c->at[i].key, key) && !c->at[i].broken)
			return &c->at[i];
	return NULL;
}

bool cfg_mentions(const struct cfg *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++)
		if (text_equal(c->at[i].key, key))
			return true;
	return false;
}

static struct place here(const struct parser *p)
{
	return (struct place){ p->out->file, p->now.line };
}

static bool next(struct parser *p)
{
	token_free(&p->now);
	p->now = lexer_next(&p->lex, p->faults);
	return p->now.kind != TOKEN_BAD;
}

static bool next_solid(struct parser *p)
{
	do {
		if (!next(p))
			return false;
	} while (p->now.kind == TOKEN_NEWLINE);
	return true;
}

static bool value_parse(struct parser *p, const char *key, unsigned int depth,
			struct cfg_value *out);

static bool item_end(struct parser *p, const char *key, unsigned int opened)
{
	if (!next_solid(p))
		return false;
	if (p->now.kind == TOKEN_CLOSE)
		return true;
	if (p->now.kind == TOKEN_COMMA)
		return next_solid(p);
	if (p->now.kind == TOKEN_END)
		fault_add(p->faults, (struct place){ p->out->file, opened },
			  "the list of '%s' that begins here has no end: "
			  "write ] after its last item",
			  key);
	else
		fault_add(p->faults, here(p),
			  "'%s' stands in the list of '%s' without a comma "
			  "before it: write a comma between two items, and ] "
			  "at the end",
			  token_text(&p->now), key);
	return false;
}

static bool list_parse(struct parser *p, const char *key, unsigned int depth,
		       struct cfg_value *out)
{
	unsigned int opened = p->now.line;

	if (depth >= CFG_DEPTH_MAX) {
		fault_add(p->faults, here(p),
			  "lists of '%s' are nested more than %u deep: write "
			  "fewer [",
			  key, CFG_DEPTH_MAX);
		return false;
	}
	*out = (struct cfg_value){ .kind = CFG_LIST, .line = opened };
	p->open++;
	if (!next_solid(p))
		return false;
	while (p->now.kind != TOKEN_CLOSE) {
		if (p->now.kind == TOKEN_END) {
			fault_add(p->faults,
				  (struct place){ p->out->file, opened },
				  "the list of '%s' that begins here has no "
				  "end: write ] after its last item",
				  key);
			return false;
		}
		struct cfg_value item = { 0 };
		bool good = value_parse(p, key, depth + 1, &item);

		out->item = mem_grow(out->item, out->item_count + 1,
				     sizeof(out->item[0]));
		out->item[out->item_count++] = item;
		if (!good || !item_end(p, key, opened))
			return false;
	}
	p->open--;
	return true;
}

static bool number_parse(struct parser *p, struct cfg_value *out)
{
	if (token_number(&p->now, &out->number)) {
		out->kind = CFG_NUMBER;
		out->text = text_copy(p->now.text.at);
		return true;
	}
	fault_add(p->faults, here(p),
		  "'%s' is not a number: write a decimal number, 0x and small "
		  "hexadecimal digits, or put it in quotes",
		  token_text(&p->now));
	return false;
}

static bool value_parse(struct parser *p, const char *key, unsigned int depth,
			struct cfg_value *out)
{
	*out = (struct cfg_value){ .line = p->now.line };
	switch (p->now.kind) {
	case TOKEN_STRING:
		out->kind = CFG_STRING;
		out->text = text_copy_n(p->now.text.at, p->now.text.length);
		return true;
	case TOKEN_NUMBER:
		return number_parse(p, out);
	case TOKEN_OPEN:
		return list_parse(p, key, depth, out);
	case TOKEN_WORD:
		fault_add(p->faults, here(p),
			  "'%s' has no quotes around it: write %s = \"%s\"",
			  token_text(&p->now), key, token_text(&p->now));
		return false;
	case TOKEN_NEWLINE:
	case TOKEN_SEMICOLON:
	case TOKEN_END:
		fault_add(p->faults, here(p),
			  "'%s' has no value: write a string in quotes, a "
			  "number, or a list in [ ] behind the =, in the same "
			  "line",
			  key);
		return false;
	case TOKEN_COMMA:
	case TOKEN_CLOSE:
	case TOKEN_EQUALS:
	case TOKEN_PLUS_EQUALS:
		fault_add(p->faults, here(p),
			  "'%s' stands where a value of '%s' should be: write "
			  "a string in quotes, a number, or a list in [ ]",
			  token_text(&p->now), key);
		return false;
	case TOKEN_BAD:
		return false;
	}
	return false;
}

/* `key += value`: strings are put together, lists too. */
static void value_append(struct parser *p, struct cfg_setting *s,
			 struct cfg_value *v)
{
	if ((s->value.kind == CFG_LIST) != (v->kind == CFG_LIST)) {
		fault_add(p->faults, (struct place){ p->out->file, v->line },
			  "'%s +=' adds a %s to a %s (line %u): write the "
			  "same kind of value in both",
			  s->key, v->kind == CFG_LIST ? "list" : "string",
			  v->kind == CFG_LIST ? "string" : "list", s->line);
		return;
	}
	if (v->kind == CFG_LIST) {
		size_t n = s->value.item_count + v->item_count;

		s->value.item = mem_grow(s->value.item, n, sizeof(v->item[0]));
		if (v->item_count)
			memcpy(s->value.item + s->value.item_count, v->item,
			       v->item_count * sizeof(v->item[0]));
		s->value.item_count = n;
		v->item_count = 0;
		return;
	}
	char *both = text_format("%s%s", s->value.text, v->text);

	free(s->value.text);
	s->value.text = both;
	s->value.kind = CFG_STRING;
}

static void setting_store(struct parser *p, const char *key, bool append,
			  unsigned int line, struct cfg_value *v)
{
	struct cfg *c = p->out;

	for (size_t i = 0; i < c->count; i++) {
		struct cfg_setting *s = &c->at[i];

		if (!text_equal(s->key, key))
			continue;
		if (append && !s->broken)
			value_append(p, s, v);
		else if (!append)
			fault_add(p->faults, (struct place){ c->file, line },
				  "'%s' is set a second time, first in line "
				  "%u: keep one of the two",
				  key, s->line);
		value_free(v);
		return;
	}
	/* libxlutil's sums are strings, even of one number. */
	if (append && v->kind == CFG_NUMBER)
		v->kind = CFG_STRING;
	c->at = mem_grow(c->at, c->count + 1, sizeof(c->at[0]));
	c->at[c->count++] =
		(struct cfg_setting){ text_copy(key), line, false, *v };
}

/* Remembers that the key was there, so that nobody calls it missing. */
static void setting_broken(struct parser *p, const char *key, unsigned int line)
{
	struct cfg *c = p->out;

	if (cfg_mentions(c, key))
		return;
	c->at = mem_grow(c->at, c->count + 1, sizeof(c->at[0]));
	c->at[c->count++] = (struct cfg_setting){ .key = text_copy(key),
						  .line = line,
						  .broken = true };
}

static bool assign_parse(struct parser *p, const char *key, bool *append)
{
	if (!next(p))
		return false;
	*append = p->now.kind == TOKEN_PLUS_EQUALS;
	if (*append || p->now.kind == TOKEN_EQUALS)
		return true;
	fault_add(p->faults, here(p),
		  "'%s' is not followed by =: write %s = and its value", key,
		  key);
	return false;
}

static bool setting_parse(struct parser *p)
{
	if (p->now.kind != TOKEN_WORD) {
		fault_add(p->faults, here(p),
			  "'%s' stands where the name of a setting should be: "
			  "write NAME = VALUE",
			  token_text(&p->now));
		return false;
	}
	char *key = text_copy(p->now.text.at);
	unsigned int line = p->now.line;
	struct cfg_value v = { 0 };
	bool append;
	bool assigned = assign_parse(p, key, &append);
	bool good = assigned && next(p) && value_parse(p, key, 0, &v);

	if (good) {
		setting_store(p, key, append, line, &v);
	} else if (assigned) {
		setting_broken(p, key, line);
		value_free(&v);
	}
	if (good && next(p) && p->now.kind != TOKEN_NEWLINE &&
	    p->now.kind != TOKEN_SEMICOLON && p->now.kind != TOKEN_END) {
		fault_add(p->faults, here(p),
			  "'%s' follows the value of '%s': begin a new line "
			  "or write ; between two settings",
			  token_text(&p->now), key);
		good = false;
	}
	free(key);
	return good && p->now.kind != TOKEN_BAD;
}

void cfg_parse(const char *file, const char *bytes, size_t length,
	       struct cfg *out, struct faults *faults)
{
	struct parser p = { .out = out, .faults = faults };

	*out = (struct cfg){ .file = text_copy(file) };
	lexer_start(&p.lex, out->file, bytes, length);
	bool good = next(&p);

	while (p.now.kind != TOKEN_END) {
		if (good && (p.now.kind == TOKEN_NEWLINE ||
			     p.now.kind == TOKEN_SEMICOLON)) {
			good = next(&p);
			continue;
		}
		if (good)
			good = setting_parse(&p);
		if (!good) {
			/* The fault may itself be the end of the line. */
			if (p.open)
				lexer_skip_list(&p.lex);
			else if (p.now.kind != TOKEN_NEWLINE)
				lexer_skip_line(&p.lex);
			p.open = 0;
			good = next(&p);
		}
	}
	token_free(&p.now);
}

bool cfg_read(const char *path, struct cfg *out, struct faults *faults)
{
	struct blob b;
	int err = file_read(path, CFG_FILE_MAX, &b);

	*out = (struct cfg){ 0 };
	if (err) {
		fault_add(faults, (struct place){ path, 0 },
			  "the file cannot be read (%s)", strerror(err));
		return false;
	}
	cfg_parse(path, (const char *)b.at, b.size, out, faults);
	blob_free(&b);
	return true;
}
