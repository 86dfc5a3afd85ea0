/* SPDX-License-Identifier: MIT */
/*
 * Arenas: cells of one size, and bytes that are too long for one.
 *  C1  a cell is free, or reachable from exactly one owner;
 *  C2  taking and giving are O(1) for each cell and never fail half-way.
 */
#pragma once
#include "store.h"

enum cell_use {
	CELL_ORDINARY,		/* leaves the client's reserve alone */
	CELL_RESERVED,
};

/* How many cells may be taken. */
uint32_t cell_left(struct store *s, uint32_t client, enum cell_use use);
/* A zeroed cell of this type, or 0. */
cell_t cell_take(struct store *s, uint32_t client, enum cell_type type,
		 enum cell_use use);
void cell_give(struct store *s, cell_t cell);

/* Cells of text that length bytes need beyond inline_size. */
uint32_t text_cells(uint32_t length, uint32_t inline_size);
/* A chain of count cells; false (and nothing taken) if there are too few. */
bool text_take(struct store *s, uint32_t client, uint32_t count,
	       enum cell_use use, cell_t *chain);
void text_give(struct store *s, cell_t chain);

/* Bytes that begin in a cell and go on in a chain. */
struct place {
	uint8_t *bytes;
	uint32_t size;
	cell_t chain;
};

void place_write(struct store *s, struct place p, uint32_t offset,
		 const void *from, uint32_t count);
void place_read(struct store *s, struct place p, uint32_t offset, void *to,
		uint32_t count);
/* memcmp() of the bytes at offset. */
int place_compare(struct store *s, struct place p, uint32_t offset,
		  const void *with, uint32_t count);
