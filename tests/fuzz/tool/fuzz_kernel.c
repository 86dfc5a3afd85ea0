/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a kernel file: unwrapped, and if an ELF comes out, checked.
 * What is accepted has its entry inside a segment and no two that overlap.
 */
#include "kernel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_elf(const uint8_t *bytes, size_t size)
{
	struct elf_kernel k;
	char *why = elf_check(bytes, size, &k);
	bool inside = false;

	for (unsigned int i = 0; !why && i < k.segment_count; i++) {
		const struct elf_segment *a = &k.segment[i];

		require(a->start < a->end);
		inside = inside || (k.entry >= a->start && k.entry < a->end);
		for (unsigned int j = 0; j < i; j++)
			require(a->end <= k.segment[j].start ||
				k.segment[j].end <= a->start);
	}
	require(why || inside);
	if (!why)
		free(elf_fits(&k, 64));
	free(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct blob out;
	char *why = kernel_unwrap(bytes, size, 4u << 20, &out);

	if (!why) {
		if (out.at)
			check_elf(out.at, out.size);
		else
			check_elf(bytes, size);
	}
	require(!why || !out.at);
	free(why);
	blob_free(&out);
	return 0;
}
