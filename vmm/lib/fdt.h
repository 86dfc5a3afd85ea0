/* SPDX-License-Identifier: MIT */
/*
 * Reader of flattened device trees, version 17 ("Devicetree Specification",
 * chapter "Flattened Devicetree Format"). Nothing is copied. Invariants:
 *  F1  fdt_open() walks every token once; what it accepts has balanced nodes
 *      at most FDT_DEPTH_MAX deep, properties before sub-nodes, and names
 *      that end inside their block;
 *  F2  so the other functions cannot fail on an opened tree and never read
 *      outside of it.
 */
#pragma once
#include "lib/types.h"

#define FDT_DEPTH_MAX	8u

struct fdt {
	const uint8_t *data;
	uint32_t struct_start, struct_end;	/* offsets into data */
	uint32_t strings_start, strings_end;
};

/* A node is the offset of its token; 0 is no node. */
typedef struct { uint32_t offset; } fdt_node;

struct fdt_property {
	const char *name;
	const uint8_t *data;
	uint32_t size;
	uint32_t next;		/* offset of the token behind it */
};

struct fdt_fault {
	const char *what;	/* a clause: "the header is cut off" */
	uint32_t offset;	/* where in the blob */
};

/* False if data is no proper tree; then fault says why and where. */
bool fdt_open(struct fdt *fdt, const void *data, size_t size,
	      struct fdt_fault *fault);

fdt_node fdt_root(const struct fdt *fdt);
fdt_node fdt_first_child(const struct fdt *fdt, fdt_node node);
fdt_node fdt_next_sibling(const struct fdt *fdt, fdt_node node);
/* The first child of this name, with or without @address; or no node. */
fdt_node fdt_child(const struct fdt *fdt, fdt_node node, const char *name);
const char *fdt_name(const struct fdt *fdt, fdt_node node);
/* The full path, "/" for the root, cut to size. */
void fdt_path(const struct fdt *fdt, fdt_node node, char *text, size_t size);

/* For each property: true while property was filled with the next one. */
bool fdt_first_property(const struct fdt *fdt, fdt_node node,
			struct fdt_property *property);
bool fdt_next_property(const struct fdt *fdt, struct fdt_property *property);
/* The first property of this name. */
bool fdt_find(const struct fdt *fdt, fdt_node node, const char *name,
	      struct fdt_property *property);

/* Cell i of a property; the caller has checked the size. */
uint32_t fdt_cell(const struct fdt_property *property, uint32_t i);
/* One NUL-terminated string fills the property. */
bool fdt_is_string(const struct fdt_property *property);
/* text is one of the property's NUL-terminated strings. */
bool fdt_has_string(const struct fdt_property *property, const char *text);
