/* SPDX-License-Identifier: MIT */
/*
 * The launch image: reading it strictly, and putting things back as it says.
 *  I1  the image is constant; nothing of it is believed that was not checked.
 */
#pragma once
#include "error.h"
#include "image_format.h"
#include "store.h"

struct image {
	const uint8_t *bytes;
	uint32_t size;
};

/* One node's record; the pointers lead into the image. */
struct image_record {
	struct image_node head;
	uint32_t perm[PERM_MAX];
	const char *path;
	const uint8_t *value, *end;
};

/* NULL, or what is wrong, as half a sentence. */
const char *image_check(const struct image *image);
struct image_head image_head(const struct image *image);
struct image_client image_client(const struct image *image, uint32_t i);
/* Offset of the first record of a node. */
uint32_t image_first(const struct image *image);
/* Read the record at *offset and move on; false at the end. */
bool image_next(const struct image *image, uint32_t *offset,
		struct image_record *r);

/* The client whose arena a record's node is in: its owner's, or 0. */
uint32_t image_payer(struct store *s, const struct image_record *r);
/* Make the node of a record, at launch. NULL, or what is wrong. */
const char *image_load(struct store *s, const struct image_record *r);
/*
 * Bring the home of a client whose domain ended back, count records at a
 * time from c->cursor on, which begins as 0; true at the end.
 */
bool image_restore(struct store *s, const struct image *image,
		   uint32_t client, unsigned int count);
