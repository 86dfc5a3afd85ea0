/* SPDX-License-Identifier: MIT */
/*
 * The store's own code as the judge of what the tool writes for it. In a
 * file of its own: both have a struct text.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* A store begun with this image, or NULL and what is wrong with it. */
struct store *store_load(const void *image, size_t size, const char **wrong);
uint64_t store_block_size(const void *image, size_t size);
/* The node is there. */
bool store_has(struct store *s, const char *path);
/* A copy of its value, NUL-terminated; "" if it is not there. */
const char *store_value(struct store *s, const char *path);
bool store_may_read(struct store *s, unsigned int domid, const char *path);
/* Change its value, its permissions, or remove it or what leads to it. */
bool store_may_touch(struct store *s, unsigned int domid, const char *path);
/* Put a node of its own below. */
bool store_may_add(struct store *s, unsigned int domid, const char *path);
