/* SPDX-License-Identifier: MIT */
/*
 * Reader of ELF64 kernels with a PVH entry note. The VMM does not trust the
 * host tool, so everything is checked here; what elf_read() accepts satisfies:
 *  K1  the bytes of each piece lie inside the file;
 *  K2  pieces are sorted by address, do not overlap, and end below 4 GiB;
 *  K3  the entry lies among the bytes of an executable piece.
 */
#pragma once
#include "lib/types.h"

#define ELF_PIECE_MAX	12u

/* Bytes of the file that a build copies to a guest-physical address. */
struct piece {
	uint64_t gpa;
	const uint8_t *data;
	uint64_t size;
};

struct elf_image {
	uint32_t entry;		/* XEN_ELFNOTE_PHYS32_ENTRY */
	uint64_t end;		/* behind the last segment, .bss included */
	uint32_t piece_count;
	struct piece piece[ELF_PIECE_MAX + 2];	/* a build adds two */
};

/* NULL, or what is wrong: a clause such as "it is no ELF file". */
const char *elf_read(const void *data, uint64_t size,
		     struct elf_image *image);
