/* SPDX-License-Identifier: MIT */
/*
 * A machine: its machine.conf, its VMs and the files they start from.
 * machine_read() gathers, machine_load() opens the modules, machine_plan()
 * does the sums; each reports everything that is wrong and goes on.
 */
#pragma once
#include "hardware.h"
#include "kernel.h"
#include "vm.h"

#define MACHINE_FILE	"machine.conf"
#define MACHINE_VMS_MAX 1024u

/* A boot module; its number is its place plus one (0 is the tree). */
struct module {
	char *path;
	bool is_kernel;
	int fd; /* what the VMM gets, from offset 0 */
	size_t size;
	struct elf_kernel elf;
};

struct machine {
	char *folder;
	char *conf; /* machine.conf as seen from here; NULL: has none */
	char *name;
	uint64_t memory; /* MiB; 0: what the VMs need */
	uint64_t cpus;
	bool poweroff_when_done;
	bool commands;
	bool audit_on_end;
	bool unprotected_dma; /* pci without an IOMMU */
	bool intel_iommu;     /* QEMU's, else AMD's */
	uint64_t exit_port; /* 0: none */
	char *store;	    /* name of the xenstore VM; NULL: none */
	unsigned int store_domid;
	bool *share; /* vm_count x vm_count, by number less one */
	unsigned int memory_line;
	struct vm *vm;
	size_t vm_count;
	struct hardware *hardware; /* of QEMU's machine */
	size_t hardware_count;
	struct module *module;
	size_t module_count;
};

extern const struct key_table machine_keys;

void machine_defaults(struct machine *m);
bool machine_read(const char *folder, struct machine *m, struct faults *faults);
void machine_load(struct machine *m, const char *cache, struct faults *faults);
void machine_plan(struct machine *m, struct faults *faults);
/* Whether any VM owns a PCI function. */
bool machine_has_pci(const struct machine *m);
void machine_free(struct machine *m);

/* The name of a VM that is most like this one, or NULL. */
const char *machine_near(const struct machine *m, const char *name);
/* MiB that the VMs, their files and the VMM take. */
uint64_t machine_need(const struct machine *m);
/* The folder of unpacked kernels; freed by the caller; NULL: none. */
char *machine_cache(void);
