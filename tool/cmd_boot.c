/* SPDX-License-Identifier: MIT */
/*
 * bulkhead boot: one kernel, one VM, its console on this terminal.
 */
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Options are turned into the one VM of a machine without a file. */
static bool machine_make(const struct arguments *a, struct machine *m)
{
	static const uint64_t memory[2] = { 1, VM_MEMORY_MAX };
	static const uint64_t vcpus[2] = { 1, VM_VCPUS_MAX };
	static const uint64_t cpus[2] = { 1, 255 };
	const char *name = argument_value(a, "name", "vm");
	const char *ramdisk = argument_value(a, "ramdisk", NULL);
	const char *extra = argument_value(a, "extra", NULL);
	long host = sysconf(_SC_NPROCESSORS_ONLN);

	machine_defaults(m);
	m->vm = mem_alloc(sizeof(m->vm[0]));
	m->vm_count = 1;
	struct vm *vm = &m->vm[0];

	vm_defaults(vm);
	vm->memory = 256;
	vm->domid = 1;
	vm->on_reboot = VM_DESTROY;
	vm->kernel = text_copy(a->word[0]);
	vm->ramdisk = ramdisk ? text_copy(ramdisk) : NULL;
	vm->cmdline = extra ? text_copy(extra) : NULL;
	vm->name = text_copy(name);
	m->name = text_copy(name);
	m->folder = text_copy(".");
	m->poweroff_when_done = true;
	if (!name_is_good(name)) {
		complain("--name is '%s': write 1 to 31 of A-Z a-z 0-9 _ . "
			 "and -",
			 name);
		return false;
	}
	if (!argument_number(a, "memory", memory, &vm->memory) ||
	    !argument_number(a, "vcpus", vcpus, &vm->vcpus))
		return false;
	m->cpus = host > 0 && (uint64_t)host < vm->vcpus ? (uint64_t)host
							 : vm->vcpus;
	return argument_number(a, "cpus", cpus, &m->cpus);
}

static int boot(const struct arguments *a, const struct qemu_options *o,
		struct machine *m)
{
	struct faults faults = { 0 };
	char *cache = machine_cache();
	int status = EXIT_BAD;

	machine_load(m, cache, &faults);
	machine_plan(m, &faults);
	faults_print(&faults, stderr);
	bool good = !faults.bad && hardware_renumber(m, o->port);

	if (good && o->save) {
		m->exit_port = QEMU_EXIT_PORT;
		status = qemu_save(o, m);
	} else if (good) {
		if (isatty(STDIN_FILENO))
			fprintf(stderr, "bulkhead: booting %s; Ctrl-]: quit\n",
				a->word[0]);
		status = session_run(o, m, 1, m->name);
	}
	faults_free(&faults);
	free(cache);
	return status;
}

int cmd_boot(const struct arguments *a)
{
	struct qemu_options o;
	struct machine m;
	int status = EXIT_BAD;

	if (!qemu_options_read(a, &o))
		return EXIT_BAD;
	if (machine_make(a, &m))
		status = boot(a, &o, &m);
	machine_free(&m);
	qemu_options_free(&o);
	return status;
}
