/* SPDX-License-Identifier: MIT */
/*
 * Words of a configuration file: what cfg.c puts together.
 */
#pragma once
#include "fault.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE,
	TOKEN_SEMICOLON,
	TOKEN_COMMA,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EQUALS,
	TOKEN_PLUS_EQUALS,
	TOKEN_WORD,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_BAD, /* reported already */
};

struct token {
	enum token_kind kind;
	unsigned int line;
	struct text text; /* WORD, NUMBER: as written; STRING: its content */
};

struct lexer {
	const char *file;
	const char *at, *end;
	unsigned int line;
};

void lexer_start(struct lexer *x, const char *file, const char *bytes,
		 size_t length);
struct token lexer_next(struct lexer *x, struct faults *faults);
/* Goes to the end of the line: its newline is the next token. */
void lexer_skip_line(struct lexer *x);
/* Goes to the end of a line before one that looks like a setting. */
void lexer_skip_list(struct lexer *x);
void token_free(struct token *t);
/* How to name a token in a message. */
const char *token_text(const struct token *t);
bool token_number(const struct token *t, uint64_t *out);
