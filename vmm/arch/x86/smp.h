/* SPDX-License-Identifier: MIT */
/*
 * Bringing up the processors. They come one step at a time: found in the
 * MADT, started, arrived (struct cpu_local.state), and then wait asleep for
 * arch_start_cpus(). Those that do not arrive are reported and left out, and
 * indices have no gap.
 */
#pragma once
#include "arch/x86/cpu_local.h"

/* Boot CPU, first of all: it is CPU 0. */
void smp_init(void);
/* After acpi_init(): who else there is. */
void smp_find(void);
/* Boot CPU, after paging_build(): stacks for all. */
void smp_add_stacks(void);
/* Whose ordinary stack this address is in; for when GS does not tell. */
struct cpu_local *smp_cpu_of_stack(uint64_t address);
/* Features, APIC and back end of the CPU that calls. */
void smp_init_cpu(void);
/* Boot CPU, last: starts the others. Sets boot_info.cpu_count. */
void smp_start(void);
/* From boot.S, on the new CPU's own stack. */
_Noreturn void smp_cpu_entry(struct cpu_local *cpu);
