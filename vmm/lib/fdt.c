/* SPDX-License-Identifier: MIT */
/*
 * Reader of flattened device trees. The walk in fdt_open() is the only code
 * that meets unchecked input; it does not recurse, so depth is a counter.
 */
#include "lib/fdt.h"
#include "lib/format.h"
#include "lib/string.h"

#define FDT_MAGIC	0xd00dfeedu
#define FDT_VERSION	17u
#define FDT_HEADER_SIZE	40u
#define FDT_SIZE_MAX	(64u << 20)

enum token { TOKEN_NODE = 1, TOKEN_END_NODE = 2, TOKEN_PROPERTY = 3,
	     TOKEN_NOP = 4, TOKEN_END = 9 };

static uint32_t load(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint32_t align4(uint32_t n)
{
	return (n + 3u) & ~3u;
}

/* The next token that is no NOP. */
static uint32_t token(const struct fdt *fdt, uint32_t *offset)
{
	while (load(fdt->data + *offset) == TOKEN_NOP)
		*offset += 4;
	return load(fdt->data + *offset);
}

/* Offset behind the token at offset and what belongs to it. */
static uint32_t behind(const struct fdt *fdt, uint32_t offset)
{
	const uint8_t *p = fdt->data + offset;

	switch (load(p)) {
	case TOKEN_NODE:
		return align4(offset + 5 + (uint32_t)strlen((char *)p + 4));
	case TOKEN_PROPERTY:
		return align4(offset + 12 + load(p + 4));
	default:
		return offset + 4;
	}
}

/* --- opening: the checks --- */

struct walk {
	const struct fdt *fdt;
	uint32_t at;		/* multiple of 4, <= struct_end */
	uint32_t depth;
	bool after_child;	/* a property may not follow */
	bool seen_root;
};

static bool block_ok(uint32_t start, uint32_t size, uint32_t total)
{
	return start >= FDT_HEADER_SIZE && start <= total &&
	       size <= total - start;
}

static const char *header_check(struct fdt *fdt, const uint8_t *p, size_t size)
{
	if (size < FDT_HEADER_SIZE)
		return "the header is cut off";
	if (load(p) != FDT_MAGIC)
		return "this is no device tree";

	uint32_t total = load(p + 4);

	if (total < FDT_HEADER_SIZE || total > size || total > FDT_SIZE_MAX)
		return "the size in the header is wrong";
	if (load(p + 20) < FDT_VERSION || load(p + 24) > FDT_VERSION)
		return "the version is not 17";
	if (load(p + 8) % 4 || !block_ok(load(p + 8), load(p + 36), total))
		return "the structure block is out of bounds";
	if (!block_ok(load(p + 12), load(p + 32), total))
		return "the strings block is out of bounds";
	fdt->data = p;
	fdt->struct_start = load(p + 8);
	fdt->struct_end = load(p + 8) + (load(p + 36) & ~3u);
	fdt->strings_start = load(p + 12);
	fdt->strings_end = load(p + 12) + load(p + 32);
	return NULL;
}

static const char *node_check(struct walk *w)
{
	const struct fdt *fdt = w->fdt;
	const char *name = (const char *)fdt->data + w->at + 4;
	size_t room = fdt->struct_end - w->at - 4;
	size_t length = strnlen(name, room);

	if (length == room)
		return "the name of a node has no end";
	if (w->depth == 0 && (w->seen_root || length))
		return "there must be one root, without a name";
	if (w->depth == FDT_DEPTH_MAX)
		return "nodes are nested too deeply";
	w->seen_root = true;
	w->after_child = false;
	w->depth++;
	return NULL;
}

static const char *property_check(struct walk *w)
{
	const struct fdt *fdt = w->fdt;

	if (w->depth == 0 || w->after_child)
		return "a property stands behind or outside of nodes";
	if (fdt->struct_end - w->at < 12)
		return "a property is cut off";

	uint32_t size = load(fdt->data + w->at + 4);
	uint32_t name = load(fdt->data + w->at + 8);
	uint32_t strings_size = fdt->strings_end - fdt->strings_start;

	if (size > fdt->struct_end - w->at - 12)
		return "a property is longer than the tree";
	if (name >= strings_size ||
	    strnlen((const char *)fdt->data + fdt->strings_start + name,
		    strings_size - name) == strings_size - name)
		return "the name of a property is out of bounds";
	return NULL;
}

static const char *walk_check(struct walk *w)
{
	for (const char *what = NULL;; w->at = behind(w->fdt, w->at)) {
		if (w->at > w->fdt->struct_end)
			return "the tree is cut off";
		if (w->fdt->struct_end - w->at < 4)
			return "the tree has no end";
		switch (load(w->fdt->data + w->at)) {
		case TOKEN_NODE:
			what = node_check(w);
			break;
		case TOKEN_PROPERTY:
			what = property_check(w);
			break;
		case TOKEN_END_NODE:
			if (w->depth == 0)
				return "a node ends that did not begin";
			w->depth--;
			w->after_child = true;
			break;
		case TOKEN_NOP:
			break;
		case TOKEN_END:
			return w->depth || !w->seen_root ?
			       "the tree ends inside a node" : NULL;
		default:
			return "there is an unknown token";
		}
		if (what)
			return what;
	}
}

bool fdt_open(struct fdt *fdt, const void *data, size_t size,
	      struct fdt_fault *fault)
{
	*fault = (struct fdt_fault){ header_check(fdt, data, size), 0 };
	if (fault->what)
		return false;

	struct walk w = { .fdt = fdt, .at = fdt->struct_start };

	fault->what = walk_check(&w);
	fault->offset = w.at;
	return !fault->what;
}

/* --- navigation in an opened tree --- */

fdt_node fdt_root(const struct fdt *fdt)
{
	uint32_t at = fdt->struct_start;

	token(fdt, &at);
	return (fdt_node){ at };
}

bool fdt_next_property(const struct fdt *fdt, struct fdt_property *property)
{
	uint32_t at = property->next;

	if (token(fdt, &at) != TOKEN_PROPERTY)
		return false;
	*property = (struct fdt_property){
		.name = (const char *)fdt->data + fdt->strings_start +
			load(fdt->data + at + 8),
		.data = fdt->data + at + 12,
		.size = load(fdt->data + at + 4),
		.next = behind(fdt, at),
	};
	return true;
}

bool fdt_first_property(const struct fdt *fdt, fdt_node node,
			struct fdt_property *property)
{
	property->next = behind(fdt, node.offset);
	return fdt_next_property(fdt, property);
}

fdt_node fdt_first_child(const struct fdt *fdt, fdt_node node)
{
	uint32_t at = behind(fdt, node.offset);

	while (token(fdt, &at) == TOKEN_PROPERTY)
		at = behind(fdt, at);
	return (fdt_node){ token(fdt, &at) == TOKEN_NODE ? at : 0 };
}

fdt_node fdt_next_sibling(const struct fdt *fdt, fdt_node node)
{
	uint32_t at = node.offset;
	uint32_t depth = 0;

	do {
		depth += token(fdt, &at) == TOKEN_NODE;
		depth -= token(fdt, &at) == TOKEN_END_NODE;
		at = behind(fdt, at);
	} while (depth);
	return (fdt_node){ token(fdt, &at) == TOKEN_NODE ? at : 0 };
}

const char *fdt_name(const struct fdt *fdt, fdt_node node)
{
	return (const char *)fdt->data + node.offset + 4;
}

fdt_node fdt_child(const struct fdt *fdt, fdt_node node, const char *name)
{
	size_t length = strlen(name);
	fdt_node n = fdt_first_child(fdt, node);

	for (; n.offset; n = fdt_next_sibling(fdt, n)) {
		const char *have = fdt_name(fdt, n);

		if (strncmp(have, name, length) == 0 &&
		    (have[length] == '\0' || have[length] == '@'))
			break;
	}
	return n;
}

void fdt_path(const struct fdt *fdt, fdt_node node, char *text, size_t size)
{
	size_t parent[FDT_DEPTH_MAX], used = 0;
	uint32_t depth = 0, at = fdt->struct_start;

	for (; at <= node.offset; at = behind(fdt, at)) {
		uint32_t what = token(fdt, &at);

		if (what == TOKEN_END_NODE)
			used = parent[--depth];
		if (what != TOKEN_NODE)
			continue;
		parent[depth] = used;
		if (depth++)	/* the root has no name */
			used += format_text(text + used, size - used, "/%s",
					    fdt_name(fdt, (fdt_node){ at }));
	}
	if (!used)
		format_text(text, size, "/");
}

bool fdt_find(const struct fdt *fdt, fdt_node node, const char *name,
	      struct fdt_property *property)
{
	bool more = fdt_first_property(fdt, node, property);

	while (more && strcmp(property->name, name) != 0)
		more = fdt_next_property(fdt, property);
	return more;
}

uint32_t fdt_cell(const struct fdt_property *property, uint32_t i)
{
	return load(property->data + 4 * i);
}

bool fdt_is_string(const struct fdt_property *property)
{
	return property->size &&
	       strnlen((const char *)property->data, property->size) ==
	       property->size - 1;
}

bool fdt_has_string(const struct fdt_property *property, const char *text)
{
	const char *p = (const char *)property->data;
	size_t left = property->size;
	size_t length = strlen(text);

	while (left) {
		size_t have = strnlen(p, left);

		if (have == left)
			return false;
		if (have == length && strcmp(p, text) == 0)
			return true;
		p += have + 1;
		left -= have + 1;
	}
	return false;
}
