/* SPDX-License-Identifier: MIT */
/*
 * The inventory of a machine; see inventory.h. A group is what one owner must
 * have whole: the functions of one device, and a bridge with all behind it.
 */
#include "inventory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVENTORY_MAX (1u << 20)

char *function_name(uint16_t bdf)
{
	return text_format("%02x:%02x.%x", bdf >> 8, bdf >> 3 & 31u, bdf & 7u);
}

static const struct function *function_find(const struct inventory *v,
					    uint16_t bdf)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->function[i].bdf == bdf)
			return &v->function[i];
	return NULL;
}

/* Addresses of the regions: the upper half follows a lower one. */
static char *regions_text(const uint32_t *bar, unsigned int count)
{
	struct text t = { 0 };

	text_add_bytes(&t, "", 0);
	for (unsigned int i = 0; i < count; i++) {
		bool port = bar[i] & 1;
		bool wide = !port && (bar[i] & 4) && i + 1 < count;
		uint64_t at = bar[i] & (port ? ~3u : ~15u);

		if (wide)
			at |= (uint64_t)bar[++i] << 32;
		if (at)
			text_add(&t, "%s%s%" PRIx64, t.length ? " " : "",
				 port ? "port:" : "", at);
	}
	return t.at;
}

static struct function *function_new(struct inventory *v)
{
	v->function = mem_grow(v->function, v->count + 1,
			       sizeof(v->function[0]));
	v->function[v->count] = (struct function){ 0 };
	return &v->function[v->count++];
}

void inventory_add(struct inventory *v, uint16_t bdf, const uint32_t config[16])
{
	struct function *f = function_new(v);

	f->bdf = bdf;
	f->vendor = (uint16_t)config[0];
	f->device = (uint16_t)(config[0] >> 16);
	f->class = config[2] >> 8;
	f->header = (uint8_t)(config[3] >> 16); /* with its top bit, for now */
	if ((f->header & 0x7f) == 1) {
		f->first = (uint8_t)(config[6] >> 8);
		f->last = (uint8_t)(config[6] >> 16);
	}
	f->regions = regions_text(config + 4, f->header & 0x7f ? 2 : 6);
}

static int by_number(const void *a, const void *b)
{
	return ((const struct function *)a)->bdf -
	       ((const struct function *)b)->bdf;
}

/* A device of one function may answer for all eight. */
static bool is_echo(const struct inventory *v, const struct function *f)
{
	const struct function *first =
		function_find(v, (uint16_t)(f->bdf & ~7u));

	return first && first != f && !(first->header & 0x80);
}

/* The device, on bus 0 if it can be, through which this one is reached. */
static uint16_t root_of(const struct inventory *v, uint16_t bdf)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct function *b = &v->function[i];

		/* Buses only go up: this ends. */
		if (b->first && b->first <= bdf >> 8 && b->last >= bdf >> 8 &&
		    b->first > b->bdf >> 8)
			return root_of(v, b->bdf);
	}
	return (uint16_t)(bdf & ~7u);
}

void inventory_finish(struct inventory *v)
{
	unsigned int groups = 0;
	size_t kept = 0;

	if (!v->count)
		return;
	qsort(v->function, v->count, sizeof(v->function[0]), by_number);
	for (size_t i = 0; i < v->count; i++)
		if (is_echo(v, &v->function[i]))
			v->function[i].vendor = 0xffff;
	for (size_t i = 0; i < v->count; i++) {
		if (v->function[i].vendor == 0xffff)
			free(v->function[i].regions);
		else
			v->function[kept++] = v->function[i];
	}
	v->count = kept;
	for (size_t i = 0; i < v->count; i++) {
		struct function *f = &v->function[i];
		size_t k = 0;

		f->header &= 0x7f;
		while (root_of(v, v->function[k].bdf) != root_of(v, f->bdf))
			k++;
		f->group = k < i ? v->function[k].group : groups++;
	}
}

void inventory_free(struct inventory *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->function[i].regions);
	free(v->function);
	free(v->iommu);
	free(v->file);
	*v = (struct inventory){ 0 };
}

/* --- as text --- */

static const char *class_name(uint32_t class)
{
	static const char *const names[] = {
		"old", "storage", "network", "display", "multimedia",
		"memory", "bridge", "communication", "system", "input",
		"docking", "processor", "serial bus", "wireless",
		"intelligent", "satellite", "encryption", "signals",
		"accelerator", "instrument",
	};

	return class >> 16 < ARRAY_COUNT(names) ? names[class >> 16] : "other";
}

void inventory_print(const struct inventory *v, struct text *out)
{
	text_add(out, "cpus %" PRIu64 "\nmemory %" PRIu64 " MiB\niommu %s\n",
		 v->cpus, v->memory, v->iommu);
	text_add(out, "# function, group, class, vendor:device, registers\n");
	for (size_t i = 0; i < v->count; i++) {
		const struct function *f = &v->function[i];
		char *name = function_name(f->bdf);

		text_add(out, "%s %3u %06x %04x:%04x", name, f->group,
			 f->class, f->vendor, f->device);
		if (f->header)
			text_add(out, " header %u", f->header);
		if (f->first)
			text_add(out, " buses %02x-%02x", f->first, f->last);
		text_add(out, "%s%s # %s\n", *f->regions ? " " : "",
			 f->regions, class_name(f->class));
		free(name);
	}
}

