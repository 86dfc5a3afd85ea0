/* SPDX-License-Identifier: MIT */
/*
 * Random requests of three clients, in and out of transactions, to the store
 * and to a simple model: every answer must be the same, every event must be
 * one that the model expects, and in the end the trees must be equal. The
 * block is moved now and then. A failure names the seed and the step.
 */
#include "model.h"
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS		6000u
#define SEEDS		6u
#define OPEN		3u
#define WATCHES		24u

static const unsigned int domid[] = { 0, 1, 2, 5 };

static const struct image_client roomy = {
	.arena_kib = 2048, .nodes = 8000, .watches = 100, .events = 2000,
	.transactions = OPEN, .shadows = 2000
};

struct mwatch {
	unsigned int guest;
	bool relative;
	char path[MODEL_PATH], token[16];
};

struct world {
	struct rig *r;
	struct model m;
	struct mtransaction *t[RIG_CLIENTS + 1][OPEN];
	struct mwatch watch[WATCHES];
	unsigned int watch_count;
	uint32_t random;
	unsigned int seed, step;
	unsigned int conflicts, commits, events;
};

static uint32_t pick(struct world *w, uint32_t limit)
{
	w->random = w->random * 1664525u + 1013904223u;
	return (w->random >> 8) % limit;
}

static void pick_path(struct world *w, char *path)
{
	static const char *const top[] = {
		"/shared", "/local/domain/1/data", "/local/domain/2/data",
		"/local/domain/5/data", "/local/domain/1/device/vif/0",
	};
	static const char *const name[] = {
		"a", "b", "state", "c",
		"a-name-that-does-not-fit-into-one-cell-of-the-arena",
	};

	if (!pick(w, 20)) {
		strcpy(path, pick(w, 2) ? "/secret/x" : "/");
		return;
	}
	strcpy(path, top[pick(w, 5)]);
	for (unsigned int depth = pick(w, 8) & 3; depth--;) {
		strcat(path, "/");
		strcat(path, name[pick(w, 20) ? pick(w, 3) : 4]);
		if (strlen(path) > MODEL_PATH - 60)
			break;
	}
}

static void pick_perms(struct world *w, unsigned int owner,
		       struct mperms *perms, char *text)
{
	perms->count = 1 + pick(w, 3);
	*text = '\0';
	for (unsigned int i = 0; i < perms->count; i++) {
		unsigned int d = i ? domid[1 + pick(w, 3)] : owner;

		if (!i && !pick(w, 8))
			d = domid[1 + pick(w, 3)];
		perms->entry[i].domid = d;
		perms->entry[i].rights = pick(w, 4);
		sprintf(text + strlen(text), "%s%c%u", i ? " " : "",
			"nrwb"[perms->entry[i].rights], d);
	}
}

static void check(struct world *w, bool good, const char *what,
		  const char *path)
{
	if (!good)
		fail_msg("seed %u step %u: %s %s", w->seed, w->step, what,
			 path);
}

/* The path as a guest might write it. */
static const char *given(struct world *w, unsigned int guest,
			 const char *path)
{
	char home[32];
	size_t length = (size_t)sprintf(home, "/local/domain/%u/",
					domid[guest]);

	if (!strncmp(path, home, length) && pick(w, 2))
		return path + length;
	return path;
}

/* Is b the path of a or of something above it? */
static bool covers(const char *b, const char *a)
{
	size_t length = strlen(b);

	return !strcmp(b, "/") || (!strncmp(a, b, length) &&
				   (!a[length] || a[length] == '/'));
}

static bool readable(struct world *w, unsigned int guest, const char *path)
{
	struct mnode *n = model_see(&w->m, NULL, path);
	char parent[MODEL_PATH];

	if (n && (model_rights(domid[guest], &n->perms) & 1))
		return true;
	strcpy(parent, path);
	strrchr(parent, '/')[strrchr(parent, '/') == parent] = '\0';
	n = model_see(&w->m, NULL, parent);
	return n && (model_rights(domid[guest], &n->perms) & 1);
}

