/* SPDX-License-Identifier: MIT */
/*
 * The block as a whole: laying it out, handing it over.
 *  B1  whoever seals a block writes its checksum last; who opens one believes
 *      nothing but magic, version and sizes before the checksum is right.
 */
#pragma once
#include "image.h"
#include "store.h"

/* How many bytes the block for this image needs. The image is checked. */
uint64_t block_size(const struct image *image);
/*
 * Make a block at `at`, which is aligned to 128 bytes, as large as
 * block_size() says, and zero. NULL, or what is wrong with the image.
 */
const char *block_init(void *at, const struct image *image);

/* Make the block ready to be copied or handed over. */
void block_seal(struct store *s);
/* Go on with a sealed block. NULL, or what is wrong. */
const char *block_open(struct store *s, uint64_t size,
		       const struct image *image);

/*
 * Check every invariant; seen and per_arena are scratch, a byte for each
 * cell and a number for each client. NULL, or what is wrong. For tests, and
 * for whoever takes a block over.
 */
const char *block_audit(struct store *s, uint8_t *seen, uint32_t *per_arena);
