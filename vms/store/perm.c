/* SPDX-License-Identifier: MIT */
/*
 * Permissions. The right letters are the protocol's: none, read, write, both.
 */
#include "perm.h"
#include "image_format.h"
#include "path.h"

uint32_t perm_list_rights(struct store *s, uint32_t client,
			  const uint32_t *perm, uint32_t count)
{
	const struct client *c = store_client(s, client);

	if ((c->flags & IMAGE_CLIENT_PRIVILEGED) ||
	    PERM_DOMID(perm[0]) == c->domid)
		return RIGHT_READ | RIGHT_WRITE | RIGHT_OWNER;
	for (uint32_t i = 1; i < count; i++)
		if (PERM_DOMID(perm[i]) == c->domid)
			return PERM_RIGHTS(perm[i]);
	return PERM_RIGHTS(perm[0]);
}

uint32_t perm_rights(struct store *s, uint32_t client, const struct node *n)
{
	return perm_list_rights(s, client, n->perm, n->perm_count);
}

enum store_error perm_parse(const char *text, size_t length,
			    struct perms *perms)
{
	static const char letter[] = "nrwb";
	size_t at = 0;

	perms->count = 0;
	while (at < length) {
		uint32_t rights = 0;
		size_t size = 1;
		int64_t domid;

		while (rights < 4 && letter[rights] != text[at])
			rights++;
		while (at + size < length && text[at + size])
			size++;
		if (at + size == length)
			return STORE_EINVAL;
		domid = path_number(text + at + 1, size - 1, DOMID_LIMIT - 1);
		if (rights == 4 || domid < 0)
			return STORE_EINVAL;
		if (perms->count == PERM_MAX)
			return STORE_ENOSPC;
		perms->perm[perms->count++] = PERM(domid, rights);
		at += size + 1;
	}
	return perms->count ? STORE_OK : STORE_EINVAL;
}

uint32_t perm_format(const struct node *n, char *to)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < n->perm_count; i++) {
		to[at++] = "nrwb"[PERM_RIGHTS(n->perm[i]) & 3];
		at += path_decimal(to + at, PERM_DOMID(n->perm[i]));
		to[at++] = '\0';
	}
	return at;
}
