/* SPDX-License-Identifier: MIT */
/*
 * The record: who offered what to whom, and what is a channel.
 */
#pragma once
#include "explorer.h"

#define VMS		3u
#define PORTS_MAX	6u
static unsigned int ports = 4;	/* of each VM, 0 and console included */

enum { FREE, OFFER, CHANNEL, TIMER_VIRQ, GLOBAL_VIRQ, IPI, CONSOLE };

struct end {
	uint8_t kind, vm, port;		/* of the other side */
};

struct model {
	struct end end[VMS + 1][PORTS_MAX];
};

static inline bool friends(unsigned int a, unsigned int b)
{
	return a == b || a == 1 || b == 1;
}

/* The VM that domid means to vm, if it may deal with it; else 0. */
static inline unsigned int partner(unsigned int vm, unsigned int domid)
{
	unsigned int other = domid == DOMID_SELF ? vm : domid;

	return other >= 1 && other <= VMS && friends(vm, other) ? other : 0;
}

static inline unsigned int lowest_free(const struct model *m, unsigned int vm)
{
	for (unsigned int p = 1; p < ports; p++)
		if (m->end[vm][p].kind == FREE)
			return p;
	return 0;
}

static inline bool has(const struct model *m, unsigned int vm,
		       unsigned int kind)
{
	for (unsigned int p = 1; p < ports; p++)
		if (m->end[vm][p].kind == kind)
			return true;
	return false;
}

static inline void drop_end(struct model *m, unsigned int vm,
			    unsigned int port)
{
	struct end e = m->end[vm][port];

	m->end[vm][port] = (struct end){ FREE, 0, 0 };
	if (e.kind == CHANNEL)
		m->end[e.vm][e.port] = (struct end){ OFFER, (uint8_t)vm, 0 };
}

static inline void drop_all(struct model *m, unsigned int vm)
{
	for (unsigned int p = 1; p < ports; p++)
		if (m->end[vm][p].kind != CONSOLE)
			drop_end(m, vm, p);
}
