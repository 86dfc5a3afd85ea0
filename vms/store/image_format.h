/* SPDX-License-Identifier: MIT */
/*
 * The launch image: what the store begins with. docs/store.md describes the
 * format in words; this is its layout and a small writer for the host tool.
 * All numbers are little endian; the whole is the store VM's RAM disk.
 *
 *   struct image_head
 *   struct image_client [client_count]	domid strictly ascending
 *   node_count records:
 *     struct image_node
 *     uint32_t perm[perm_count]		PERM(): rights << 16 | domid
 *     path, value, end value (path_length, value_length, end_length bytes)
 *     zero bytes up to a multiple of 4
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC	0x31474d4954534842ull	/* "BHSTIMG1" */
#define IMAGE_VERSION	1u
#define IMAGE_NAME_MAX	32u
#define IMAGE_CLIENTS_MAX 4096u

struct image_head {
	uint64_t magic;
	uint32_t version;
	uint32_t size;		/* of all, this included */
	uint32_t checksum;	/* image_sum() of all behind this header */
	uint32_t client_count, node_count;
	uint32_t reserved;	/* 0 */
};

/* Not a guest's normal state: may do everything, as dom0 does on Xen. */
#define IMAGE_CLIENT_PRIVILEGED	0x1u

struct image_client {
	uint16_t domid;		/* 1..0x7fef */
	uint16_t flags;
	uint32_t arena_kib;	/* 4..65536: all that it owns in the store */
	uint32_t nodes;		/* 1..65535 */
	uint32_t watches;	/* 1..65535 */
	uint32_t events;	/* 1..65535 waiting to be read */
	uint16_t transactions;	/* 1..16 open at once */
	uint16_t shadows;	/* 1..65535 nodes touched by one */
	uint32_t reserved;	/* 0 */
	char name[IMAGE_NAME_MAX]; /* for messages; NUL-padded */
};

/* The node has an end value, and it applies when the VM has ended. */
#define IMAGE_NODE_END		0x1u

struct image_node {
	uint16_t path_length;
	uint16_t value_length;
	uint16_t end_length;	/* 0 without IMAGE_NODE_END */
	uint8_t perm_count;	/* 1..5 */
	uint8_t flags;
};

static inline uint32_t image_sum(const void *from, size_t count)
{
	const uint8_t *at = (const uint8_t *)from;
	uint32_t sum = 2166136261u;	/* FNV-1a */

	for (size_t i = 0; i < count; i++)
		sum = (sum ^ at[i]) * 16777619u;
	return sum;
}

/*
 * Writing one: image_begin(), all clients, all nodes, image_finish(). With
 * buffer NULL only the size is counted. image_finish() returns the size, or 0
 * if the buffer was too small.
 */
struct image_writer {
	uint8_t *buffer;
	size_t room, size;
	uint32_t clients, nodes;
};

static inline void image_put(struct image_writer *w, const void *from,
			     size_t count)
{
	const uint8_t *at = (const uint8_t *)from;

	for (size_t i = 0; i < count; i++, w->size++)
		if (w->buffer && w->size < w->room)
			w->buffer[w->size] = at ? at[i] : 0;
}

static inline void image_begin(struct image_writer *w, void *buffer,
			       size_t room)
{
	*w = (struct image_writer){ (uint8_t *)buffer, room, 0, 0, 0 };
	image_put(w, NULL, sizeof(struct image_head));
}

static inline void image_add_client(struct image_writer *w,
				    const struct image_client *c)
{
	image_put(w, c, sizeof(*c));
	w->clients++;
}

struct image_bytes {
	const void *at;
	uint16_t length;
};

/* end.at NULL: the value comes back when the VM has ended. */
static inline void image_add_node(struct image_writer *w,
				  struct image_bytes path,
				  const uint32_t *perm, uint8_t perm_count,
				  const struct image_bytes value[2])
{
	struct image_node n = {
		path.length, value[0].length,
		value[1].at ? value[1].length : (uint16_t)0, perm_count,
		value[1].at ? IMAGE_NODE_END : 0
	};

	image_put(w, &n, sizeof(n));
	image_put(w, perm, perm_count * sizeof(perm[0]));
	image_put(w, path.at, path.length);
	image_put(w, value[0].at, value[0].length);
	if (value[1].at)
		image_put(w, value[1].at, value[1].length);
	image_put(w, NULL, -w->size % 4);
	w->nodes++;
}

static inline size_t image_finish(struct image_writer *w)
{
	struct image_head h = {
		.magic = IMAGE_MAGIC, .version = IMAGE_VERSION,
		.size = (uint32_t)w->size,
		.client_count = w->clients, .node_count = w->nodes
	};

	if (!w->buffer || w->size > w->room)
		return w->buffer ? 0 : w->size;
	h.checksum = image_sum(w->buffer + sizeof(h), w->size - sizeof(h));
	__builtin_memcpy(w->buffer, &h, sizeof(h));
	return w->size;
}
