/* SPDX-License-Identifier: MIT */
/*
 * Numbers and addresses of devices: what is not written follows from names,
 * so that a machine has the same ones each time.
 */
#include "store_vm.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash_add(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return (hash ^ '/') * 16777619u;
}

/* Xen's own prefix, then three bytes out of machine, VM and number. */
static void mac_make(const struct machine *m, const struct vm *vm,
		     struct vif *v, unsigned int attempt)
{
	char *tail = text_format("%u/%u", v->id, attempt);
	uint32_t hash = hash_add(2166136261u, m->name ? m->name : "");

	hash = hash_add(hash, vm->name ? vm->name : "");
	hash = hash_add(hash, tail);
	v->mac[0] = 0x00;
	v->mac[1] = 0x16;
	v->mac[2] = 0x3e;
	v->mac[3] = (uint8_t)(hash >> 24 & 0x7f);
	v->mac[4] = (uint8_t)(hash >> 16 ^ hash);
	v->mac[5] = (uint8_t)(hash >> 8);
	free(tail);
}

/* Another interface with the same address; NULL: none. */
static const struct vif *mac_taken(const struct machine *m, const struct vif *v,
				   const struct vm **owner)
{
	for (size_t i = 0; i < m->vm_count; i++)
		for (size_t k = 0; k < m->vm[i].vif_count; k++) {
			const struct vif *other = &m->vm[i].vif[k];

			if (other == v)
				return NULL;
			*owner = &m->vm[i];
			if (memcmp(other->mac, v->mac, 6) == 0)
				return other;
		}
	return NULL;
}

static void mac_number(const struct machine *m, const struct vm *vm,
		       struct vif *v, struct faults *faults)
{
	struct place where = { vm->file, v->line };
	const struct vm *owner;
	unsigned int attempt = 0;

	if (!v->has_mac) {
		do {
			mac_make(m, vm, v, attempt++);
		} while (mac_taken(m, v, &owner) && attempt < 100);
		return;
	}
	const struct vif *other = mac_taken(m, v, &owner);

	if (!other)
		return;
	char *mac = mac_text(v->mac);

	fault_add(faults, where,
		  "mac=%s is that of another vif (%s:%u): write another, or "
		  "none for one of its own",
		  mac, owner->file, other->line);
	free(mac);
}

static void vif_number(const struct vm *vm, size_t k, struct faults *faults)
{
	struct vif *v = &vm->vif[k];

	if (!v->has_id)
		v->id = (unsigned int)k;
	for (size_t i = 0; i < k; i++)
		if (vm->vif[i].id == v->id)
			fault_add(faults, (struct place){ vm->file, v->line },
				  "devid %u is that of another vif (line %u): "
				  "write another",
				  v->id, vm->vif[i].line);
}

static void disk_number(const struct vm *vm, size_t k, struct faults *faults)
{
	const struct disk *d = &vm->disk[k];

	for (size_t i = 0; i < k && d->number; i++)
		if (vm->disk[i].number == d->number)
			fault_add(faults, (struct place){ vm->file, d->line },
				  "vdev '%s' is that of another disk (line "
				  "%u): write another, for example xvd%c",
				  d->vdev, vm->disk[i].line,
				  (char)('a' + vm->disk_count % 26));
}

void device_numbers(const struct machine *m, struct vm *vm,
		    struct faults *faults)
{
	for (size_t k = 0; k < vm->disk_count; k++)
		disk_number(vm, k, faults);
	for (size_t k = 0; k < vm->vif_count; k++) {
		vif_number(vm, k, faults);
		mac_number(m, vm, &vm->vif[k], faults);
	}
}
