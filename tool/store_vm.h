/* SPDX-License-Identifier: MIT */
/*
 * The xenstore VM: found beside the tool, as large as its clients need, its
 * RAM disk the tree that it begins with. machine.conf may name another VM
 * for this (`store`); without a RAM disk of its own that one gets the tree,
 * too.
 */
#pragma once
#include "machine.h"

#define STORE_VM_NAME "store"

/* Adds the VM, unless machine.conf names one that is there. */
void store_vm_add(struct machine *m, struct faults *faults);
/* Arenas of all VMs, then memory and tables of the store. */
void store_vm_size(struct machine *m);
/* Makes the tree its RAM disk. */
void store_vm_load(struct machine *m, struct faults *faults);

/* The numbers and addresses of a VM's devices: defaults, doubles. */
void device_numbers(const struct machine *m, struct vm *vm,
		    struct faults *faults);
