/* SPDX-License-Identifier: MIT */
/*
 * QEMU as the machine under the VMM: its command line, its process.
 * Nothing is written to disk for it: the tree lives in anonymous memory and
 * every file is passed as an open descriptor, named /proc/self/fd/N. The
 * serial ports are socket pairs. If this process dies, however it dies, the
 * kernel kills QEMU (PR_SET_PDEATHSIG).
 */
#pragma once
#include "command.h"
#include "machine.h"
#include <sys/types.h>

#define QEMU_EXIT_PORT 0xf4u

struct qemu_options {
	const struct arguments *given; /* for --qemu-arg */
	const char *program;	       /* --qemu */
	char *vmm;		       /* path of the VMM's image */
	bool kvm, icount, verbose;
	uint64_t gdb_port; /* 0: none */
	uint64_t timeout;  /* seconds, 0: none */
	uint64_t port;	   /* first host port to forward, 0: as configured */
	const char *save;  /* --save-modules */
	const char *http;  /* --http; NULL: no page */
};

struct qemu {
	pid_t pid;	/* 0: none */
	int com1, com2; /* our ends */
	int errors;	/* what QEMU says */
};

/* Reads the options that all starting commands share; false: complained. */
bool qemu_options_read(const struct arguments *a, struct qemu_options *out);
void qemu_options_free(struct qemu_options *o);
/* The image to start: an option's, BULKHEAD_VMM's or the tool's own. */
char *qemu_vmm_path(const char *given);
/* The program's path if it can be run, or NULL. Freed by the caller. */
char *program_find(const char *name);
/* KVM can run a VMM inside: the device works and nesting is on. */
bool qemu_kvm_nests(void);

/* Starts QEMU; false after a sentence. */
bool qemu_start(const struct qemu_options *o, const struct machine *m,
		struct qemu *out);
/* Ends QEMU if it still runs; returns its wait status. */
int qemu_stop(struct qemu *q);
/* --save-modules: files and the command instead of a process. */
int qemu_save(const struct qemu_options *o, const struct machine *m);
