/* SPDX-License-Identifier: MIT */
/*
 * Device trees for tests, written by libfdt: an oracle that the VMM's own
 * reader shares no line with. One tree at a time.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

void tree_begin(void);			/* the root node is open */
void tree_node(const char *name);	/* opens a child */
void tree_end(void);			/* closes it */
void tree_cell(const char *name, uint32_t value);
void tree_pair(const char *name, uint32_t first, uint32_t second);
void tree_u64(const char *name, uint64_t value);
void tree_string(const char *name, const char *text);
void tree_data(const char *name, const void *data, size_t size);
/* Closes the root; malloc()ed, exactly *size bytes. */
void *tree_finish(size_t *size);
