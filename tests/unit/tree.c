/* SPDX-License-Identifier: MIT */
/* Device trees for tests, by libfdt's sequential writer. */
#include "tree.h"
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

static char buffer[1 << 18];

static void must(int err)
{
	if (err)
		abort();
}

void tree_begin(void)
{
	must(fdt_create(buffer, sizeof(buffer)));
	must(fdt_finish_reservemap(buffer));
	must(fdt_begin_node(buffer, ""));
}

void tree_node(const char *name)
{
	must(fdt_begin_node(buffer, name));
}

void tree_end(void)
{
	must(fdt_end_node(buffer));
}

void tree_cell(const char *name, uint32_t value)
{
	must(fdt_property_u32(buffer, name, value));
}

void tree_pair(const char *name, uint32_t first, uint32_t second)
{
	fdt32_t cells[2] = { cpu_to_fdt32(first), cpu_to_fdt32(second) };

	tree_data(name, cells, sizeof(cells));
}

void tree_u64(const char *name, uint64_t value)
{
	must(fdt_property_u64(buffer, name, value));
}

void tree_string(const char *name, const char *text)
{
	tree_data(name, text, strlen(text) + 1);
}

void tree_data(const char *name, const void *data, size_t size)
{
	must(fdt_property(buffer, name, data, (int)size));
}

void *tree_finish(size_t *size)
{
	void *copy;

	must(fdt_end_node(buffer));
	must(fdt_finish(buffer));
	*size = fdt_totalsize(buffer);
	copy = malloc(*size);
	if (!copy)
		abort();
	return memcpy(copy, buffer, *size);
}
