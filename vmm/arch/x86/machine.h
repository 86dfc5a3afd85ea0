/* SPDX-License-Identifier: MIT */
/*
 * The doors between the files that drive the machine: processors and their
 * interrupts, time, serial ports, the way in and the ways out. Functions are
 * in the file that their names begin with.
 */
#pragma once
#include "arch/x86/cpu_local.h"

struct domain;

/* --- boot.c, called from boot.S only --- */

_Noreturn void x86_boot(uint32_t magic, uint32_t information);
_Noreturn void boot_finish(void);

/*
 * Bringing up the processors. They come one step at a time: found in the
 * MADT, started, arrived (struct cpu_local.arrived), and then wait asleep for
 * arch_start_cpus(). One that does not arrive stops the machine, which is not
 * the one that was described then.
 */

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

/*
 * Interrupts and exceptions of the VMM itself. Interrupts are open only in
 * arch_idle() and in a window of arch_vcpu_run(); a handler sets flags of its
 * own CPU, acknowledges, and returns. Any exception is a bug of the VMM.
 */

/* Gives the CPU that calls its GDT, IDT, TSS and GS base. */
void trap_init_cpu(struct cpu_local *cpu);
/* entry.S calls it. */
void trap_handle(struct trap_regs *regs);
/* Prints where and why, stops all CPUs. regs may be NULL. */
_Noreturn void panic_at(const struct trap_regs *regs, const char *what);
/* An NMI: halts this CPU for good if another one panics. */
void panic_stop_here(void);

/*
 * The local APIC of each CPU, in x2APIC mode where offered, else xAPIC. It
 * carries the timer and the signals between CPUs; the 8259 and the I/O APICs
 * are silenced, for no device interrupts the VMM.
 */

/* Boot CPU, once: mode, mapping; silences the other controllers. */
void apic_init(void);
/* Each CPU. */
void apic_init_cpu(void);
void apic_eoi(void);
/* Whether the APICs are in x2APIC mode. */
bool apic_is_x2(void);
/* A signal to one CPU. */
#define APIC_FIXED	0x04000u	/* with a vector */
#define APIC_NMI	0x04400u
#define APIC_INIT	0x04500u
#define APIC_STARTUP	0x04600u	/* with a page below 1 MiB */
void apic_send(uint32_t id, uint32_t signal);
/* The timer counts down from count to an interrupt; 0 stops it. */
void apic_timer_start(uint32_t count);
uint32_t apic_timer_left(void);

/*
 * System time is the TSC, scaled; it starts at 0 in time_init(). The contract
 * of arch_time() and its relatives is in core/arch.h.
 */

/* Boot CPU, after apic_init_cpu(): finds the speeds of TSC and APIC timer. */
void time_init(void);
/* The TSCs of the CPUs were found to disagree. */
void time_distrust(void);
/* Waits; for the start of other CPUs only. */
void time_wait(nsec_t ns);

/* The battery-backed clock, read once. */

/* Seconds since 1970 in UTC, which the clock is taken to hold; 0 unknown. */
uint64_t rtc_read(void);

/*
 * The two serial ports, COM1 and COM2 (16550), 115200 baud, 8n1. Ordinary
 * output goes through arch_console_poll(), which never waits; the functions
 * here wait, for a bounded time, and are for the very early boot and a panic.
 */

#define UART_LOG	0u	/* COM1: text for people */
#define UART_TELEMETRY	1u	/* COM2: frames for the host tool */
#define UART_COUNT	2u

/* Finds and programs the ports. */
void uart_init(void);
/* Writes bytes, waiting for the port; a port that is stuck is given up. */
void uart_write(unsigned int port, const void *data, size_t size);
/* Waits until all that was written has left. */
void uart_drain(void);
/* Text to COM1; each newline gets its carriage return. */
void uart_text(const char *text);

/* Ways to stop: see also arch_idle() and arch_poweroff() in core/arch.h. */

/* Writes the exit port, if there is one, and halts this CPU for good. */
_Noreturn void power_exit(uint8_t exit_byte);

/*
 * The IOMMU: vmm/iommu. Its part of core/arch.h is there, too.
 */

/* Boot, before paging_seal(): from here on no function's DMA gets through. */
void iommu_init(void);
/* Translations of d's nested tables are forgotten when it returns. */
void iommu_flush(const struct domain *d);
/* Boot: nested page-table entries are to serve VT-d, not AMD-Vi. */
void npte_serve_vtd(void);
