/* SPDX-License-Identifier: MIT */
/*
 * One VM as its xl.cfg file describes it.
 */
#pragma once
#include "device.h"
#include "keys.h"

#define VM_VCPUS_MAX  32u
#define VM_MEMORY_MAX (1u << 22) /* MiB: 4 TiB */
#define VM_CPU_MAX    1023u
#define VM_MAPS_MAX   (1u << 20) /* grants that it may hold mapped */
#define VM_UNSET      UINT64_MAX

enum vm_action { VM_DESTROY, VM_RESTART, VM_PRESERVE };

struct vm {
	char *file; /* its configuration, for messages */
	char *name;
	char *kernel, *ramdisk; /* as seen from the working directory */
	char *cmdline;		/* complete; may be NULL */
	uint64_t memory, vcpus; /* memory in MiB */
	uint64_t weight, cap;
	unsigned int *affinity; /* a physical CPU per vCPU, or NULL */
	enum vm_action on_poweroff, on_reboot, on_crash;
	bool driver_domain, paused;
	/* 0 (maps: VM_UNSET) until the machine says what devices need. */
	uint64_t grant_maps, grant_frames, event_ports;
	uint64_t pool; /* KiB */
	uint64_t store_arena; /* KiB of its own in the xenstore */
	struct disk *disk;
	size_t disk_count;
	struct vif *vif;
	size_t vif_count;
	char **peer; /* channels */
	size_t peer_count;
	char **after; /* start_after */
	size_t after_count;
	unsigned int *deny;
	size_t deny_count;
	uint16_t *pci; /* functions that it owns */
	size_t pci_count;
	bool is_store; /* made by the tool, not read from a file */
	/* Lines, for messages that come later. */
	unsigned int kernel_line, ramdisk_line, memory_line, name_line;
	unsigned int peer_line, cpus_line, pci_line, after_line;

	unsigned int domid;		      /* from here on: by the machine */
	size_t device_count; /* that it uses and serves */
	size_t kernel_module, ramdisk_module; /* 0: none */
};

extern const struct key_table vm_keys;

/* What a VM is before its file is read. */
void vm_defaults(struct vm *vm);
/* Reads and checks one VM; what is wrong goes to `faults`. */
void vm_from_cfg(const struct cfg *c, struct vm *vm, struct faults *faults);
/* Whether it uses a disk or network of another VM. */
bool vm_is_client(const struct vm *vm);
void vm_free(struct vm *vm);
const char *vm_action_name(enum vm_action a);
