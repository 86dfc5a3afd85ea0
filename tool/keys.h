/* SPDX-License-Identifier: MIT */
/*
 * Settings by name: which keys a file may hold, of which kind and range,
 * and where in a struct their value goes. Simple ones need nothing but a
 * row; the others (KEY_OTHER) are read by whoever owns the table.
 */
#pragma once
#include "cfg.h"

enum key_kind {
	KEY_STRING, /* char * */
	KEY_NUMBER, /* uint64_t, within low..high */
	KEY_BOOL,   /* bool */
	KEY_OTHER,
};

struct key {
	const char *name;
	enum key_kind kind;
	size_t offset;
	uint64_t low, high;
	const char *help; /* one line, for docs and messages */
};

struct key_table {
	const struct key *key;
	size_t count;
	const char *what; /* "a VM", "a machine" */
};

/* Reads all simple settings of `c` into `out`; refuses unknown keys. */
void keys_read(const struct key_table *t, const struct cfg *c, void *out,
	       struct faults *faults);

/* A value as a number (a quoted number counts, as in xl), with its range. */
bool value_number(const struct cfg *c, const char *key,
		  const struct cfg_value *v, const struct key *range,
		  uint64_t *out, struct faults *faults);
/* A value as a string; a number counts, as in xl. */
bool value_string(const struct cfg *c, const char *key,
		  const struct cfg_value *v, const char **out,
		  struct faults *faults);
/* A value as a list; complains when it is not one. */
bool value_list(const struct cfg *c, const char *key, const struct cfg_value *v,
		struct faults *faults);
/* [A-Za-z0-9_.-]{1,31} */
bool name_is_good(const char *name);
