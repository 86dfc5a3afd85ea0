/* SPDX-License-Identifier: MIT */
/*
 * What a machine has: processors, memory, the IOMMU, PCI functions. As text
 * it can be saved and read again, to check a configuration for that machine
 * before it boots there.
 */
#pragma once
#include "machine.h"

struct function {
	uint16_t bdf;
	unsigned int group; /* functions that can reach each other */
	uint32_t class;	    /* base, sub, interface: 24 bits */
	uint16_t vendor, device;
	uint8_t header;	       /* its type; 0: an ordinary function */
	uint8_t first, last;   /* buses behind a bridge */
	char *regions;	       /* addresses of its registers; "": none */
};

struct inventory {
	char *file; /* where it was read from; NULL: from a running machine */
	uint64_t cpus, memory; /* MiB */
	char *iommu;	       /* its kind, or "none: " and why */
	struct function *function;
	size_t count;
};

/* Adds a function by the registers of its header. */
void inventory_add(struct inventory *v, uint16_t bdf,
		   const uint32_t config[16]);
/* Once all are there: leaves out what is none, sorts, and makes groups. */
void inventory_finish(struct inventory *v);
void inventory_print(const struct inventory *v, struct text *out);
void inventory_json(const struct inventory *v, struct text *out);
/* Reads what inventory_print() wrote, as the content of this file. */
bool inventory_parse(const char *path, const struct blob *b,
		     struct inventory *out, struct faults *faults);
bool inventory_read(const char *path, struct inventory *out,
		    struct faults *faults);
/* What that machine cannot give to this configuration. */
void inventory_check(const struct inventory *v, const struct machine *m,
		     struct faults *faults);
void inventory_free(struct inventory *v);

/* "00:05.0"; to be freed. */
char *function_name(uint16_t bdf);
