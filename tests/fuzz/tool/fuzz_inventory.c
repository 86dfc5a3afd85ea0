/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an inventory. What is accepted is printed, and that is
 * accepted again and printed as the same.
 */
#include "inventory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* True: a good one, which `out` holds as it is printed. */
static bool printed(const struct blob *b, struct text *out)
{
	const struct machine none = { .folder = NULL };
	struct faults f = { 0 };
	struct inventory v;
	struct text json = { 0 };
	bool good = inventory_parse("f", b, &v, &f);

	require(good == (f.bad == 0));
	for (size_t i = 0; i < f.count; i++)
		require(f.at[i].words && f.at[i].words[0]);
	if (good) {
		inventory_print(&v, out);
		inventory_json(&v, &json);
		inventory_check(&v, &none, &f);
	}
	text_free(&json);
	inventory_free(&v);
	faults_free(&f);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct blob b = { mem_alloc(size + 1), size };
	struct text one = { 0 }, two = { 0 };

	memcpy(b.at, bytes, size);
	if (printed(&b, &one)) {
		const struct blob again = { (uint8_t *)one.at, one.length };

		require(printed(&again, &two));
		require(strcmp(one.at, two.at) == 0);
	}
	text_free(&one);
	text_free(&two);
	blob_free(&b);
	return 0;
}
