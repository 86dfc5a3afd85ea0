/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a configuration: first a VM's, then a machine's settings.
 * Nothing is opened. What is accepted must be within its bounds.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_vm(const struct vm *vm)
{
	require(name_is_good(vm->name));
	require(vm->vcpus >= 1 && vm->vcpus <= VM_VCPUS_MAX);
	require(vm->memory >= 1 && vm->memory <= VM_MEMORY_MAX);
	require(vm->event_ports % 64 == 0);
	require(vm->weight >= 1 && vm->weight <= 65535);
	for (size_t i = 0; i < vm->deny_count; i++)
		require(vm->deny[i] < 64);
	for (size_t i = 0; vm->affinity && i < vm->vcpus; i++)
		require(vm->affinity[i] <= VM_CPU_MAX);
	require(!vm->cmdline || strlen(vm->cmdline) < 2048);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct faults f = { 0 };
	struct machine m;
	struct cfg c;
	struct vm vm;

	cfg_parse("f", (const char *)bytes, size, &c, &f);
	vm_from_cfg(&c, &vm, &f);
	if (!f.bad)
		check_vm(&vm);
	for (size_t i = 0; i < f.count; i++)
		require(f.at[i].words && f.at[i].words[0]);
	machine_defaults(&m);
	keys_read(&machine_keys, &c, &m, &f);
	machine_free(&m);
	vm_free(&vm);
	cfg_free(&c);
	faults_free(&f);
	return 0;
}
