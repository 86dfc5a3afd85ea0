/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a device tree: refused with a position, or readable to the
 * last byte within bounds and within a depth.
 */
#include <stdlib.h>
#include <string.h>
#include "lib/fdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t nodes, sum;

static void visit(const struct fdt *fdt, fdt_node n, unsigned int depth)
{
	struct fdt_property p, found;
	char path[40];

	if (depth >= FDT_DEPTH_MAX)
		abort();
	for (bool more = fdt_first_property(fdt, n, &p); more;
	     more = fdt_next_property(fdt, &p)) {
		for (uint32_t i = 0; i < p.size; i++)
			sum += p.data[i];
		for (uint32_t i = 0; i < p.size / 4; i++)
			sum += fdt_cell(&p, i);
		sum += fdt_is_string(&p) + fdt_has_string(&p, "a");
		/* Finding by name is linear: a sample of it is enough. */
		if (++nodes < 500 && !fdt_find(fdt, n, p.name, &found))
			abort();
	}
	if (nodes < 500) {
		fdt_path(fdt, n, path, sizeof(path));
		if (path[0] != '/' || strlen(path) >= sizeof(path))
			abort();
	}
	for (n = fdt_first_child(fdt, n); n.offset;
	     n = fdt_next_sibling(fdt, n))
		visit(fdt, n, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdt fdt;
	struct fdt_fault fault;

	nodes = 0;
	if (fdt_open(&fdt, data, size, &fault))
		visit(&fdt, fdt_root(&fdt), 0);
	else if (!fault.what || fault.offset > size)
		abort();
	return 0;
}
