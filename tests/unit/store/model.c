/* SPDX-License-Identifier: MIT */
/*
 * The simple store.
 */
#include "model.h"
#include <stdlib.h>
#include <string.h>

static struct mnode *base_find(struct model *m, const char *path)
{
	for (unsigned int i = 0; i < m->count; i++)
		if (!strcmp(m->node[i].path, path))
			return &m->node[i];
	return NULL;
}

static struct mtouched *touched_find(struct mtransaction *t, const char *path)
{
	for (unsigned int i = 0; t && i < t->count; i++)
		if (!strcmp(t->touched[i].node.path, path))
			return &t->touched[i];
	return NULL;
}

static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	slash[slash == path] = '\0';
}

static void parent_of(const char *path, char *parent)
{
	strcpy(parent, path);
	go_up(parent);
}

static bool is_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	if (!strcmp(top, "/"))
		return strcmp(path, "/") != 0;
	return !strncmp(path, top, length) && path[length] == '/';
}

/* Did the transaction remove something above this path? */
static bool is_hidden(struct mtransaction *t, const char *path)
{
	for (unsigned int i = 0; t && i < t->count; i++)
		if (t->touched[i].removed &&
		    is_below(path, t->touched[i].node.path))
			return true;
	return false;
}

struct mnode *model_see(struct model *m, struct mtransaction *t,
			const char *path)
{
	struct mtouched *x = touched_find(t, path);
	char parent[MODEL_PATH];

	if (strcmp(path, "/")) {
		parent_of(path, parent);
		if (!model_see(m, t, parent))
			return NULL;
	}
	if (x)
		return x->exists ? &x->node : NULL;
	return is_hidden(t, path) ? NULL : base_find(m, path);
}

unsigned int model_rights(unsigned int domid, const struct mperms *perms)
{
	if (perms->entry[0].domid == domid)
		return 7;
	for (unsigned int i = 1; i < perms->count; i++)
		if (perms->entry[i].domid == domid)
			return perms->entry[i].rights;
	return perms->entry[0].rights;
}

void model_add(struct model *m, const char *path, const char *value,
	       const struct mperms *perms, bool fixed)
{
	struct mnode *n = &m->node[m->count++], *p;
	char parent[MODEL_PATH];

	if (m->count == MODEL_NODES)
		abort();
	*n = (struct mnode){ .perms = *perms, .fixed = fixed };
	strcpy(n->path, path);
	strcpy(n->value, value);
	n->version = n->list_version = ++m->version;
	parent_of(path, parent);
	p = base_find(m, parent);
	if (p && p != n)
		p->list_version = ++m->version;
}

static void base_remove(struct model *m, const char *path)
{
	char parent[MODEL_PATH];
	unsigned int left = 0;

	for (unsigned int i = 0; i < m->count; i++)
		if (strcmp(m->node[i].path, path) &&
		    !is_below(m->node[i].path, path))
			m->node[left++] = m->node[i];
	m->count = left;
	parent_of(path, parent);
	base_find(m, parent)->list_version = ++m->version;
}

static struct mtouched *touch(struct model *m, struct mtransaction *t,
			      const char *path)
{
	struct mtouched *x = touched_find(t, path);
	struct mnode *n = base_find(m, path);

	if (x)
		return x;
	x = &t->touched[t->count++];
	if (t->count == MODEL_TOUCHED)
		abort();
	memset(x, 0, sizeof(*x));
	x->depends = true;
	if (is_hidden(t, path)) {
		x->depends = false;
	} else if (n) {
		x->node = *n;
		x->exists = true;
	}
	strcpy(x->node.path, path);
	return x;
}

/* The longest existing path above, and the first missing one. */
static struct mnode *nearest(struct model *m, struct mtransaction *t,
			     const char *path, char *missing)
{
	char at[MODEL_PATH];
	struct mnode *n;

	strcpy(at, path);
	while (!(n = model_see(m, t, at))) {
		strcpy(missing, at);
		go_up(at);
	}
	return n;
}

/* May domid do this? If so ENOENT or OK; a transaction then depends on it. */
static enum store_error look(struct model *m, struct mtransaction *t,
			     unsigned int domid, const char *path,
			     unsigned int right)
{
	char missing[MODEL_PATH];
	struct mnode *n = nearest(m, t, path, missing);
	bool there = !strcmp(n->path, path);

	if (!(model_rights(domid, &n->perms) & right))
		return STORE_EACCES;
	if (t)
		touch(m, t, there ? path : missing);
	return there ? STORE_OK : STORE_ENOENT;
}

enum store_error model_read(struct model *m, struct mtransaction *t,
			    unsigned int domid, const char *path,
			    struct mnode *result)
{
	enum store_error error = look(m, t, domid, path, 1);

