/* SPDX-License-Identifier: MIT */
/*
 * A machine's folder for unit tests of the tool: VMs are added as files, then
 * the folder is read as the tool reads it.
 */
#pragma once
#include "machine.h"
#include "tool_test.h"

struct world {
	char *folder;
	struct machine m;
	struct faults f;
};

#define DRIVER "driver_domain=1\n"

/* A folder with a kernel `k`, the same again as `k2`, a RAM disk `r` and a
 * store `s`, which $BULKHEAD_STORE then names. */
struct world world_make(void);
/* Reads, loads and plans it; faults are kept. conf: what machine.conf is to
 * hold, or NULL: as it is, empty at first. */
void world_read(struct world *w, const char *conf);
void world_end(struct world *w);

/* The VM of this name; fails the test if there is none. */
const struct vm *world_at(const struct world *w, const char *name);
/* Not read yet: blk0 and net0 serve web1, net0 serves web2. */
struct world world_demo(void);
