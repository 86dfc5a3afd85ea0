/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and exceptions of the VMM itself. Interrupts are open only in
 * arch_idle() and in a window of arch_vcpu_run(); a handler sets flags of its
 * own CPU, acknowledges, and returns. Any exception that no fixup expects is
 * a bug of the VMM.
 */
#pragma once
#include "arch/x86/desc.h"

struct cpu_local;

/* Gives the CPU that calls its GDT, IDT, TSS and GS base. */
void trap_init_cpu(struct cpu_local *cpu);
/* entry.S calls it. */
void trap_handle(struct trap_regs *regs);
/* Prints where and why, stops all CPUs. regs may be NULL. */
_Noreturn void panic_at(const struct trap_regs *regs, const char *what);
/* An NMI: halts this CPU for good if another one panics. */
void panic_stop_here(void);
