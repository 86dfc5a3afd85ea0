/* SPDX-License-Identifier: MIT */
/*
 * Is this an ELF64 kernel that the VMM can start? Everything is checked
 * here that can be known before the guest's memory exists; the VMM checks
 * again, because it does not trust this tool.
 */
#pragma once
#include "text.h"

#define ELF_SEGMENT_MAX 64u
/* RAM below 4 GiB ends here at the latest; the rest follows from 4 GiB. */
#define GUEST_LOW_MAX 0xf0000000ull

struct elf_segment {
	uint64_t start, end; /* guest-physical, end exclusive */
	bool runs;	     /* may be executed */
};

struct elf_kernel {
	uint64_t entry; /* from the PVH note */
	unsigned int segment_count;
	struct elf_segment segment[ELF_SEGMENT_MAX];
};

bool elf_is(const uint8_t *bytes, size_t size);
/* NULL, or what is wrong: a sentence that the caller frees. */
char *elf_check(const uint8_t *bytes, size_t size, struct elf_kernel *out);
/* The same for "does it fit a VM of that much memory". */
char *elf_fits(const struct elf_kernel *k, uint64_t memory_mib);
