/* SPDX-License-Identifier: MIT */
/*
 * The decoder of the instructions that guests exit on: any bytes, in 64-bit
 * code or not. What it recognises lies within the bytes and within 15, does
 * not depend on what follows, and is not recognised when cut short.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(struct insn a, struct insn b)
{
	return a.what == b.what && a.length == b.length && a.cr == b.cr &&
	       a.gpr == b.gpr;
}

/* From a copy of exactly this size, so that reading on is seen. */
static struct insn decode(const uint8_t *bytes, size_t size, bool code64)
{
	uint8_t *copy = malloc(size ? size : 1);

	assert(copy);
	memcpy(copy, bytes, size);
	struct insn insn = insn_decode(copy, size, code64);

	free(copy);
	return insn;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	bool code64 = data[0] & 1;
	const uint8_t *bytes = data + 1;
	struct insn insn = decode(bytes, size - 1, code64);

	if (insn.what == INSN_OTHER)
		return 0;
	assert(insn.length >= 1 && insn.length <= INSN_BYTES_MAX);
	assert(insn.length <= size - 1);
	assert(insn.gpr < 16 && insn.cr < 16);
	assert(code64 || insn.gpr < 8);
	assert(same(insn, decode(bytes, insn.length, code64)));
	for (size_t cut = 0; cut < insn.length; cut++)
		assert(decode(bytes, cut, code64).what == INSN_OTHER);
	return 0;
}
