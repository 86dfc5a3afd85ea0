/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of the Xen ABI: the raw call, the call with a net for faults,
 * and one wrapper for each call that programs use often. All return the
 * hypervisor's value: 0 or more, or -XEN_Exxx.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/version.h>
#include <xen/memory.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/errno.h>
#include "insn.h"

/* vmmcall or vmcall, chosen by CPUID's vendor; xen.c sets it. */
extern bool hypercall_is_vmmcall;

struct hypercall_args {
	uint64_t a1, a2, a3, a4, a5;
};

/* The call; *fault receives what the instruction itself raised, or 0. */
static inline long hypercall_probe(uint64_t number,
				   const struct hypercall_args *a,
				   fault_t *fault)
{
	register uint64_t r10 __asm__("r10") = a->a4;
	register uint64_t r8 __asm__("r8") = a->a5;
	register uint64_t r15 __asm__("r15") = 0;
	uint64_t rax = number, rdi = a->a1, rsi = a->a2, rdx = a->a3;

	if (hypercall_is_vmmcall)
		__asm__ volatile(FIXUP("vmmcall")
				 : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx),
				   "+r"(r10), "+r"(r8), "+r"(r15)
				 :
				 : "memory", "rcx", "r9", "r11", "cc");
	else
		__asm__ volatile(FIXUP("vmcall")
				 : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx),
				   "+r"(r10), "+r"(r8), "+r"(r15)
				 :
				 : "memory", "rcx", "r9", "r11", "cc");
	*fault = r15;
	return (long)rax;
}

/* The call; a fault in it ends the guest (see trap.c). */
long hypercall5(uint64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
		uint64_t a4);

#define HYPERCALL(name, a1, a2, a3, a4)					\
	hypercall5(__HYPERVISOR_##name, (uint64_t)(a1), (uint64_t)(a2),	\
		   (uint64_t)(a3), (uint64_t)(a4))

static inline long xen_version_op(unsigned int op, void *arg)
{
	return HYPERCALL(xen_version, op, arg, 0, 0);
}

static inline long memory_op(unsigned int op, void *arg)
{
	return HYPERCALL(memory_op, op, arg, 0, 0);
}

static inline long event_op(unsigned int op, void *arg)
{
	return HYPERCALL(event_channel_op, op, arg, 0, 0);
}

static inline long grant_op(unsigned int op, void *arg, unsigned int count)
{
	return HYPERCALL(grant_table_op, op, arg, count, 0);
}

static inline long sched_op(unsigned int op, void *arg)
{
	return HYPERCALL(sched_op, op, arg, 0, 0);
}

static inline long vcpu_op(unsigned int op, unsigned int vcpu, void *arg)
{
	return HYPERCALL(vcpu_op, op, vcpu, arg, 0);
}

static inline long hvm_op(unsigned int op, void *arg)
{
	return HYPERCALL(hvm_op, op, arg, 0, 0);
}

static inline long console_op(unsigned int op, unsigned int count, void *text)
{
	return HYPERCALL(console_io, op, count, text, 0);
}

/* HVM parameters of this domain. */
static inline long param_get(uint32_t index, uint64_t *value)
{
	struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };
	long err = hvm_op(HVMOP_get_param, &p);

	*value = p.value;
	return err;
}

static inline long param_set(uint32_t index, uint64_t value)
{
	struct xen_hvm_param p = {
		.domid = DOMID_SELF, .index = index, .value = value
	};

	return hvm_op(HVMOP_set_param, &p);
}
