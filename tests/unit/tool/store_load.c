/* SPDX-License-Identifier: MIT */
/*
 * A store in memory, asked by its own functions.
 */
#include "store_load.h"
#include "../../../vms/store/block.h"
#include "../../../vms/store/image.h"
#include "../../../vms/store/node.h"
#include "../../../vms/store/path.h"

#include <stdlib.h>
#include <string.h>

uint64_t store_block_size(const void *image, size_t size)
{
	const struct image i = { image, (uint32_t)size };

	return block_size(&i);
}

struct store *store_load(const void *image, size_t size, const char **wrong)
{
	const struct image i = { image, (uint32_t)size };

	*wrong = image_check(&i);
	if (*wrong)
		return NULL;
	void *block = calloc(1, block_size(&i));

	*wrong = block_init(block, &i);
	if (!*wrong)
		return block;
	free(block);
	return NULL;
}

static cell_t find(struct store *s, const char *path)
{
	if (path_take(s, 1, path, strlen(path), PATH_NODE))
		return 0;
	return node_find(s).node;
}

bool store_has(struct store *s, const char *path)
{
	return find(s, path) != 0;
}

const char *store_value(struct store *s, const char *path)
{
	static char value[VALUE_MAX + 1];
	cell_t node = find(s, path);

	value[node ? node_value(s, node, value) : 0] = '\0';
	return value;
}

static uint32_t rights(struct store *s, unsigned int domid, cell_t node)
{
	return node ? perm_rights(s, store_client_of(s, domid),
				  store_node(s, node))
		    : 0;
}

bool store_may_read(struct store *s, unsigned int domid, const char *path)
{
	return rights(s, domid, find(s, path)) & RIGHT_READ;
}

bool store_may_add(struct store *s, unsigned int domid, const char *path)
{
	return rights(s, domid, find(s, path)) & RIGHT_WRITE;
}

bool store_may_touch(struct store *s, unsigned int domid, const char *path)
{
	cell_t node = find(s, path);

	if (rights(s, domid, node) & (RIGHT_WRITE | RIGHT_OWNER))
		return true;
	/* Who may remove what leads to it removes it, too. */
	for (; node; node = store_node(s, node)->parent)
		if (!(store_node(s, node)->head.flags & NODE_FIXED) &&
		    (rights(s, domid, node) & RIGHT_WRITE))
			return true;
	return false;
}
