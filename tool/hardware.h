/* SPDX-License-Identifier: MIT */
/*
 * What QEMU's machine has beside processors and memory, one string of
 * qemu_devices = [ ] in machine.conf for each: a model, then NAME=VALUE. A
 * real machine brings its own; so nothing of this gets into an ISO.
 */
#pragma once
#include "fault.h"

enum hardware_kind { HARDWARE_NIC, HARDWARE_DISK };

/* A port of this host's 127.0.0.1 that leads into the machine. */
struct forward {
	unsigned int host, port;
	char address[16]; /* of a VM: 10.0.2.15 */
};

struct hardware {
	const struct hardware_model *model; /* NULL: unknown */
	uint16_t bdf;
	char *file;    /* disk: its image, as seen from here */
	uint64_t size; /* MiB of an image that is made; 0: it must exist */
	struct forward *forward; /* NIC */
	size_t forward_count;
	bool outside; /* NIC: it reaches the host's networks */
	unsigned int line;
};

struct machine;

/* `out` is complete whatever is wrong; file= is seen from `folder`. */
void hardware_parse(const char *text, struct place where, const char *folder,
		    struct hardware *out, struct faults *faults);
void hardware_free(struct hardware *h);
/* What can be said only when all devices and VMs are known. */
void hardware_check(const struct machine *m, struct faults *faults);
enum hardware_kind hardware_kind(const struct hardware *h);

/* --- hardware_start.c --- */

/* Forwards host ports from `first` up, unless that is 0. False: complained. */
bool hardware_renumber(struct machine *m, uint64_t first);
/* Makes images that are to be made, tries ports. False: complained. */
bool hardware_prepare(const struct machine *m);
/* QEMU's words for number i: -device's, and -netdev's or -drive's. */
char *hardware_device(const struct hardware *h, size_t i);
char *hardware_back(const struct hardware *h, size_t i);
/* The model in QEMU's words. */
const char *hardware_words(const struct hardware *h);
