/* SPDX-License-Identifier: MIT */
/*
 * Everything that a machine may call back. Growing this file needs its own
 * commit. All are called with interrupts off.
 */
#pragma once
#include "lib/types.h"

struct boot_info;
struct vcpu;

/* The boot CPU, on its own stack, paging on, other CPUs waiting. */
_Noreturn void upcall_boot(const struct boot_info *info);
/* Another CPU, after upcall_boot() released it with arch_start_cpus(). */
_Noreturn void upcall_cpu_online(unsigned int cpu);

/* Hypervisor leaves 0x40000000 up, and adjustments of the domain's. */
struct cpuid_regs { uint32_t eax, ebx, ecx, edx; };
void upcall_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
		  struct cpuid_regs *regs);

/*
 * Message n of device number d arrived: number = d * DEVICE_MSI_MAX + n. Any
 * CPU, from an interrupt taken outside guests: takes no lock.
 */
void upcall_device(unsigned int number);

/* Serial bytes: the machine asks for output, delivers input. Boot CPU. */
size_t upcall_serial_output(unsigned int port, uint8_t *buffer, size_t size);
void upcall_serial_input(unsigned int port, uint8_t byte);
