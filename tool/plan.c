/* SPDX-License-Identifier: MIT */
/*
 * What a machine is made of: files opened once however many VMs use them,
 * and memory summed up before anything starts.
 */
#include "inventory.h"
#include "machine.h"
#include "progress.h"
#include "serve.h"
#include "store_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The VMM's image, stacks, per-CPU and per-VM tables: a generous bound. */
#define VMM_BASE   8u	/* MiB */
#define VMM_FRAMES 200u /* one MiB of frame records for so many MiB */
#define VMM_MAP	   24u	/* bytes for each grant that may be mapped */

char *machine_cache(void)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (cache && *cache == '/')
		return path_join(cache, "bulkhead");
	if (home && *home == '/')
		return path_join(home, ".cache/bulkhead");
	return NULL;
}

static bool same_content(int a, int b, size_t size)
{
	struct stat x, y;

	if (fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino)
		return true;
	if (!size)
		return true;
	void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, a, 0);
	void *q = mmap(NULL, size, PROT_READ, MAP_PRIVATE, b, 0);
	bool same = p != MAP_FAILED && q != MAP_FAILED &&
		    memcmp(p, q, size) == 0;

	if (p != MAP_FAILED)
		munmap(p, size);
	if (q != MAP_FAILED)
		munmap(q, size);
	return same;
}

static char *ramdisk_open(const char *path, struct module *out)
{
	struct stat st;

	out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (out->fd < 0 || fstat(out->fd, &st) < 0)
		return text_format("it cannot be read (%s)", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return text_copy("it is not a file");
	if (!st.st_size)
		return text_copy("it is empty");
	out->size = (size_t)st.st_size;
	return NULL;
}

static char *module_open(const char *path, bool is_kernel, const char *cache,
			 struct module *out)
{
	struct kernel k;
	char *why;

	*out = (struct module){ .fd = -1, .is_kernel = is_kernel };
	if (!is_kernel) {
		why = ramdisk_open(path, out);
	} else {
		why = kernel_open(path, cache, &k);
		out->fd = k.fd;
		out->size = k.size;
		out->elf = k.elf;
	}
	if (!why) {
		out->path = text_copy(path);
	} else if (out->fd >= 0) {
		close(out->fd);
		out->fd = -1;
	}
	return why;
}

/* The number of the module with this content; 0 and a fault if it is bad. */
static size_t module_add(struct machine *m, const char *path, bool is_kernel,
			 const char *cache, char **why)
{
	struct module new;

	for (size_t i = 0; i < m->module_count; i++)
		if (m->module[i].is_kernel == is_kernel &&
		    text_equal(m->module[i].path, path))
			return i + 1;
	*why = module_open(path, is_kernel, cache, &new);
	if (*why)
		return 0;
	for (size_t i = 0; i < m->module_count; i++) {
		const struct module *old = &m->module[i];

		if (old->is_kernel == is_kernel &&
		    old->size == new.size &&same_content(old->fd, new.fd,
							 new.size)) {
			close(new.fd);
			free(new.path);
			return i + 1;
		}
	}
	m->module = mem_grow(m->module, m->module_count + 1, sizeof(new));
	m->module[m->module_count++] = new;
	return m->module_count;
}

static void kernel_load(struct machine *m, struct vm *vm, const char *cache,
			struct faults *faults)
{
	struct place where = { vm->file, vm->kernel_line };
	char *why = NULL;

	if (!vm->kernel)
		return;
	vm->kernel_module = module_add(m, vm->kernel, true, cache, &why);
	if (why)
		fault_add(faults, where, "kernel \"%s\": %s", vm->kernel, why);
	free(why);
	if (!vm->kernel_module || !vm->memory)
		return;
	why = elf_fits(&m->module[vm->kernel_module - 1].elf, vm->memory);
	if (why)
		fault_add(faults, (struct place){ vm->file, vm->memory_line },
			  "kernel \"%s\": %s", vm->kernel, why);
	free(why);
}

static void ramdisk_load(struct machine *m, struct vm *vm,
			 struct faults *faults)
{
	struct place where = { vm->file, vm->ramdisk_line };
	char *why = NULL;

	if (!vm->ramdisk)
		return;
	vm->ramdisk_module = module_add(m, vm->ramdisk, false, NULL, &why);
	if (why)
		fault_add(faults, where, "ramdisk \"%s\": %s", vm->ramdisk,
			  why);
	else if (vm->memory &&
		 m->module[vm->ramdisk_module - 1].size > vm->memory << 20)
		fault_add(faults, where,
			  "ramdisk \"%s\" has %zu MiB and the VM %" PRIu64
			  " MiB: write a larger memory =",
			  vm->ramdisk,
			  m->module[vm->ramdisk_module - 1].size >> 20,
			  vm->memory);
	free(why);
}

void machine_load(struct machine *m, const char *cache, struct faults *faults)
{
	serve_size(m);
	for (size_t i = 0; i < m->vm_count; i++) {
		kernel_load(m, &m->vm[i], cache, faults);
		ramdisk_load(m, &m->vm[i], faults);
	}
	store_vm_load(m, faults);
}

static uint64_t mib(uint64_t bytes)
{
	return (bytes + (1u << 20) - 1) >> 20;
}

struct sums {
	uint64_t vms, pools, modules;
};

static struct sums sum_up(const struct machine *m)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < m->vm_count; i++) {
		s.vms += m->vm[i].memory;
		s.pools += m->vm[i].pool << 10;
	}
	for (size_t i = 0; i < m->module_count; i++)
		s.modules += (m->module[i].size + 4095) & ~4095ull;
	s.pools = mib(s.pools);
	s.modules = mib(s.modules);
	return s;
}

