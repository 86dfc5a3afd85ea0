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

static void set_args(struct guest_regs *regs, const uint64_t *arg)
{
	regs->rdi = arg[0];
	regs->rsi = arg[1];
	regs->rdx = arg[2];
	regs->r10 = arg[3];
	regs->r8 = arg[4];
}

/* -XEN_EFAULT ends the list; HYPERCALL_AGAIN: the entry is not done. */
static int64_t call_entry(struct vcpu *v, uint64_t va)
{
	struct multicall_entry entry;
	struct guest_regs saved = v->regs;
	int64_t result;

	if (gmem_read(v, &entry, va, sizeof(entry)))
		return -XEN_EFAULT;
	set_args(&v->regs, entry.args);
	if (entry.op == __HYPERVISOR_multicall)
		result = -XEN_EINVAL;
	else
		result = hypercall_call(v, entry.op, entry.args);
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

int64_t do_multicall(struct vcpu *v, const uint64_t arg[5])
{
	uint64_t va = arg[0];
	uint32_t count = (uint32_t)arg[1];
	uint32_t slice = MIN(count, SLICE);
	int64_t result = 0;

	for (; slice; slice--, count--, va += sizeof(struct multicall_entry)) {
		result = call_entry(v, va);
		if (result)
			break;
		/* A vCPU that went to sleep does no more before it wakes. */
		if (atomic_load_relaxed(&v->state) != VCPU_RUNNABLE) {
			count--;
			va += sizeof(struct multicall_entry);
			break;
		}
	}
	if (result == -XEN_EFAULT)
		return result;
	if (count == 0)
		return 0;
	v->regs.rdi = va;
	v->regs.rsi = count;
	return HYPERCALL_AGAIN;
}
