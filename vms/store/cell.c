/* SPDX-License-Identifier: MIT */
/*
 * Arenas. A cell that was never used is taken by moving cell_fresh, so that
 * an arena of any size is ready at once.
 */
#include "cell.h"
#include <string.h>

uint32_t cell_left(struct store *s, uint32_t client, enum cell_use use)
{
	const struct client *c = store_client(s, client);
	uint32_t left = c->cell_free_count + c->cell_first + c->cell_count -
			c->cell_fresh;

	if (use == CELL_RESERVED)
		return left;
	return left > c->reserve ? left - c->reserve : 0;
}

cell_t cell_take(struct store *s, uint32_t client, enum cell_type type,
		 enum cell_use use)
{
	struct client *c = store_client(s, client);
	cell_t at = c->cell_free;

	if (!cell_left(s, client, use))
		return 0;
	if (at) {
		c->cell_free = store_cell(s, at)->head.next;
		c->cell_free_count--;
	} else {
		at = c->cell_fresh++;
	}
	*store_cell(s, at) = (union cell){
		.node.head = { .arena = (uint16_t)client,
			       .type = (uint8_t)type }
	};
	return at;
}

void cell_give(struct store *s, cell_t cell)
{
	struct cell_head *h = &store_cell(s, cell)->head;
	struct client *c = store_client(s, h->arena);

	*h = (struct cell_head){ .next = c->cell_free, .arena = h->arena };
	c->cell_free = cell;
	c->cell_free_count++;
}

uint32_t text_cells(uint32_t length, uint32_t inline_size)
{
	if (length <= inline_size)
		return 0;
	return (length - inline_size + CELL_TEXT_SIZE - 1) / CELL_TEXT_SIZE;
}

bool text_take(struct store *s, uint32_t client, uint32_t count,
	       enum cell_use use, cell_t *chain)
{
	*chain = 0;
	if (cell_left(s, client, use) < count)
		return false;
	while (count--) {
		cell_t at = cell_take(s, client, CELL_TEXT, use);

		store_cell(s, at)->head.next = *chain;
		*chain = at;
	}
	return true;
}

void text_give(struct store *s, cell_t chain)
{
	while (chain) {
		cell_t next = store_cell(s, chain)->head.next;

		cell_give(s, chain);
		chain = next;
	}
}

/*
 * The run of bytes at *offset that lie together, at most count of them;
 * *offset becomes what is left to skip when the run is in the chain.
 */
static uint8_t *place_run(struct store *s, struct place *p, uint32_t *offset,
			  uint32_t *count)
{
	while (*offset >= p->size) {
		*offset -= p->size;
		p->bytes = store_cell(s, p->chain)->text.bytes;
		p->size = CELL_TEXT_SIZE;
		p->chain = store_cell(s, p->chain)->head.next;
	}
	if (*count > p->size - *offset)
		*count = p->size - *offset;
	return p->bytes + *offset;
}

void place_write(struct store *s, struct place p, uint32_t offset,
		 const void *from, uint32_t count)
{
	const uint8_t *at = from;

	while (count) {
		uint32_t run = count;
		uint8_t *to = place_run(s, &p, &offset, &run);

		memcpy(to, at, run);
		at += run;
		offset += run;
		count -= run;
	}
}

void place_read(struct store *s, struct place p, uint32_t offset, void *to,
		uint32_t count)
{
	uint8_t *at = to;

	while (count) {
		uint32_t run = count;
		const uint8_t *from = place_run(s, &p, &offset, &run);

		memcpy(at, from, run);
		at += run;
		offset += run;
		count -= run;
	}
}

int place_compare(struct store *s, struct place p, uint32_t offset,
		  const void *with, uint32_t count)
{
	const uint8_t *at = with;

	while (count) {
		uint32_t run = count;
		const uint8_t *from = place_run(s, &p, &offset, &run);
		int order = memcmp(from, at, run);

		if (order)
			return order;
		at += run;
		offset += run;
		count -= run;
	}
	return 0;
}
