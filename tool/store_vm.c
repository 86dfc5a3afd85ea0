/* SPDX-License-Identifier: MIT */
/*
 * The xenstore VM; see store_vm.h.
 */
#include "store_vm.h"
#include "serve.h"
#include "store_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "command.h"

/* KiB of the store for a VM, and more for each device on either side. */
#define ARENA_BASE  64u
#define ARENA_FRONT 8u
#define ARENA_BACK  12u
/* The store's image and stack, and what it keeps for each client. */
#define STORE_BASE   3u	 /* MiB */
#define STORE_CLIENT 12u /* KiB */

static char *store_path(void)
{
	static const char *const places[] = { "build/store/store.elf",
					      "../store/store.elf",
					      "../lib/bulkhead/store.elf" };
	const char *environment = getenv("BULKHEAD_STORE");
	char *folder = tool_folder(), *path = NULL;

	if (environment && *environment) {
		free(folder);
		return text_copy(environment);
	}
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		path = path_join(folder, places[i]);
		if (access(path, R_OK) == 0)
			break;
		free(path);
		path = NULL;
	}
	if (!path)
		path = path_join(folder, places[0]);
	free(folder);
	return path;
}

void store_vm_add(struct machine *m, struct faults *faults)
{
	const char *name = m->store ? m->store : STORE_VM_NAME;

	for (size_t i = 0; i < m->vm_count; i++) {
		struct vm *vm = &m->vm[i];

		if (!vm->name || !text_equal(vm->name, name))
			continue;
		if (!m->store)
			fault_add(faults,
				  (struct place){ vm->file, vm->name_line },
				  "'name' is \"%s\", which the xenstore VM of "
				  "this machine has: write another name, or "
				  "store = \"%s\" in machine.conf if this is "
				  "the xenstore",
				  name, name);
		else if (vm_is_client(vm))
			fault_add(faults, (struct place){ vm->file, 0 },
				  "the xenstore VM cannot use devices, which "
				  "come by way of it: remove disk and vif");
		return;
	}
	/* machine.conf names a VM that is not there: that is told later. */
	if (!text_equal(name, STORE_VM_NAME))
		return;
	m->vm = mem_grow(m->vm, m->vm_count + 1, sizeof(m->vm[0]));
	struct vm *vm = &m->vm[m->vm_count++];

	vm_defaults(vm);
	vm->name = text_copy(name);
	vm->file = text_copy(m->conf);
	vm->kernel = store_path();
	vm->is_store = true;
	vm->on_crash = VM_RESTART;
	if (!m->store)
		m->store = text_copy(name);
}

/* Devices that a VM serves. */
static uint64_t served(const struct machine *m, const struct vm *vm)
{
	uint64_t count = 0;

	for (unsigned int id = 1; vm->driver_domain && id <= m->vm_count; id++)
		count += serve_disks(m, id, vm->domid) +
			 serve_vifs(m, id, vm->domid);
	return count;
}

void store_vm_size(struct machine *m)
{
	struct vm *store = &m->vm[m->store_domid - 1];
	uint64_t clients = m->vm_count - 1, kib = 0;

	for (size_t i = 0; i < m->vm_count; i++) {
		struct vm *vm = &m->vm[i];

		if (vm == store)
			continue;
		vm->device_count = vm->disk_count + vm->vif_count +
				   served(m, vm);
		if (!vm->store_arena)
			vm->store_arena = ARENA_BASE +
					  (vm->disk_count + vm->vif_count) *
						  ARENA_FRONT +
					  served(m, vm) * ARENA_BACK;
		if (vm->store_arena > 65536)
			vm->store_arena = 65536;
		kib += vm->store_arena + STORE_CLIENT;
	}
	if (store->grant_maps == VM_UNSET)
		store->grant_maps = clients + 16;
	if (!store->event_ports)
		store->event_ports = (clients + 64 + 63) / 64 * 64;
	if (store->is_store) {
		struct blob image = store_image_make(m);

		/* The nodes of the image lie beside the arenas. */
		kib += 6 * (image.size >> 10);
		store->memory = STORE_BASE + (kib >> 10) + 1;
		blob_free(&image);
	}
}

void store_vm_load(struct machine *m, struct faults *faults)
{
	if (!m->store_domid)
		return;
	struct vm *store = &m->vm[m->store_domid - 1];

	if (store->ramdisk)
		return;
	struct blob image = store_image_make(m);
	struct module new = { .fd = memfd_create("store", MFD_CLOEXEC),
			      .size = image.size };

	if (new.fd < 0 ||
	    write(new.fd, image.at, image.size) != (ssize_t)image.size) {
		fault_add(faults, (struct place){ store->file, 0 },
			  "the xenstore's contents cannot be kept (%s)",
			  strerror(errno));
		if (new.fd >= 0)
			close(new.fd);
	} else {
		new.path = text_copy("the xenstore's contents");
		m->module = mem_grow(m->module, m->module_count + 1,
				     sizeof(new));
		m->module[m->module_count++] = new;
		store->ramdisk_module = m->module_count;
	}
	blob_free(&image);
}
