/* SPDX-License-Identifier: MIT */
/*
 * Permissions: who may do what with a node.
 * An entry is a domain with rights. The first names the owner and what
 * everybody not named may do; the owner may do everything.
 */
#pragma once
#include "error.h"
#include "store.h"

#define RIGHT_READ	1u
#define RIGHT_WRITE	2u
#define RIGHT_OWNER	4u

#define PERM(domid, rights)	((uint32_t)(rights) << 16 | (uint16_t)(domid))
#define PERM_DOMID(p)		((p) & 0xffffu)
#define PERM_RIGHTS(p)		((p) >> 16)
#define PERM_TEXT_MAX		8u	/* "b32751" and NUL */

struct perms {
	uint32_t count;
	uint32_t perm[PERM_MAX];
};

/* RIGHT_* of a client on a node. */
uint32_t perm_rights(struct store *s, uint32_t client, const struct node *n);
/* The same for a list. */
uint32_t perm_list_rights(struct store *s, uint32_t client,
			  const uint32_t *perm, uint32_t count);

/* Parse "n1\0r2\0"; EINVAL, or ENOSPC if there are too many. */
enum store_error perm_parse(const char *text, size_t length,
			    struct perms *perms);
/* Write the same; returns the length. */
uint32_t perm_format(const struct node *n, char *to);