static uint64_t vmm_memory(const struct machine *m, uint64_t memory)
{
	uint64_t maps = 0;

	for (size_t i = 0; i < m->vm_count; i++)
		maps += m->vm[i].grant_maps * VMM_MAP;
	/* Ports, grant entries and vCPUs of a VM take less than 128 KiB. */
	return VMM_BASE + memory / VMM_FRAMES + m->vm_count / 8 + mib(maps);
}

uint64_t machine_need(const struct machine *m)
{
	struct sums s = sum_up(m);
	uint64_t sum = s.vms + s.pools + s.modules;

	if (m->memory)
		return sum + vmm_memory(m, m->memory);
	return sum + vmm_memory(m, sum + sum / 64 + 64);
}

static void cpus_check(const struct machine *m, const struct vm *vm,
		       struct faults *faults)
{
	for (unsigned int i = 0; vm->affinity && i < vm->vcpus; i++) {
		if (vm->affinity[i] < m->cpus)
			continue;
		fault_add(faults, (struct place){ vm->file, vm->cpus_line },
			  "'cpus' names CPU %u and the machine has %" PRIu64
			  ": write CPUs from 0 to %" PRIu64
			  ", or a larger cpus = in machine.conf",
			  vm->affinity[i], m->cpus, m->cpus - 1);
		return;
	}
}

static void pci_taken(const struct vm *vm, size_t i, const struct vm *owner,
		      struct faults *faults)
{
	char *name = function_name(vm->pci[i]);

	fault_add(faults, (struct place){ vm->file, vm->pci_line },
		  "'pci' names %s, a function that VM '%s' has already: give "
		  "each to one VM, once",
		  name, owner->name);
	free(name);
}

/* A function has one owner; `before` counts those that are looked at first. */
static void pci_check(const struct machine *m, size_t before,
		      struct faults *faults)
{
	const struct vm *vm = &m->vm[before];

	for (size_t i = 0; i < vm->pci_count; i++)
		for (size_t k = 0; k <= before; k++)
			for (size_t j = 0;
			     j < (k == before ? i : m->vm[k].pci_count); j++)
				if (m->vm[k].pci[j] == vm->pci[i])
					pci_taken(vm, i, &m->vm[k], faults);
}

void machine_plan(struct machine *m, struct faults *faults)
{
	struct sums s = sum_up(m);
	uint64_t need = machine_need(m);

	for (size_t i = 0; i < m->vm_count; i++) {
		cpus_check(m, &m->vm[i], faults);
		pci_check(m, i, faults);
	}
	if (!m->memory) {
		m->memory = (need + 63) / 64 * 64;
		return;
	}
	if (need <= m->memory)
		return;
	/* Room for the larger table of a larger machine. */
	uint64_t write = (need + (need - m->memory) / 64 + 1 + 63) / 64 * 64;

	fault_add(faults, (struct place){ m->conf, m->memory_line },
		  "'memory' is %" PRIu64 " MiB and %" PRIu64 " MiB are missing"
		  ": the VMs take %" PRIu64 " MiB, their page tables %" PRIu64
		  ", kernels and RAM disks %" PRIu64 ", the VMM %" PRIu64
		  "; write memory = %" PRIu64 " or make VMs smaller",
		  m->memory, need - m->memory, s.vms, s.pools, s.modules,
		  vmm_memory(m, m->memory), write);
}

bool machine_has_pci(const struct machine *m)
{
	for (size_t i = 0; i < m->vm_count; i++)
		if (m->vm[i].pci_count)
			return true;
	return false;
}
