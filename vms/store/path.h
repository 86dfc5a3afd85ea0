/* SPDX-License-Identifier: MIT */
/*
 * Paths: which are valid, and what they are made of.
 */
#pragma once
#include "error.h"
#include "store.h"

enum path_kind {
	PATH_NODE,		/* of a node only */
	PATH_ANY,		/* or @introduceDomain, @releaseDomain */
};

/*
 * The absolute form of what the client wrote, length bytes without the NUL,
 * into s->path; relative paths begin at the client's home.
 */
enum store_error path_take(struct store *s, uint32_t client,
			   const char *text, size_t length,
			   enum path_kind kind);
/* Is this an absolute path of a node, as an image may name it? */
bool path_valid(const char *text, size_t length);
/* Is it @introduceDomain or @releaseDomain? */
bool path_is_special(const char *text, size_t length);

/*
 * Iterate over components: *at is an offset behind a '/', or the length at
 * the end. Returns the length of the component at *at.
 */
uint32_t path_component(const char *text, uint32_t length, uint32_t at);

/* Hash of a path; a prefix's hash can be extended. */
#define PATH_HASH	2166136261u
static inline uint32_t path_hash_add(uint32_t hash, const char *text,
				     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		hash = (hash ^ (uint8_t)text[i]) * 16777619u;
	return hash;
}

/* The client in whose home the absolute path lies, or 0. */
uint32_t path_home(struct store *s, const char *text, uint32_t length);
/* Decimal digits of value, without a NUL, at most 20; returns how many. */
uint32_t path_decimal(char *to, uint64_t value);
/* The number that these bytes are, or -1 if they are none up to max. */
int64_t path_number(const char *text, size_t length, uint32_t max);
