/* SPDX-License-Identifier: MIT */
/*
 * The grammar of xl.cfg and machine.conf, and the tree that a file becomes.
 *
 *   file    = { setting ( newline | ";" ) }
 *   setting = key ( "=" | "+=" ) value
 *   key     = a-z { a-z 0-9 "_" "." }
 *   value   = string | number | list
 *   list    = "[" [ value { "," value } [ "," ] ] "]"
 *   string  = "..." or '...', one line; \n \t \r \a \b \f \v \\ \" \'
 *   number  = decimal, 0x hexadecimal or 0 octal, not negative
 *
 * "#" begins a comment. Newlines are free inside a list. Whatever this
 * parser accepts, Xen's libxlutil accepts with the same meaning; we refuse
 * more: a key set twice, a number with letters in it, \x and \0 escapes.
 * After a fault reading goes on with the next line, so all are found.
 */
#pragma once
#include "fault.h"

#define CFG_FILE_MAX  (1u << 20)
#define CFG_DEPTH_MAX 16u

enum cfg_kind { CFG_STRING, CFG_NUMBER, CFG_LIST };

struct cfg_value {
	enum cfg_kind kind;
	unsigned int line;
	char *text; /* string: its content; number: as written */
	uint64_t number;
	struct cfg_value *item; /* list: its items */
	size_t item_count;
};

struct cfg_setting {
	char *key;
	unsigned int line;
	bool broken; /* its value could not be read: reported */
	struct cfg_value value;
};

struct cfg {
	char *file; /* for messages */
	struct cfg_setting *at;
	size_t count;
};

/* Faults go to `faults`; what could be read is in `out` all the same. */
void cfg_parse(const char *file, const char *bytes, size_t length,
	       struct cfg *out, struct faults *faults);
/* The same from a file; false (and a fault) when it cannot be read. */
bool cfg_read(const char *path, struct cfg *out, struct faults *faults);
void cfg_free(struct cfg *c);
/* NULL also when its value is broken. */
const struct cfg_setting *cfg_find(const struct cfg *c, const char *key);
/* The file tries to set it, rightly or not. */
bool cfg_mentions(const struct cfg *c, const char *key);
