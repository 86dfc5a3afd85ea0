/* SPDX-License-Identifier: MIT */
/* The heap against a plain sorted model, over random insert and remove. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ledger.h"

#define NODES 200u

static struct heap_node node[NODES];
static struct heap_node *room[NODES];

static uint64_t smallest(void)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < NODES; i++)
		if (node[i].slot && node[i].key < best)
			best = node[i].key;
	return best;
}

static void first_is_always_the_smallest(void **state)
{
	struct heap heap = { room, 0, NODES };
	unsigned int in = 0;

	(void)state;
	srand(7);
	for (unsigned int step = 0; step < 20000; step++) {
		struct heap_node *n = &node[(unsigned int)rand() % NODES];

		if (n->slot) {
			heap_remove(&heap, n);
			assert_int_equal(n->slot, 0);
			in--;
		} else {
			heap_insert(&heap, n, (uint64_t)(rand() % 50));
			in++;
		}
		assert_int_equal(heap.count, in);
		assert_true(heap_invariant(&heap));
		if (in)
			assert_int_equal(heap_first(&heap)->key, smallest());
		else
			assert_null(heap_first(&heap));
	}
}

static void draining_yields_keys_in_order(void **state)
{
	struct heap heap = { room, 0, NODES };
	uint64_t last = 0;

	(void)state;
	for (unsigned int i = 0; i < NODES; i++) {
		node[i].slot = 0;
		heap_insert(&heap, &node[i], (i * 7919u) % 1000u);
	}
	while (heap_first(&heap)) {
		struct heap_node *n = heap_first(&heap);

		assert_true(n->key >= last);
		last = n->key;
		heap_remove(&heap, n);
	}
}

static void a_broken_order_is_noticed(void **state)
{
	struct heap heap = { room, 0, NODES };

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		node[i].slot = 0;
		heap_insert(&heap, &node[i], i);
	}
	room[0]->key = 100;
	assert_false(heap_invariant(&heap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_is_always_the_smallest),
		cmocka_unit_test(draining_yields_keys_in_order),
		cmocka_unit_test(a_broken_order_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