	if (!error)
		*result = *model_see(m, t, path);
	return error;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum store_error model_list(struct model *m, struct mtransaction *t,
			    unsigned int domid, const char *path,
			    char *result)
{
	static char *name[MODEL_NODES + MODEL_TOUCHED];
	enum store_error error = look(m, t, domid, path, 1);
	struct mtouched *x = touched_find(t, path);
	struct mnode *n = base_find(m, path);
	size_t skip = strlen(path) + (path[1] != '\0');
	unsigned int count = 0;

	if (error)
		return error;
	if (x && n && !x->listed && !x->removed && !is_hidden(t, path)) {
		x->listed = true;
		x->node.list_version = n->list_version;
	}
	for (unsigned int i = 0; i < m->count + (t ? t->count : 0); i++) {
		char *other = i < m->count ?
				      m->node[i].path :
				      t->touched[i - m->count].node.path;

		if (is_below(other, path) && !strchr(other + skip, '/') &&
		    model_see(m, t, other))
			name[count++] = other + skip;
	}
	qsort(name, count, sizeof(name[0]), by_name);
	*result = '\0';
	for (unsigned int i = 0; i < count; i++) {
		if (i && !strcmp(name[i], name[i - 1]))
			continue;
		strcat(result, name[i]);
		strcat(result, "\n");
	}
	return STORE_OK;
}

/* Make path and what is missing above it. */
static void make(struct model *m, struct mtransaction *t, unsigned int domid,
		 const char *path)
{
	char parent[MODEL_PATH];
	struct mperms perms;
	struct mtouched *x;

	if (model_see(m, t, path)) {
		if (t)
			touch(m, t, path);
		return;
	}
	parent_of(path, parent);
	make(m, t, domid, parent);
	perms = model_see(m, t, parent)->perms;
	perms.entry[0].domid = domid;
	if (!t) {
		model_add(m, path, "", &perms, false);
		return;
	}
	x = touch(m, t, path);
	x->exists = true;
	x->node.perms = perms;
	x->node.value[0] = '\0';
}

enum store_error model_write(struct model *m, struct mtransaction *t,
			     unsigned int domid, const char *path,
			     const char *value)
{
	char missing[MODEL_PATH];
	struct mnode *n = nearest(m, t, path, missing);
	bool there = !strcmp(n->path, path);

	if (!(model_rights(domid, &n->perms) & 2))
		return STORE_EACCES;
	make(m, t, domid, path);
	if (there && !value)
		return STORE_OK;
	if (t)
		touched_find(t, path)->changed = true;
	n = model_see(m, t, path);
	strcpy(n->value, value ? value : "");
	if (!t)
		n->version = ++m->version;
	return STORE_OK;
}

enum store_error model_remove(struct model *m, struct mtransaction *t,
			      unsigned int domid, const char *path)
{
	enum store_error error;
	char parent[MODEL_PATH];
	struct mnode *n;

	if (!strcmp(path, "/"))
		return STORE_EINVAL;
	n = model_see(m, t, path);
	if (n && (model_rights(domid, &n->perms) & 2) && n->fixed)
		return STORE_EACCES;
	error = look(m, t, domid, path, 2);
	if (error == STORE_ENOENT) {
		parent_of(path, parent);
		return model_see(m, t, parent) ? STORE_OK : STORE_ENOENT;
	}
	if (error)
		return error;
	if (!t) {
		base_remove(m, path);
		return STORE_OK;
	}
	for (unsigned int i = 0; i < t->count; i++) {
		struct mtouched *x = &t->touched[i];

		if (strcmp(x->node.path, path) &&
		    !is_below(x->node.path, path))
			continue;
		x->exists = x->changed = false;
		x->removed = true;
	}
	return STORE_OK;
}

enum store_error model_set_perms(struct model *m, struct mtransaction *t,
				 unsigned int domid, const char *path,
				 const struct mperms *perms)
{
	char missing[MODEL_PATH];
	struct mnode *n = nearest(m, t, path, missing);
	unsigned int rights = model_rights(domid, &n->perms);

	if (strcmp(n->path, path))
		return rights & 6 ? STORE_ENOENT : STORE_EACCES;
	if (!(rights & 4))
		return STORE_EACCES;
	if (perms->entry[0].domid != domid)
		return STORE_EPERM;
	if (t) {
		n = &touch(m, t, path)->node;
		touched_find(t, path)->changed = true;
	} else {
		n->version = ++m->version;
	}
	n->perms = *perms;
	return STORE_OK;
}

static int by_length(const void *a, const void *b)
{
	const struct mtouched *x = a, *y = b;

	return (int)strlen(x->node.path) - (int)strlen(y->node.path);
}

enum store_error model_commit(struct model *m, struct mtransaction *t)
{
	for (unsigned int i = 0; i < t->count; i++) {
		struct mtouched *x = &t->touched[i];
		struct mnode *n = base_find(m, x->node.path);

		if (x->depends && x->node.version != (n ? n->version : 0))
			return STORE_EAGAIN;
		if (x->listed &&
		    x->node.list_version != (n ? n->list_version : 0))
			return STORE_EAGAIN;
	}
	qsort(t->touched, t->count, sizeof(t->touched[0]), by_length);
	for (unsigned int i = 0; i < t->count; i++) {
		struct mtouched *x = &t->touched[i];

		if (x->removed && base_find(m, x->node.path))
			base_remove(m, x->node.path);
		struct mnode *n = base_find(m, x->node.path);

		if (x->exists && !n) {
			model_add(m, x->node.path, x->node.value,
				  &x->node.perms, false);
		} else if (x->exists && x->changed) {
			strcpy(n->value, x->node.value);
			n->perms = x->node.perms;
			n->version = ++m->version;
		}
	}
	return STORE_OK;
}