static void json_string(struct text *out, const char *s)
{
	text_add(out, "\"");
	for (; *s; s++)
		if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ')
			text_add(out, "\\u%04x", (unsigned char)*s);
		else
			text_add(out, "%c", *s);
	text_add(out, "\"");
}

static void json_regions(struct text *out, const char *regions)
{
	char *copy = text_copy(regions), *rest = copy, *word;
	const char *comma = "";

	text_add(out, "\"registers\": [");
	while ((word = strsep(&rest, " ")))
		if (*word) {
			text_add(out, "%s\"%s\"", comma, word);
			comma = ", ";
		}
	text_add(out, "]");
	free(copy);
}

void inventory_json(const struct inventory *v, struct text *out)
{
	text_add(out, "{\"cpus\": %" PRIu64 ", \"memory_mib\": %" PRIu64
		      ", \"iommu\": ", v->cpus, v->memory);
	json_string(out, v->iommu);
	text_add(out, ", \"functions\": [");
	for (size_t i = 0; i < v->count; i++) {
		const struct function *f = &v->function[i];
		char *name = function_name(f->bdf);

		text_add(out, "%s\n{\"function\": \"%s\", \"group\": %u, "
			      "\"class\": \"%06x\", \"vendor\": \"%04x\", "
			      "\"device\": \"%04x\", \"header\": %u, ",
			 i ? "," : "", name, f->group, f->class, f->vendor,
			 f->device, f->header);
		if (f->first)
			text_add(out, "\"buses\": [%u, %u], ", f->first,
				 f->last);
		json_regions(out, f->regions);
		text_add(out, "}");
		free(name);
	}
	text_add(out, "\n]}\n");
}

/* --- read again --- */

static bool function_read(struct inventory *v, const char *line)
{
	unsigned int bus, slot, n, group, class, vendor, device, header, a, b;
	int used = 0, more = 0;

	if (sscanf(line, "%2x:%2x.%1x %u %6x %4x:%4x%n", &bus, &slot, &n,
		   &group, &class, &vendor, &device, &used) != 7 ||
	    bus > 255 || slot > 31 || n > 7 || class > 0xffffff ||
	    vendor > 0xffff || device > 0xffff)
		return false;
	struct function *f = function_new(v);

	*f = (struct function){
		(uint16_t)(bus << 8 | slot << 3 | n), group, class,
		(uint16_t)vendor, (uint16_t)device, 0, 0, 0, NULL
	};
	line += used;
	f->regions = text_copy("");
	if (sscanf(line, " header %u%n", &header, &more) == 1) {
		if (!header || header > 127)
			return false;
		f->header = (uint8_t)header;
		line += more;
	}
	if (sscanf(line, " buses %2x-%2x%n", &a, &b, &more) == 2) {
		if (!a || a > b || b > 255)
			return false;
		f->first = (uint8_t)a;
		f->last = (uint8_t)b;
		line += more;
	}
	line += strspn(line, " ");
	free(f->regions);
	f->regions = text_copy(line);
	return strspn(line, "0123456789abcdefport: ") == strlen(line);
}

static bool line_read(struct inventory *v, char *line)
{
	int end = 0;

	line[strcspn(line, "#")] = '\0';
	for (size_t n = strlen(line); n && strchr(" \r", line[n - 1]);)
		line[--n] = '\0';
	if (!*line)
		return true;
	if (sscanf(line, "cpus %" SCNu64 "%n", &v->cpus, &end) == 1 ||
	    sscanf(line, "memory %" SCNu64 " MiB%n", &v->memory, &end) == 1)
		return end && !line[end];
	if (text_starts(line, "iommu ")) {
		free(v->iommu);
		v->iommu = text_copy(line + strlen("iommu "));
		return true;
	}
	return function_read(v, line);
}

bool inventory_parse(const char *path, const struct blob *b,
		     struct inventory *out, struct faults *faults)
{
	char *copy = text_copy_n((char *)b->at, b->size), *rest = copy, *line;
	struct place where = { path, 0 };
	size_t before = faults->bad;

	*out = (struct inventory){ .file = text_copy(path) };
	while ((line = strsep(&rest, "\n"))) {
		char *whole = text_copy(line);

		where.line++;
		if (!line_read(out, line))
			fault_add(faults, where, "'%s' is no line of an "
				  "inventory: remove it, or write the file "
				  "anew with `bulkhead inventory --save`",
				  whole);
		free(whole);
	}
	where.line = 0;
	if (faults->bad == before &&
	    (!out->cpus || !out->memory || !out->iommu || !out->count))
		fault_add(faults, where, "the inventory lacks cpus, memory, "
			  "iommu or functions: write it anew with `bulkhead "
			  "inventory --save`");
	free(copy);
	return faults->bad == before;
}

bool inventory_read(const char *path, struct inventory *out,
		    struct faults *faults)
{
	struct blob b;
	int err = file_read(path, INVENTORY_MAX, &b);

	if (err) {
		*out = (struct inventory){ 0 };
		fault_add(faults, (struct place){ path, 0 },
			  "the inventory cannot be read (%s): write one with "
			  "`bulkhead inventory --save %s` while the machine "
			  "runs",
			  strerror(err), path);
		return false;
	}
	bool good = inventory_parse(path, &b, out, faults);

	blob_free(&b);
	return good;
}