/* What each watch must hear of one change outside transactions. */
struct expected {
	char path[MODEL_PATH];
	bool due, heard;
};

static void expect_change(struct world *w, struct expected *e,
			  const char *path, bool removal)
{
	for (unsigned int i = 0; i < w->watch_count; i++) {
		const struct mwatch *x = &w->watch[i];

		if (covers(x->path, path) && readable(w, x->guest, path)) {
			strcpy(e[i].path, path);
			e[i].due = true;
		} else if (removal && covers(path, x->path) &&
			   model_see(&w->m, NULL, x->path) &&
			   readable(w, x->guest, x->path)) {
			strcpy(e[i].path, x->path);
			e[i].due = true;
		}
	}
}

/* Take all events; with e, they must be these, each once. */
static void take_events(struct world *w, struct expected *e)
{
	rig_settle(w->r);
	for (unsigned int g = 1; g <= RIG_CLIENTS; g++) {
		struct guest *guest = &w->r->guest[g];

		rig_take(w->r, g);
		rig_settle(w->r);
		rig_take(w->r, g);
		for (; guest->event_taken < guest->event_count;
		     guest->event_taken++) {
			struct rig_event *got =
				&guest->event[guest->event_taken %
					      RIG_EVENTS];
			unsigned int i = 0;

			w->events++;
			while (i < w->watch_count &&
			       (w->watch[i].guest != g ||
				strcmp(w->watch[i].token, got->token)))
				i++;
			check(w, i < w->watch_count, "event of no watch",
			      got->path);
			char full[4200] = "";

			if (w->watch[i].relative)
				sprintf(full, "/local/domain/%u/", domid[g]);
			strcat(full, got->path);
			check(w, covers(w->watch[i].path, full),
			      "event outside the watch", full);
			if (!e)
				continue;
			check(w, e[i].due && !e[i].heard &&
				 !strcmp(e[i].path, full),
			      "unexpected event", full);
			e[i].heard = true;
		}
	}
	for (unsigned int i = 0; e && i < w->watch_count; i++)
		check(w, e[i].heard == e[i].due, "missed event", e[i].path);
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The last reply's names, sorted, each with a newline. */
static void sort_reply(struct guest *g, char *sorted)
{
	char *name[1024];
	unsigned int count = 0;

	for (uint32_t at = 0; at < g->length;
	     at += (uint32_t)strlen(g->reply + at) + 1)
		name[count++] = g->reply + at;
	qsort(name, count, sizeof(name[0]), by_line);
	*sorted = '\0';
	for (unsigned int i = 0; i < count; i++) {
		strcat(sorted, name[i]);
		strcat(sorted, "\n");
	}
}

static void perms_text(const struct mperms *p, char *text, uint32_t *length)
{
	*length = 0;
	for (unsigned int i = 0; i < p->count; i++)
		*length += 1 + (uint32_t)sprintf(text + *length, "%c%u",
						 "nrwb"[p->entry[i].rights],
						 p->entry[i].domid);
}

static void step_look(struct world *w, unsigned int g,
		      struct mtransaction *t, const char *path)
{
	static char listed[1 << 16], sorted[1 << 13];
	uint32_t tx = t ? t->id : 0, length;
	const char *as = given(w, g, path);
	enum store_error error, want;
	struct mnode n;
	char text[64];

	switch (pick(w, 3)) {
	case 0:
		want = model_read(&w->m, t, domid[g], path, &n);
		error = rig_path(w->r, g, XS_READ, tx, as);
		check(w, error == want, "READ", path);
		if (!error)
			check(w, !strcmp(n.value, w->r->guest[g].reply),
			      "value of", path);
		break;
	case 1:
		want = model_list(&w->m, t, domid[g], path, listed);
		error = rig_path(w->r, g, XS_DIRECTORY, tx, as);
		check(w, error == want, "DIRECTORY", path);
		if (error)
			break;
		sort_reply(&w->r->guest[g], sorted);
		check(w, !strcmp(listed, sorted), "children of", path);
		break;
	case 2:
		want = model_read(&w->m, t, domid[g], path, &n);
		error = rig_path(w->r, g, XS_GET_PERMS, tx, as);
		check(w, error == want, "GET_PERMS", path);
		if (error)
			break;
		perms_text(&n.perms, text, &length);
		check(w, length == w->r->guest[g].length &&
			 !memcmp(text, w->r->guest[g].reply, length),
		      "permissions of", path);
		break;
	}
	take_events(w, t ? NULL : (struct expected[WATCHES]){ 0 });
}

static void step_change(struct world *w, unsigned int g,
			struct mtransaction *t, const char *path)
{
	struct expected e[WATCHES] = { 0 }, below[WATCHES] = { 0 };
	uint32_t tx = t ? t->id : 0;
	const char *as = given(w, g, path);
	enum store_error error = STORE_OK, want = STORE_OK;
	struct mnode *before = model_see(&w->m, NULL, path);
	char value[MODEL_VALUE], text[64];
	struct mperms perms;
	bool fires = true;

	/* Removal is heard by those who could see what was there. */
	expect_change(w, below, path, true);
	switch (pick(w, 8)) {
	case 0:
	case 1:
	case 2:
		memset(value, 'a' + (int)pick(w, 26), sizeof(value));
		value[pick(w, 4) ? pick(w, 20) : pick(w, 159)] = '\0';
		value[MODEL_VALUE - 1] = '\0';
		want = model_write(&w->m, t, domid[g], path, value);
		error = rig_write(w->r, g, tx, as, value);
		break;
	case 3:
		fires = !before;
		want = model_write(&w->m, t, domid[g], path, NULL);
		error = rig_path(w->r, g, XS_MKDIR, tx, as);
		break;
	case 4:
	case 5:
		fires = false;
		want = model_remove(&w->m, t, domid[g], path);
		error = rig_path(w->r, g, XS_RM, tx, as);
		if (!want && before)
			memcpy(e, below, sizeof(e));
		break;
	default:
		/* Those who could read before hear it, too. */
		pick_perms(w, domid[g], &perms, text);
		want = model_set_perms(&w->m, t, domid[g], path, &perms);
		error = rig_perms(w->r, g, tx, as, text);
		for (unsigned int i = 0; !want && i < w->watch_count; i++)
			if (below[i].due && covers(w->watch[i].path, path))
				e[i] = below[i];
	}
	check(w, error == want, "change", path);
	if (!want && fires)
		expect_change(w, e, path, false);
	if (t)
		memset(e, 0, sizeof(e));
	take_events(w, e);
}

static void step_transaction(struct world *w, unsigned int g)
{
	unsigned int slot = pick(w, OPEN);
	struct mtransaction *t = w->t[g][slot];
	enum store_error error, want = STORE_OK;
	bool commit = pick(w, 4) != 0;

	if (!t) {
		t = calloc(1, sizeof(*t));
		t->id = rig_start(w->r, g);
		w->t[g][slot] = t;
		return;
	}
	if (commit)
		want = model_commit(&w->m, t);
	error = rig_end(w->r, g, t->id, commit);
	check(w, error == want, "end of a transaction", "");
	w->conflicts += want == STORE_EAGAIN;
	w->commits += commit && !want;
	free(t);
	w->t[g][slot] = NULL;
	take_events(w, NULL);
}

static void step_watch(struct world *w, unsigned int g, const char *path)
{
	const char *as = given(w, g, path);
	unsigned int i = w->watch_count;
	struct mwatch *x;

	if (i == WATCHES || !pick(w, 3)) {
		if (!i)
			return;
		i = pick(w, i);
		x = &w->watch[i];
		assert_int_equal(rig_watch(w->r, x->guest, XS_UNWATCH,
					   x->path, x->token), STORE_OK);
		*x = w->watch[--w->watch_count];
		return;
	}
	x = &w->watch[w->watch_count++];
	*x = (struct mwatch){ .guest = g, .relative = as[0] != '/' };
	strcpy(x->path, path);
	sprintf(x->token, "%x", w->step);
	assert_int_equal(rig_watch(w->r, g, XS_WATCH, as, x->token),
			 STORE_OK);
	/* It fires once at once. */
	struct expected e[WATCHES] = { 0 };

	strcpy(e[i].path, path);
	e[i].due = true;
	take_events(w, e);
}

static void step(struct world *w)
{
	unsigned int g = 1 + pick(w, RIG_CLIENTS), kind = pick(w, 20);
	struct mtransaction *t = pick(w, 3) ? w->t[g][pick(w, OPEN)] : NULL;
	char path[MODEL_PATH];

	pick_path(w, path);
	if (kind < 6)
		step_look(w, g, t, path);
	else if (kind < 16)
		step_change(w, g, t, path);
	else if (kind < 18)
		step_transaction(w, g);
	else
		step_watch(w, g, path);
	w->r->now += 1000;
	if (!(w->step % 64))
		rig_audit(w->r);
	if (!(w->step % 97))
		rig_move(w->r);
}

/* The model begins with what the store's image says, read back. */
static void copy_tree(struct world *w)
{
	struct store *s = w->r->s;
	cell_t at = s->root;

	while (at) {
		struct node *n = store_node(s, at);
		struct mperms perms = { .count = n->perm_count };
		char value[VALUE_MAX + 1];

		for (unsigned int i = 0; i < perms.count; i++) {
			perms.entry[i].domid = PERM_DOMID(n->perm[i]);
			perms.entry[i].rights = PERM_RIGHTS(n->perm[i]);
		}
		assert_true(node_path(s, at, &s->path));
		value[node_value(s, at, value)] = '\0';
		model_add(&w->m, s->path.text, value, &perms,
			  n->head.flags & NODE_FIXED);
		if (n->child_first) {
			at = n->child_first;
			continue;
		}
		while (at && !store_node(s, at)->sibling_next)
			at = store_node(s, at)->parent;
		at = at ? store_node(s, at)->sibling_next : 0;
	}
}

static void compare_tree(struct world *w)
{
	struct world *copy = calloc(1, sizeof(*copy));

	copy->r = w->r;
	copy_tree(copy);
	assert_int_equal(copy->m.count, w->m.count);
	for (unsigned int i = 0; i < copy->m.count; i++) {
		const struct mnode *n = &copy->m.node[i];
		const struct mnode *o = model_see(&w->m, NULL, n->path);

		check(w, o && !strcmp(o->value, n->value) &&
			 !memcmp(&o->perms, &n->perms, sizeof(unsigned int) *
				 (1 + 2 * n->perms.count)),
		      "in the end", n->path);
	}
	free(copy);
}

static void store_answers_as_the_model(void **state)
{
	unsigned int conflicts = 0, commits = 0, events = 0;

	(void)state;
	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		struct world *w = calloc(1, sizeof(*w));

		w->r = rig_open(&roomy);
		w->seed = seed;
		w->random = seed * 7919;
		copy_tree(w);
		for (w->step = 1; w->step <= STEPS; w->step++)
			step(w);
		for (unsigned int g = 1; g <= RIG_CLIENTS; g++)
			for (unsigned int i = 0; i < OPEN; i++)
				free(w->t[g][i]);
		compare_tree(w);
		conflicts += w->conflicts;
		commits += w->commits;
		events += w->events;
		rig_close(w->r);
		free(w);
	}
	printf("# %u commits, %u conflicts, %u events\n", commits, conflicts,
	       events);
	assert_true(commits > 800 && conflicts > 80 && events > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_answers_as_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
