/* SPDX-License-Identifier: MIT */
/* A mock machine with a boot loader. */
#include "launch_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/mock/mock.h"
#include "core/arch.h"
#include "core/p2m.h"
#include "core/world.h"
#include "launch/launch.h"
#include "tree.h"

#define MIB		(1ull << 20)
#define MODULES_AT	(2 * MIB)	/* kernel, ramdisk, tree */

struct boot_info fixture_boot;
char fixture_text[256];
struct kernel fixture_kernel;
uint8_t fixture_ramdisk[5000];
struct fixture_change fixture_change;

static void place(struct boot_module *m, uint64_t at, const void *data,
		  size_t size)
{
	uint8_t *to = arch_frame_ptr(mfn_of(at));

	memcpy(to, data, size);
	*m = (struct boot_module){ to, at, size };
}

void fixture_start(uint64_t ram_mib, bool rubbish)
{
	mock_start(ram_mib * MIB / PAGE_SIZE);
	memset(&world, 0, sizeof(world));
	fixture_change = (struct fixture_change){ 0 };
	if (rubbish)
		memset((void *)MOCK_ARENA, FIXTURE_RUBBISH, ram_mib * MIB);
	kernel_make(&fixture_kernel);
	for (size_t i = 0; i < sizeof(fixture_ramdisk); i++)
		fixture_ramdisk[i] = (uint8_t)(i * 13 + 5);
	fixture_boot = (struct boot_info){
		.ram = { { 0, 0x9f000 }, { MIB, ram_mib * MIB } },
		.ram_count = 2,
		.vmm = { { 0, MIB }, { MIB, 2 * MIB } },
		.vmm_count = 2,
		.module_count = 3,
		.cpu_count = 2,
	};
}

/* --- the description --- */

/* One property, as it is or as fixture_change wants it. */
static void put(const char *kind, const char *name, const void *data,
		size_t size)
{
	const struct fixture_change *c = &fixture_change;

	if (!c->kind || strcmp(c->kind, kind) || strcmp(c->name, name)) {
		if (data)
			tree_data(name, data, size);
		return;
	}
	if (c->data)
		tree_data(name, c->data, c->size);
	if (c->twice)
		tree_data(name, c->data, c->size);
}

static void put_text(const char *kind, const char *name, const char *text)
{
	put(kind, name, text, strlen(text) + 1);
}

static void put_cells(const char *kind, const char *name,
		      const uint32_t *value, uint32_t count)
{
	uint32_t cell[64];

	for (uint32_t i = 0; i < count && i < 64; i++)
		cell[i] = be(value[i]);
	put(kind, name, cell, count * 4);
}

static void put_cell(const char *kind, const char *name, uint32_t value)
{
	put_cells(kind, name, &value, 1);
}

/* The change may be of a property that is not there by itself. */
static void put_new(const char *kind, const char *const *known)
{
	const struct fixture_change *c = &fixture_change;

	if (!c->kind || strcmp(c->kind, kind))
		return;
	for (; *known; known++)
		if (strcmp(*known, c->name) == 0)
			return;
	put(kind, c->name, NULL, 0);
}

static void put_module(const char *kind, uint32_t index, const char *cmdline)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "multiboot,%s", kind) + 1;

	n += snprintf(text + n, sizeof(text) - (size_t)n,
		      "multiboot,module") + 1;
	snprintf(text + n, sizeof(text) - (size_t)n, "module@%u", index);
	tree_node(text + n);
	put(kind, "compatible", text, (size_t)n);
	put_cell(kind, "mb-index", index);
	if (cmdline)
		put_text(kind, "bootargs", cmdline);
	put_new(kind, (const char *const[]){ "compatible", "mb-index",
					     "bootargs", NULL });
	tree_end();
}

