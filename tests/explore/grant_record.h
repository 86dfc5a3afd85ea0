/* SPDX-License-Identifier: MIT */
/*
 * The record: what was written, and who used it when it said so.
 */
#pragma once
#include "explorer.h"
#include <xen/grant_table.h>
#include "core/grant.h"

#define VMS		3u
#define REFS		2u	/* of a VM, from FIRST_REF on */
#define FIRST_REF	8u
#define HANDLES		2u
#define PLACES		2u
/* By number of VM. */
static unsigned int refs[VMS + 1], handles[VMS + 1], places[VMS + 1];

struct entry { uint8_t to, readonly, reading, writing; };
struct use { uint8_t user, readers, writers; };
struct mapping { uint8_t live, revoked, vm, ref, readonly, place; };

struct model {
	struct entry entry[VMS + 1][REFS];
	struct use use[VMS + 1][REFS];
	struct mapping mapping[VMS + 1][HANDLES];
	uint8_t stack[VMS + 1][HANDLES], depth[VMS + 1];	/* free ones */
	uint8_t given_up;	/* VM 1 has no memory at LENT_GFN(0) */
};

static inline bool friends(unsigned int a, unsigned int b)
{
	return a == b || a == 1 || b == 1;
}

static inline unsigned int partner(unsigned int vm, unsigned int domid)
{
	unsigned int other = domid == DOMID_SELF ? vm : domid;

	return other >= 1 && other <= VMS && friends(vm, other) ? other : 0;
}

static inline bool backed(const struct model *m, unsigned int vm,
			  unsigned int ref)
{
	return !(m->given_up && vm == 1 && ref == 0);
}

/* May user begin to use this reference now? Then it does. */
static inline int start_use(struct model *m, unsigned int vm, unsigned int ref,
		     unsigned int user, bool write)
{
	struct entry *e = &m->entry[vm][ref % REFS];
	struct use *u = &m->use[vm][ref % REFS];
	bool used = u->readers || u->writers;

	if (ref >= GRANT_REFS_PER_FRAME - FIRST_REF)
		return GNTST_bad_gntref;
	if (used && u->user != user)
		return GNTST_permission_denied;
	if (!used || (write && !u->writers)) {
		if (!e->to)
			return GNTST_bad_gntref;
		if (e->to != user || (write && e->readonly))
			return GNTST_permission_denied;
		if (!backed(m, vm, ref))
			return GNTST_bad_page;
		e->reading = 1;
		e->writing |= write;
	}
	u->user = (uint8_t)user;
	if (write)
		u->writers++;
	else
		u->readers++;
	return GNTST_okay;
}

static inline void end_use(struct model *m, unsigned int vm, unsigned int ref,
		    bool write)
{
	struct entry *e = &m->entry[vm][ref];
	struct use *u = &m->use[vm][ref];

	if (write)
		u->writers--;
	else
		u->readers--;
	if (!u->writers)
		e->writing = 0;
	if (!u->writers && !u->readers) {
		e->reading = 0;
		u->user = 0;
	}
}

static inline void free_mapping(struct model *m, unsigned int vm,
				unsigned int handle)
{
	struct mapping *map = &m->mapping[vm][handle];

	if (map->live)
		end_use(m, map->vm, map->ref, !map->readonly);
	*map = (struct mapping){ 0 };
	m->stack[vm][m->depth[vm]++] = (uint8_t)handle;
}

static inline bool place_taken(const struct model *m, unsigned int vm,
			unsigned int place)
{
	for (unsigned int h = 0; h < handles[vm]; h++)
		if ((m->mapping[vm][h].live || m->mapping[vm][h].revoked) &&
		    m->mapping[vm][h].place == place)
			return true;
	return false;
}
