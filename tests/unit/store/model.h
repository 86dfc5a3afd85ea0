/* SPDX-License-Identifier: MIT */
/*
 * A second store, as simple as can be: one flat list of paths, one flat list
 * of what a transaction has touched. It knows no arenas and no quotas, and
 * shares no code with the real one but the numbers of errors.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "error.h"

#define MODEL_NODES	4096
#define MODEL_TOUCHED	512
#define MODEL_PATH	128
#define MODEL_VALUE	160
#define MODEL_PERMS	5

struct mperms {
	unsigned int count;
	struct {
		unsigned int domid, rights;	/* 1 read, 2 write */
	} entry[MODEL_PERMS];
};

struct mnode {
	char path[MODEL_PATH];
	char value[MODEL_VALUE];
	struct mperms perms;
	uint64_t version, list_version;
	bool fixed;
};

struct mtouched {
	struct mnode node;
	bool exists, depends, listed, removed, changed;
};

struct mtransaction {
	uint32_t id;
	unsigned int count;
	struct mtouched touched[MODEL_TOUCHED];
};

struct model {
	unsigned int count;
	struct mnode node[MODEL_NODES];
	uint64_t version;
};

/* What a path looks like to a transaction (NULL: to everybody). */
struct mnode *model_see(struct model *m, struct mtransaction *t,
			const char *path);

void model_add(struct model *m, const char *path, const char *value,
	       const struct mperms *perms, bool fixed);
unsigned int model_rights(unsigned int domid, const struct mperms *perms);

enum store_error model_read(struct model *m, struct mtransaction *t,
			    unsigned int domid, const char *path,
			    struct mnode *result);
/* Names, each with a newline, sorted. */
enum store_error model_list(struct model *m, struct mtransaction *t,
			    unsigned int domid, const char *path,
			    char *result);
/* value NULL: MKDIR. */
enum store_error model_write(struct model *m, struct mtransaction *t,
			     unsigned int domid, const char *path,
			     const char *value);
enum store_error model_remove(struct model *m, struct mtransaction *t,
			      unsigned int domid, const char *path);
enum store_error model_set_perms(struct model *m, struct mtransaction *t,
				 unsigned int domid, const char *path,
				 const struct mperms *perms);
enum store_error model_commit(struct model *m, struct mtransaction *t);
