/* SPDX-License-Identifier: MIT */
/*
 * Writes the tree from front to back with libfdt's sequential functions,
 * into a buffer that is large enough by construction. The only error they
 * could return is lack of room, which the end checks for.
 */
#include "tree.h"
#include "serve.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FDT_VERSION_WRITTEN 17

struct writer {
	void *fdt;
	int err; /* the first one */
};

static void keep(struct writer *w, int err)
{
	if (err && !w->err)
		w->err = err;
}

static void node(struct writer *w, const char *name)
{
	keep(w, fdt_begin_node(w->fdt, name));
}

static void node_end(struct writer *w)
{
	keep(w, fdt_end_node(w->fdt));
}

static void put(struct writer *w, const char *name, const void *at, size_t n)
{
	keep(w, fdt_property(w->fdt, name, at, (int)n));
}

static void put_string(struct writer *w, const char *name, const char *s)
{
	put(w, name, s, strlen(s) + 1);
}

static void put_flag(struct writer *w, const char *name)
{
	put(w, name, "", 0);
}

static void put_cell(struct writer *w, const char *name, uint64_t n)
{
	keep(w, fdt_property_u32(w->fdt, name, (uint32_t)n));
}

static void put_cells(struct writer *w, const char *name, const unsigned int *n,
		      size_t count)
{
	fdt32_t *cells = mem_alloc(count * sizeof(cells[0]));

	for (size_t i = 0; i < count; i++)
		cells[i] = cpu_to_fdt32(n[i]);
	put(w, name, cells, count * sizeof(cells[0]));
	free(cells);
}

static void module_write(struct writer *w, unsigned int at, const char *kind,
			 size_t index)
{
	char name[24], compatible[64];
	int n = snprintf(compatible, sizeof(compatible),
			 "multiboot,%s%cmultiboot,module", kind, 0);

	snprintf(name, sizeof(name), "module@%u", at);
	node(w, name);
	put(w, "compatible", compatible, (size_t)n + 1);
	put_cell(w, "mb-index", index);
}

static void peers_write(struct writer *w, const struct machine *m,
			const struct vm *vm)
{
	unsigned int *domid = mem_alloc(m->vm_count * sizeof(domid[0]));
	size_t count = 0;

	for (size_t i = 0; i < m->vm_count; i++)
		if (serve_are_peers(m, vm->domid, m->vm[i].domid))
			domid[count++] = m->vm[i].domid;
	if (count)
		put_cells(w, "bulkhead,peers", domid, count);
	free(domid);
}

static void pci_write(struct writer *w, const struct vm *vm)
{
	unsigned int *cells = mem_alloc(vm->pci_count * sizeof(cells[0]));

	for (size_t i = 0; i < vm->pci_count; i++)
		cells[i] = vm->pci[i];
	put_cells(w, "bulkhead,pci", cells, vm->pci_count);
	free(cells);
}

static void domain_write(struct writer *w, const struct machine *m,
			 const struct vm *vm)
{
	char name[24];

	snprintf(name, sizeof(name), "domain@%u", vm->domid);
	node(w, name);
	put_string(w, "compatible", "xen,domain");
	put_cell(w, "domid", vm->domid);
	put_string(w, "bulkhead,name", vm->name);
	keep(w, fdt_property_u64(w->fdt, "memory", vm->memory << 10));
	put_cell(w, "cpus", vm->vcpus);
	if (vm->affinity)
		put_cells(w, "bulkhead,affinity", vm->affinity, vm->vcpus);
	put_cell(w, "bulkhead,cpu-weight", vm->weight);
	put_cell(w, "bulkhead,cap", vm->cap);
	put_string(w, "bulkhead,on-poweroff", vm_action_name(vm->on_poweroff));
	put_string(w, "bulkhead,on-reboot", vm_action_name(vm->on_reboot));
	put_string(w, "bulkhead,on-crash", vm_action_name(vm->on_crash));
	put_cell(w, "bulkhead,event-ports", vm->event_ports);
	put_cell(w, "bulkhead,grant-frames", vm->grant_frames);
	put_cell(w, "bulkhead,grant-maps", vm->grant_maps);
	put_cell(w, "bulkhead,pool", vm->pool);
	peers_write(w, m, vm);
	if (vm->deny_count)
		put_cells(w, "bulkhead,deny", vm->deny, vm->deny_count);
	if (vm->pci_count)
		pci_write(w, vm);
	if (vm->paused)
		put_flag(w, "bulkhead,paused");
	module_write(w, 0, "kernel", vm->kernel_module);
	if (vm->cmdline)
		put_string(w, "bootargs", vm->cmdline);
	node_end(w);
	if (vm->ramdisk_module) {
		module_write(w, 1, "ramdisk", vm->ramdisk_module);
		node_end(w);
	}
	node_end(w);
}

static void machine_write(struct writer *w, const struct machine *m)
{
	static const char compatible[] = "hypervisor,xen\0bulkhead,vmm";

	node(w, "");
	put_cell(w, "#address-cells", 2);
	put_cell(w, "#size-cells", 2);
	put_string(w, "compatible", "bulkhead,machine");
	node(w, "chosen");
	node(w, "hypervisor");
	put(w, "compatible", compatible, sizeof(compatible));
	put_cell(w, "bulkhead,version", 1);
	put_string(w, "bulkhead,when-done",
		   m->poweroff_when_done ? "poweroff" : "stay");
	if (m->exit_port)
		put_cell(w, "bulkhead,exit-port", m->exit_port);
	if (!m->commands)
		put_flag(w, "bulkhead,no-commands");
	if (m->store_domid)
		put_cell(w, "bulkhead,store", m->store_domid);
	if (m->unprotected_dma)
		put_flag(w, "bulkhead,unprotected-dma");
	if (m->audit_on_end)
		put_flag(w, "bulkhead,audit-on-end");
	for (size_t i = 0; i < m->vm_count; i++)
		domain_write(w, m, &m->vm[i]);
	node_end(w);
	node_end(w);
	node_end(w);
}

/* Names and fixed properties of a domain take less than 2 KiB. */
static size_t room_for(const struct machine *m)
{
	size_t room = 8192;

	for (size_t i = 0; i < m->vm_count; i++) {
		const struct vm *vm = &m->vm[i];

		room += 2048 + 4 * (m->vm_count + vm->deny_count +
				    vm->pci_count);
		room += vm->cmdline ? strlen(vm->cmdline) : 0;
	}
	return room;
}

struct blob tree_make(const struct machine *m)
{
	size_t room = room_for(m);
	struct blob out = { mem_alloc(room), room };
	struct writer w = { .fdt = out.at };

	keep(&w, fdt_create(out.at, (int)room));
	keep(&w, fdt_finish_reservemap(out.at));
	machine_write(&w, m);
	keep(&w, fdt_finish(out.at));
	if (w.err) {
		fprintf(stderr,
			"bulkhead: the launch description cannot be "
			"written (%s): this is a bug\n",
			fdt_strerror(w.err));
		abort();
	}
	out.size = fdt_totalsize(out.at);
	return out;
}
