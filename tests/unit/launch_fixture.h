/* SPDX-License-Identifier: MIT */
/*
 * A mock machine with a boot loader: RAM that is full of rubbish, modules in
 * it, and launch descriptions in which any property can be changed.
 */
#pragma once
#include "core/boot_info.h"
#include "core/domain.h"
#include "kernel.h"

#define FIXTURE_RUBBISH	0xa5u		/* every byte of RAM at power-on */

extern struct boot_info fixture_boot;
extern char fixture_text[256];		/* a refusal's sentence */
extern struct kernel fixture_kernel;	/* boot module 1 */
extern uint8_t fixture_ramdisk[5000];	/* boot module 2 */

/* A machine; rubbish: whether RAM is filled (else it is zeroed, sparse). */
void fixture_start(uint64_t ram_mib, bool rubbish);

/*
 * What the next description differs in: in each node of this kind ("root",
 * "chosen", "machine", "domain", "kernel", "ramdisk") the property gets this
 * value; data NULL takes it away; twice writes it again with its new value.
 * A kind of NULL: no difference.
 */
struct fixture_change {
	const char *kind, *name;
	const void *data;
	size_t size;
	bool twice;
};
extern struct fixture_change fixture_change;

/* A domain of the description; zero fields mean what is usual. */
struct fixture_domain {
	uint32_t domid;			/* its place in the list + 1 */
	uint32_t mib;			/* 16 */
	uint32_t vcpus;			/* 1 */
	const char *name;		/* vm1, vm2, .. */
	const char *cmdline;		/* "console=hvc0" */
	bool ramdisk;
	const uint32_t *cells;		/* value of an extra list property */
	uint32_t cell_count;
	const char *list;		/* its name */
};
/* The tree as a malloc()ed blob. */
void *fixture_describe(const struct fixture_domain *domain, uint32_t count,
		       size_t *size);
/*
 * launch_machine(): 0, or -1 if it refused, and its sentence is in
 * fixture_text. Any other panic is the test's end.
 */
int fixture_try(void);
/* fixture_describe(), then fixture_try(). */
int fixture_launch(const struct fixture_domain *domain, uint32_t count);
/* The usual domain, alone, with one property of a node changed. */
extern const struct fixture_domain fixture_one;
int launch_changed(const char *kind, const char *name,
			   const void *data, size_t size);
int launch_number(const char *kind, const char *name, uint32_t value);
/* A number as it stands in a tree. */
uint32_t be(uint32_t n);

/* All build steps; returns how many, and makes d DOMAIN_RUNNING. */
unsigned int fixture_build(struct domain *d);
/* Reads guest memory through d's p2m; absent frames read as ones. */
void fixture_read(const struct domain *d, uint64_t gpa, void *to, size_t size);
