/* SPDX-License-Identifier: MIT */
/*
 * multicall: a list of calls with one entry. A slice of the list is done,
 * then the guest's registers are moved on and the call starts again, so that
 * others get a turn. A call of the list that wants to go on later leaves its
 * moved-on arguments in its entry.
 */
#include "abi/table.h"
#include "core/gmem.h"

#define SLICE	4u	/* calls between two preemption points */

/* -XEN_EFAULT ends the list; HYPERCALL_AGAIN: the entry is not done. */
static int64_t call_entry(struct vcpu *v, uint64_t va)
{
	struct multicall_entry entry;
	struct guest_regs saved = v->regs;
	int64_t result;

	if (gmem_read(v, &entry, va, sizeof(entry)))
		return -XEN_EFAULT;
	v->regs.rdi = entry.args[0];
	v->regs.rsi = entry.args[1];
	v->regs.rdx = entry.args[2];
	v->regs.r10 = entry.args[3];
	v->regs.r8 = entry.args[4];
	if (entry.op == __HYPERVISOR_multicall)
		result = -XEN_EINVAL;
	else
		result = hypercall_call(v, entry.op);
	if (result == HYPERCALL_AGAIN) {
		const uint64_t moved[5] = { v->regs.rdi, v->regs.rsi,
					    v->regs.rdx, v->regs.r10,
					    v->regs.r8 };

		v->regs = saved;
		va += offsetof(struct multicall_entry, args);
		if (gmem_write(v, va, moved, sizeof(moved)))
			return -XEN_EFAULT;
		return HYPERCALL_AGAIN;
	}
	v->regs = saved;
	entry.result = (xen_ulong_t)result;
	va += offsetof(struct multicall_entry, result);
	if (gmem_write(v, va, &entry.result, sizeof(entry.result)))
		return -XEN_EFAULT;
	return 0;
}

int64_t do_multicall(struct vcpu *v)
{
	uint64_t va = v->regs.rdi;
	uint32_t count = (uint32_t)v->regs.rsi;
	uint32_t slice = MIN(count, SLICE);
	int64_t result = 0;

	while (slice-- && !(result = call_entry(v, va))) {
		count--;
		va += sizeof(struct multicall_entry);
		/* A vCPU that went to sleep does no more before it wakes. */
		if (atomic_load_relaxed(&v->state) != VCPU_RUNNABLE)
			break;
	}
	if (result == -XEN_EFAULT)
		return result;
	if (count == 0)
		return 0;
	v->regs.rdi = va;
	v->regs.rsi = count;
	return HYPERCALL_AGAIN;
}
