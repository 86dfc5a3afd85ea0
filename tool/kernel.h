/* SPDX-License-Identifier: MIT */
/*
 * A kernel file as users have it, and the ELF that the VMM wants: ELF64
 * as it is, packed ELF, or a Linux bzImage in any compression. What had to
 * be unpacked is kept, under the SHA-256 of its input, so that a second
 * start costs nothing.
 */
#pragma once
#include "elf.h"

#define KERNEL_FILE_MAX (1ull << 30)

/*
 * Finds the ELF in `bytes`. NULL, or what is wrong. On success `out` is
 * either a new blob or empty, which means that the input is the ELF.
 */
char *kernel_unwrap(const uint8_t *bytes, size_t size, size_t limit,
		    struct blob *out);

struct kernel {
	int fd; /* of the ELF, at offset 0 */
	size_t size;
	struct elf_kernel elf;
};

/*
 * Opens the kernel at `path`. NULL, or what is wrong. `cache` is the folder
 * of unpacked kernels, or NULL for none; it need not exist.
 */
char *kernel_open(const char *path, const char *cache, struct kernel *out);
