/* SPDX-License-Identifier: MIT */
/*
 * Other virtual CPUs: started by INIT and SIPI, then running one C function.
 */
#pragma once
#include <stdbool.h>

typedef void (*smp_fn)(unsigned int cpu);

/*
 * Start CPU index (= APIC id) on fn, which may return: the CPU then halts
 * with interrupts on. Waits, at most 20 s, until it is in C code.
 */
bool smp_start(unsigned int index, smp_fn fn);
/* How many CPUs the MADT names; 1 without one. */
unsigned int smp_cpu_count(void);
