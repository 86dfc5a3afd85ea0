/* SPDX-License-Identifier: MIT */
/*
 * Marks in the instruction stream for bench/count.c: a no-operation that
 * costs no exit, natively and in a VM, in user space and in a kernel.
 */
#pragma once

#define BENCH_MARK(n) \
	__asm__ volatile("nopl 0x4fff0000+" #n "(%%rax)" : : : "memory")
