/* SPDX-License-Identifier: MIT */
/* Small PVH kernels for tests: ELF files whose every field can be spoilt. */
#pragma once
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_LOADS	3u
#define KERNEL_SIZE	8192u
/* Offset of the note in the file and in its segment. */
#define KERNEL_NOTE	1024u

/*
 * In the file: header, program headers (KERNEL_LOADS of PT_LOAD, then one
 * PT_NOTE), the note, the bytes of the segments. By default: code at 1 MiB,
 * data behind a gap, and .bss; the entry is 0x100010.
 */
struct kernel {
	union {
		uint8_t bytes[KERNEL_SIZE];
		struct {
			Elf64_Ehdr header;
			Elf64_Phdr segment[KERNEL_LOADS + 1];
		};
	};
};

void kernel_make(struct kernel *kernel);
/* Makes all segments lie by this much higher, the entry too. */
void kernel_move(struct kernel *kernel, uint64_t by);
