/* SPDX-License-Identifier: MIT */
/* Any bytes as a kernel: refused, or K1 to K3 of launch/elf.h hold. */
#include <stdlib.h>
#include "launch/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image;
	bool entered = false;
	uint64_t last = 0;

	if (elf_read(data, size, &image))
		return 0;
	if (!image.piece_count || image.piece_count > ELF_PIECE_MAX)
		abort();
	for (uint32_t i = 0; i < image.piece_count; i++) {
		const struct piece *p = &image.piece[i];

		if (p->size && (p->data < data || p->size > size ||
				p->data > data + size - p->size))
			abort();
		if (p->gpa < last)
			abort();
		last = p->gpa + p->size;
		entered |= image.entry >= p->gpa && image.entry < last;
	}
	if (!entered || image.end < last || image.end > UINT32_MAX)
		abort();
	return 0;
}
