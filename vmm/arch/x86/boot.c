/* SPDX-License-Identifier: MIT */
/*
 * The boot CPU's way from boot.S to upcall_boot(). First with the loader's
 * memory all visible: read what must be read. Then on the final tables.
 */
#include "arch/x86/machine.h"
#include "arch/x86/acpi.h"
#include "arch/x86/multiboot.h"
#include "arch/x86/paging.h"
#include "core/upcall.h"

_Noreturn void x86_boot(uint32_t magic, uint32_t information)
{
	uart_init();
	smp_init();
	trap_init_cpu(cpu_local_at(0));
	acpi_init(multiboot_read(magic, information));
	smp_find();
	paging_init();
	paging_build();
	smp_add_stacks();
	paging_enter(paging_root, this_cpu()->stack_top);
}

_Noreturn void boot_finish(void)
{
	apic_init();
	smp_init_cpu();
	time_init();
	smp_start();
	iommu_init();
	paging_seal();
	upcall_boot(&boot_info);
}
