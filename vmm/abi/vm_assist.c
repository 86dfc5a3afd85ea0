/* SPDX-License-Identifier: MIT */
/* vm_assist: the one assist that is not about paravirtual page tables. */
#include "abi/table.h"
#include "core/domain.h"

int64_t do_vm_assist(struct vcpu *v)
{
	uint32_t cmd = (uint32_t)v->regs.rdi, type = (uint32_t)v->regs.rsi;

	if (cmd != VMASST_CMD_enable && cmd != VMASST_CMD_disable)
		return -XEN_ENOSYS;
	if (type != VMASST_TYPE_runstate_update_flag)
		return -XEN_EINVAL;
	atomic_store(&v->domain->runstate_update_flag,
		     cmd == VMASST_CMD_enable);
	return 0;
}