static void put_domain(const struct fixture_domain *d, uint32_t place_in_list)
{
	static const char *const known[] = {
		"compatible", "domid", "bulkhead,name", "memory", "cpus", NULL
	};
	uint32_t domid = d->domid ? d->domid : place_in_list + 1;
	uint32_t memory[2] = { 0, (d->mib ? d->mib : 16) << 10 };
	char name[32];

	snprintf(name, sizeof(name), "domain@%u", domid);
	tree_node(name);
	snprintf(name, sizeof(name), "vm%u", place_in_list + 1);
	put_text("domain", "compatible", "xen,domain");
	put_cell("domain", "domid", domid);
	put_text("domain", "bulkhead,name", d->name ? d->name : name);
	put_cells("domain", "memory", memory, 2);
	put_cell("domain", "cpus", d->vcpus ? d->vcpus : 1);
	if (d->list)
		put_cells("domain", d->list, d->cells, d->cell_count);
	put_new("domain", known);
	put_module("kernel", 1, d->cmdline ? d->cmdline : "console=hvc0");
	if (d->ramdisk)
		put_module("ramdisk", 2, NULL);
	tree_end();
}

void *fixture_describe(const struct fixture_domain *domain, uint32_t count,
		       size_t *size)
{
	static const char *const none[] = { NULL };

	tree_begin();
	put_new("root", none);
	tree_node("chosen");
	put_new("chosen", none);
	tree_node("hypervisor");
	put("machine", "compatible", "hypervisor,xen\0bulkhead,vmm", 28);
	put_cell("machine", "bulkhead,version", 1);
	put_new("machine", (const char *const[]){ "compatible",
						  "bulkhead,version", NULL });
	for (uint32_t i = 0; i < count; i++)
		put_domain(&domain[i], i);
	tree_end();
	tree_end();
	return tree_finish(size);
}

int fixture_try(void)
{
	static const char refusal[] = "launch:0: ";
	jmp_buf stop;

	fixture_text[0] = '\0';
	mock.panic_to = &stop;
	if (setjmp(stop) == 0) {
		launch_machine(&fixture_boot);
		mock.panic_to = NULL;
		return 0;
	}
	mock.panic_to = NULL;
	if (strncmp(mock.panic, refusal, strlen(refusal)) != 0) {
		fprintf(stderr, "%s\n", mock.panic);
		abort();
	}
	snprintf(fixture_text, sizeof(fixture_text), "%s",
		 mock.panic + strlen(refusal));
	return -1;
}

int fixture_launch(const struct fixture_domain *domain, uint32_t count)
{
	struct boot_module *m = fixture_boot.module;
	size_t size;
	void *tree = fixture_describe(domain, count, &size);

	place(&m[1], MODULES_AT, &fixture_kernel, sizeof(fixture_kernel));
	place(&m[2], m[1].address + ROUND_UP(m[1].size, PAGE_SIZE),
	      fixture_ramdisk, sizeof(fixture_ramdisk));
	place(&m[0], m[2].address + ROUND_UP(m[2].size, PAGE_SIZE), tree,
	      size);
	free(tree);
	return fixture_try();
}

const struct fixture_domain fixture_one;

int launch_changed(const char *kind, const char *name,
			   const void *data, size_t size)
{
	fixture_change = (struct fixture_change){ kind, name, data, size,
						  false };
	return fixture_launch(&fixture_one, 1);
}

uint32_t be(uint32_t n)
{
	return __builtin_bswap32(n);
}

int launch_number(const char *kind, const char *name, uint32_t value)
{
	value = be(value);
	return launch_changed(kind, name, &value, 4);
}

/* --- a domain --- */

unsigned int fixture_build(struct domain *d)
{
	unsigned int steps = 1;

	d->job_step = 0;
	d->job_cursor = d->job_aux = 0;
	while (!build_step(d)) {
		steps++;
		mock.time += d->device_count ? NSEC_PER_MS : 0;
	}
	d->state = DOMAIN_RUNNING;
	return steps;
}

void fixture_read(const struct domain *d, uint64_t gpa, void *to, size_t size)
{
	uint8_t *p = to;

	for (; size; gpa++, p++, size--) {
		struct p2m_entry e = p2m_lookup(d, gfn_of(gpa));
		const uint8_t *from;

		*p = 0xff;
		if (e.kind == P2M_NONE)
			continue;
		from = arch_frame_ptr(e.mfn);
		*p = from[gpa % PAGE_SIZE];
	}
}
