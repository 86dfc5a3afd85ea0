/* SPDX-License-Identifier: MIT */
/*
 * The launch description as numbers: what docs/binding.md lets a tree say,
 * read and checked, with nothing of the machine changed yet. A blueprint is
 * immutable once the plan has been checked; every build of the VM reads it.
 */
#pragma once
#include "core/boot_info.h"
#include "core/domain.h"
#include "launch/elf.h"
#include "lib/fdt.h"

#define DOMID_MAX	4095u

struct blueprint {
	fdt_node node;			/* for complaints; launch only */
	char name[DOMAIN_NAME_MAX];
	uint32_t domid, vcpu_count, weight, cap;
	uint32_t port_count, grant_frames, grant_maps;
	uint32_t pool_kib;		/* 0 = computed */
	uint32_t on_poweroff, on_reboot, on_crash;	/* domain_action */
	uint32_t memory_kib;
	uint64_t ram_frames;		/* without special pages */
	uint32_t paused;		/* 0 or 1 */
	uint64_t deny;
	struct fdt_property affinity, peers, pci;	/* size 0 = none */

	uint32_t kernel, ramdisk;	/* boot modules, 0 = none */
	const char *cmdline;		/* never NULL */
	uint64_t start_gpa;		/* page with start_info; cmdline */
	uint64_t ramdisk_gpa;
	struct elf_image image;		/* with cmdline and ramdisk */
};

/* Inside the page at start_gpa. */
#define START_MODULES	64u
#define START_MEMMAP	128u
#define START_CMDLINE	512u
#define CMDLINE_MAX	4096u		/* with its NUL */

struct plan {
	const struct boot_info *boot;
	struct fdt fdt;

	/* 0 or 1 */
	uint32_t poweroff_when_done, no_commands, audit_on_end;
	uint32_t unprotected_dma;
	uint32_t version, exit_port, store;	/* 0: none */
	fdt_node first;			/* domain */
	uint32_t count;			/* of blueprints: domid 1..count */
	struct blueprint *blueprint;	/* [domid - 1] */
};

/*
 * Whatever is wrong stops the machine: arch_panic() from "launch", line 0,
 * with a sentence; here with "PATH: sentence".
 */
_Noreturn void plan_refuse(const struct plan *plan, fdt_node node,
			   const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Opens the tree (module 0), reads the machine's properties and counts the
 * domains.
 */
void plan_open(struct plan *plan, const struct boot_info *boot);
/* Fills plan->blueprint, an array of plan->count zeroed ones. */
void plan_read(struct plan *plan);

/* Whether the domain may share channels with the other one. */
bool plan_is_peer(const struct blueprint *b, uint32_t domid);

/*
 * Where a domain's kernel, start_info, command line and ramdisk go in guest-
 * physical memory: kernel where it wants to be, the others right behind it.
 */

/* Fills the second half of the blueprint from its modules. */
void image_place(const struct plan *plan, struct blueprint *b);

/*
 * From blueprints to the tables of the world: everything that is allocated
 * for domains, vCPUs and CPUs.
 */

/* Creates world.domain and world.cpu, with all domains in DOMAIN_BUILDING. */
void tables_create(const struct plan *plan);

/*
 * Finds the PCI functions of d and fills in their struct device.
 * Returns how many nested page tables mapping their registers takes.
 */
uint64_t device_create(const struct plan *plan, const struct blueprint *b,
		       struct domain *d);

/*
 * The frames of a domain: its RAM as extents, and the page pool that its
 * nested page tables come from.
 */

/* Largest leaf level that maps gfn on mfn with count frames to go. */
unsigned int ram_leaf_level(gfn_t gfn, mfn_t mfn, uint64_t count);

/*
 * Takes all frames of d from the boot allocator and fills in the fields of
 * the group "partition", its pool with so many tables to spare.
 */
void ram_create(const struct plan *plan, const struct blueprint *b,
		struct domain *d, uint64_t tables);

/*
 * Building a VM in its own frames, in bounded pieces; the steps themselves
 * are in launch/launch.h.
 */

/* Launch: blueprint[domid - 1] says how to build each domain, for good. */
void build_use(const struct blueprint *blueprint);

/*
 * The ACPI tables of a guest: a hardware-reduced machine with one local APIC
 * per vCPU, a sleep register to power off with, a PCI bus if the domain has
 * devices, and nothing else. Processor
 * id = APIC id = vCPU index, as Linux takes the first for Xen's vCPU number.
 */

/* Fills the page that the guest sees at GPA_ACPI; the RSDP is at its start. */
void acpi_build(uint8_t page[PAGE_SIZE], unsigned int vcpu_count,
		bool has_pci);
