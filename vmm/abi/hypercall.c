/* SPDX-License-Identifier: MIT */
/*
 * The door: from a guest's registers to the function that does the call.
 * Every check that all calls share is here and nowhere else:
 *  H1  only ring 0 in 64-bit code gets past the dispatcher;
 *  H2  a function runs only if the launch description does not deny it;
 *  H3  the table is indexed by a number that cannot be mispredicted past
 *      its end.
 */
#include "abi/hypercall.h"
#include "abi/table.h"
#include "core/domain.h"

static hypercall_fn *const table[HYPERCALL_COUNT] = {
	[__HYPERVISOR_memory_op] = do_memory_op,
	[__HYPERVISOR_multicall] = do_multicall,
	[__HYPERVISOR_set_timer_op] = do_set_timer_op,
	[__HYPERVISOR_xen_version] = do_xen_version,
	[__HYPERVISOR_console_io] = do_console_io,
	[__HYPERVISOR_grant_table_op] = do_grant_table_op,
	[__HYPERVISOR_vm_assist] = do_vm_assist,
	[__HYPERVISOR_vcpu_op] = do_vcpu_op,
	[__HYPERVISOR_sched_op] = do_sched_op,
	[__HYPERVISOR_event_channel_op] = do_event_channel_op,
	[__HYPERVISOR_hvm_op] = do_hvm_op,
};
static_assert(HYPERCALL_COUNT == sizeof(((struct domain *)0)->deny) * 8,
	      "one deny bit for each number");

int64_t hypercall_call(struct vcpu *v, uint64_t number)
{
	hypercall_fn *call;

	if (number >= HYPERCALL_COUNT)
		return -XEN_ENOSYS;
	number = arch_index_nospec(number, HYPERCALL_COUNT);
	call = table[number];
	if (!call)
		return -XEN_ENOSYS;
	if (v->domain->deny[0] & BIT64(number))
		return -XEN_EPERM;
	return call(v);
}

bool hypercall_dispatch(struct vcpu *v)
{
	int64_t result;

	if (arch_vcpu_cpl(v) != 0)
		result = -XEN_EPERM;
	else if (!arch_vcpu_is_64bit(v))
		result = -XEN_ENOSYS;
	else
		result = hypercall_call(v, v->regs.rax);
	if (result == HYPERCALL_AGAIN)
		return false;
	v->regs.rax = (uint64_t)result;
	return true;
}
