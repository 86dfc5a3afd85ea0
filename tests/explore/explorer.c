/* SPDX-License-Identifier: MIT */
/*
 * Breadth first. States are kept as the watched bytes followed by the model,
 * found again through a hash table; the same bytes with another model are a
 * failure too: what the world allows would then hang on something that is not
 * in it.
 */
#include "explorer.h"
#include <stdio.h>
#include <stdlib.h>

#define WATCH_MAX	512u
#define WAY_MAX		200u

static struct watch { char *bytes; size_t size; } watch[WATCH_MAX];
static unsigned int watch_count;
static size_t watch_size;

static const struct explorer *ex;
static char *state;			/* records of record_size */
static size_t record_size;
static unsigned int *parent, *by_action, *bucket;
static unsigned int count, bucket_count;
static char complaint[300];

void explorer_reset(void)
{
	watch_count = 0;
	watch_size = 0;
}

static int compare_watch(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

void explorer_watch(void *bytes, size_t size)
{
	assert_true(watch_count < WATCH_MAX);
	watch[watch_count++] = (struct watch){ bytes, size };
	watch_size += size;
	qsort(watch, watch_count, sizeof(watch[0]), compare_watch);
}

void explorer_complain(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(complaint, sizeof(complaint), format, list);
	va_end(list);
}

static char *record(unsigned int n)
{
	return state + n * record_size;
}

static void gather(char *to)
{
	for (unsigned int i = 0; i < watch_count; i++) {
		memcpy(to, watch[i].bytes, watch[i].size);
		to += watch[i].size;
	}
}

static void scatter(const char *from)
{
	for (unsigned int i = 0; i < watch_count; i++) {
		memcpy(watch[i].bytes, from, watch[i].size);
		from += watch[i].size;
	}
}

static bool watched_equal(const char *from)
{
	for (unsigned int i = 0; i < watch_count; i++) {
		if (memcmp(watch[i].bytes, from, watch[i].size))
			return false;
		from += watch[i].size;
	}
	return true;
}

/* Whether all bytes that nobody declared are those of the start. */
static const char *changed_elsewhere(const char *start)
{
	const char *arena = (const char *)MOCK_ARENA, *at = arena;
	const char *end = arena + mock.frame_count * PAGE_SIZE;

	for (unsigned int i = 0; i <= watch_count; i++) {
		const char *to = i < watch_count ? watch[i].bytes : end;

		if (memcmp(at, start + (at - arena), (size_t)(to - at)))
			while (*at == start[at - arena])
				at++;
		if (at < to && *at != start[at - arena])
			return at;
		if (i < watch_count)
			at = to + watch[i].size;
	}
	return NULL;
}

static unsigned int hash(const char *bytes, size_t size)
{
	uint64_t h = 0x9e3779b97f4a7c15ull;
	uint64_t word;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		memcpy(&word, bytes + i, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 29;
	}
	for (size_t i = size / 8 * 8; i < size; i++)
		h = (h ^ (uint8_t)bytes[i]) * 0xff51afd7ed558ccdull;
	return (unsigned int)(h ^ h >> 32);
}

static void show_way(unsigned int n, int last)
{
	unsigned int way[WAY_MAX], length = 0;
	char text[200];

	for (; n && length < WAY_MAX; n = parent[n])
		way[length++] = by_action[n];
	fprintf(stderr, "%s: %s\nThe way there:\n", ex->name, complaint);
	while (length) {
		ex->describe(way[--length], text, sizeof(text));
		fprintf(stderr, "  %s\n", text);
	}
	if (last >= 0) {
		ex->describe((unsigned int)last, text, sizeof(text));
		fprintf(stderr, "  %s   <-- here\n", text);
	}
	exit(1);
}

/* The number of the present state, new or old; false if it is new. */
static bool find(const void *model, unsigned int from, unsigned int action)
{
	char *fresh = record(count);
	unsigned int at;

	gather(fresh);
	memset(fresh + watch_size, 0, record_size - watch_size);
	memcpy(fresh + watch_size, model, ex->model_size);
	at = hash(fresh, watch_size) & (bucket_count - 1);
	for (; bucket[at]; at = (at + 1) & (bucket_count - 1)) {
		const char *old = record(bucket[at] - 1);

		if (memcmp(old, fresh, watch_size))
			continue;
		if (memcmp(old + watch_size, model, ex->model_size)) {
			explorer_complain("two records of one world");
			show_way(from, (int)action);
		}
		return true;
	}
	parent[count] = from;
	by_action[count] = action;
	bucket[at] = ++count;
	if (count == ex->state_max) {
		explorer_complain("more than %u states", ex->state_max);
		show_way(from, (int)action);
	}
	return false;
}

static void try_all(unsigned int from, const char *start,
		    unsigned long *refusals)
{
	char model[EXPLORER_MODEL_MAX];
	const char *at;

	for (unsigned int a = 0; a < ex->action_count; a++) {
		bool refused = false;

		complaint[0] = 0;
		memcpy(model, record(from) + watch_size, ex->model_size);
		if (!ex->act(a, model, &refused))
			show_way(from, (int)a);
		ex->settle();
		if (refused) {
			++*refusals;
			if (!watched_equal(record(from))) {
				explorer_complain("refused, yet changed");
				show_way(from, (int)a);
			}
			continue;
		}
		if (!ex->agrees(model))
			show_way(from, (int)a);
		if (!find(model, from, a))
			world_check();
		scatter(record(from));
	}
	at = changed_elsewhere(start);
	if (at) {
		explorer_complain("byte 0x%zx of the arena changed",
				  (size_t)(at - (const char *)MOCK_ARENA));
		show_way(from, -1);
	}
}

unsigned int explorer_run(const struct explorer *explorer, const void *model)
{
	size_t arena = mock.frame_count * PAGE_SIZE;
	unsigned long refusals = 0;
	char *start;

	ex = explorer;
	assert_true(ex->model_size <= EXPLORER_MODEL_MAX);
	record_size = ROUND_UP(watch_size + ex->model_size, 8u);
	for (bucket_count = 2; bucket_count < 2 * ex->state_max;)
		bucket_count *= 2;
	state = malloc((ex->state_max + 1ul) * record_size);
	parent = calloc(ex->state_max + 1ul, sizeof(*parent));
	by_action = calloc(ex->state_max + 1ul, sizeof(*by_action));
	bucket = calloc(bucket_count, sizeof(*bucket));
	start = malloc(arena);
	assert_true(state && parent && by_action && bucket && start);
	ex->settle();
	memcpy(start, (void *)MOCK_ARENA, arena);
	count = 0;
	find(model, 0, 0);
	for (unsigned int n = 0; n < count; n++) {
		scatter(record(n));
		try_all(n, start, &refusals);
	}
	printf("# %s: %u states, %lu actions tried, %lu refused\n", ex->name,
	       count, (unsigned long)count * ex->action_count, refusals);
	free(state);
	free(parent);
	free(by_action);
	free(bucket);
	free(start);
	return count;
}
