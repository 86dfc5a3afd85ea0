/* SPDX-License-Identifier: MIT */
/*
 * What a machine cannot give to a configuration: the VMM would refuse the
 * same when it boots there (vmm/launch/device.c).
 */
#include "inventory.h"

#include <inttypes.h>
#include <stdlib.h>

#define BRIDGE 0x06u
#define SYSTEM 0x08u
#define NAMED  4u /* functions that a sentence names at most */

struct look {
	const struct inventory *v;
	const struct machine *m;
	const struct vm *vm;
	const char *name; /* of the function */
	struct faults *faults;
};

static bool is_machines(const struct function *f)
{
	return f->header || f->class >> 16 == BRIDGE ||
	       f->class >> 16 == SYSTEM;
}

static struct place place_of(const struct look *l)
{
	return (struct place){ l->vm->file, l->vm->pci_line };
}

static const struct vm *owner_of(const struct machine *m, uint16_t bdf)
{
	for (size_t i = 0; i < m->vm_count; i++)
		for (size_t k = 0; k < m->vm[i].pci_count; k++)
			if (m->vm[i].pci[k] == bdf)
				return &m->vm[i];
	return NULL;
}

static void not_there(const struct look *l)
{
	struct text t = { 0 };
	unsigned int named = 0;

	text_add_bytes(&t, "", 0);
	for (size_t i = 0; i < l->v->count && named < NAMED; i++) {
		const struct function *f = &l->v->function[i];
		char *name = function_name(f->bdf);

		if (!is_machines(f) && !(f->bdf >> 8) &&
		    !owner_of(l->m, f->bdf))
			text_add(&t, "%s%s", named++ ? ", " : "", name);
		free(name);
	}
	if (named)
		fault_add(l->faults, place_of(l),
			  "'pci' names %s, which the machine of %s does not "
			  "have: write one that it has, for example %s",
			  l->name, l->v->file, t.at);
	else
		fault_add(l->faults, place_of(l),
			  "'pci' names %s, which the machine of %s does not "
			  "have: remove it",
			  l->name, l->v->file);
	text_free(&t);
}

/* Whoever else is in its group; one sentence. */
static void group_check(const struct look *l, const struct function *f)
{
	for (size_t i = 0; i < l->v->count; i++) {
		const struct function *other = &l->v->function[i];
		const struct vm *owner = owner_of(l->m, other->bdf);
		bool machines = is_machines(other);

		if (other == f || other->group != f->group ||
		    (!machines && (!owner || owner == l->vm)))
			continue;
		char *name = function_name(other->bdf);

		if (machines)
			fault_add(l->faults, place_of(l),
				  "'pci' names %s, which shares its IOMMU "
				  "group with %s, a bridge or a function of "
				  "the machine: remove it, or move the device "
				  "to a slot of its own",
				  l->name, name);
		else
			fault_add(l->faults, place_of(l),
				  "'pci' names %s, which shares its IOMMU "
				  "group with %s of VM '%s': give both to one "
				  "VM",
				  l->name, name, owner->name);
		free(name);
		return;
	}
}

static void function_check(const struct look *l, uint16_t bdf)
{
	const struct function *f = NULL;

	for (size_t i = 0; i < l->v->count; i++)
		if (l->v->function[i].bdf == bdf)
			f = &l->v->function[i];
	if (!f)
		not_there(l);
	else if (is_machines(f))
		fault_add(l->faults, place_of(l),
			  "'pci' names %s, which is a bridge or belongs to "
			  "the machine: remove it",
			  l->name);
	else if (bdf >> 8)
		fault_add(l->faults, place_of(l),
			  "'pci' names %s, which is behind a bridge: only "
			  "functions of bus 00 can be given, remove it",
			  l->name);
	else
		group_check(l, f);
}

static void vm_check(struct look *l)
{
	const struct vm *vm = l->vm;

	for (size_t i = 0; i < vm->pci_count; i++) {
		char *name = function_name(vm->pci[i]);

		l->name = name;
		function_check(l, vm->pci[i]);
		free(name);
	}
	if (vm->pci_count && text_starts(l->v->iommu, "none") &&
	    !l->m->unprotected_dma)
		fault_add(l->faults, place_of(l),
			  "'pci' needs an IOMMU and the machine of %s has %s: "
			  "remove it, or accept that its owner can reach all "
			  "memory by unprotected_dma = 1 in %s",
			  l->v->file, l->v->iommu, MACHINE_FILE);
	for (uint64_t i = 0; vm->affinity && i < vm->vcpus; i++) {
		if (vm->affinity[i] < l->v->cpus)
			continue;
		fault_add(l->faults, (struct place){ vm->file, vm->cpus_line },
			  "'cpus' names CPU %u and the machine of %s has "
			  "%" PRIu64 ": write CPUs from 0 to %" PRIu64,
			  vm->affinity[i], l->v->file, l->v->cpus,
			  l->v->cpus - 1);
		return;
	}
}

void inventory_check(const struct inventory *v, const struct machine *m,
		     struct faults *faults)
{
	struct look l = { v, m, NULL, NULL, faults };

	for (size_t i = 0; i < m->vm_count; i++) {
		l.vm = &m->vm[i];
		vm_check(&l);
	}
	/* The VMM counts no RAM below 1 MiB, and whole MiB are told. */
	if (machine_need(m) > v->memory + 1)
		fault_add(faults,
			  (struct place){ m->conf ? m->conf : m->folder,
					  m->memory_line },
			  "the VMs and the VMM need %" PRIu64 " MiB and the "
			  "machine of %s has %" PRIu64 ": write smaller "
			  "'memory' in VMs",
			  machine_need(m), v->file, v->memory);
}
