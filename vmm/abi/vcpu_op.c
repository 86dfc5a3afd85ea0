/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op: timers and registered areas of a vCPU. What belongs to the CPU
 * of a vCPU is changed by that vCPU only, so most calls take only the
 * caller's own number. vCPUs are started by INIT and SIPI (vdev/lapic.c).
 */
#include "abi/hypercall.h"
#include "abi/table.h"
#include "core/gmem.h"
#include "core/p2m.h"
#include "core/world.h"

/* Calls that only the vCPU itself may make. */
#define OWN_OPS		(BIT32(VCPUOP_get_runstate_info) | \
			 BIT32(VCPUOP_set_singleshot_timer) | \
			 BIT32(VCPUOP_stop_singleshot_timer) | \
			 BIT32(VCPUOP_register_runstate_memory_area) | \
			 BIT32(VCPUOP_register_vcpu_time_memory_area))

/*
 * Moves v's vcpu_info to its new place. Senders take no lock: one that still
 * finds the old place has made its port pending before, and the selector of
 * all ones makes the guest look at every port.
 */
static void info_move(struct vcpu *v, struct vcpu_info *to)
{
	*to = *atomic_load(&v->info);
	atomic_store(&to->evtchn_pending_sel, ~0ul);
	atomic_store(&to->evtchn_upcall_pending, (uint8_t)1);
	atomic_store(&v->info, to);
	time_fill(v);
}

static int64_t register_info(struct vcpu *caller, struct vcpu *v, uint64_t va)
{
	struct vcpu_register_vcpu_info reg;
	struct domain *d = v->domain;
	int err = 0;
	char *page;

	if (gmem_read(caller, &reg, va, sizeof(reg)))
		return -XEN_EFAULT;
	if (reg.offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
	    reg.offset % sizeof(uint64_t))
		return -XEN_ENXIO;
	spin_lock(&d->lock);
	page = p2m_ram_ptr(d, GFN(reg.mfn));
	if (v->info != &d->shared->vcpu_info[v->id] || !page ||
	    (v != caller && atomic_load(&v->state) != VCPU_DOWN))
		err = -XEN_EINVAL;
	else
		info_move(v, (struct vcpu_info *)(void *)(page + reg.offset));
	spin_unlock(&d->lock);
	if (!err)
		vcpu_notify(v, VCPU_PENDING_UPCALL);
	return err;
}

static int64_t get_runstate(struct vcpu *v, uint64_t va)
{
	struct vcpu_runstate_info info = v->runstate;
	nsec_t now = arch_time();

	if (now > info.state_entry_time)
		info.time[info.state] += now - info.state_entry_time;
	return gmem_write(v, va, &info, sizeof(info));
}

static int64_t set_singleshot(struct vcpu *v, uint64_t va)
{
	struct vcpu_set_singleshot_timer set;

	if (gmem_read(v, &set, va, sizeof(set)))
		return -XEN_EFAULT;
	if (set.flags & VCPU_SSHOTTMR_future &&
	    set.timeout_abs_ns <= arch_time())
		return -XEN_ETIME;
	timer_op_oneshot(v, set.timeout_abs_ns);
	return 0;
}

/*
 * Has size bytes at the address that the argument holds kept up to date; 0
 * takes that back. The area is resolved by the page tables of this moment,
 * and stays the domain's own RAM for as long as the domain lives.
 */
static int register_area(struct vcpu *v, uint64_t va, size_t size,
			 struct gmem_span *area)
{
	struct gmem_span span = { 0 };
	uint64_t address;

	if (gmem_read(v, &address, va, sizeof(address)) ||
	    (address && gmem_span(v, address, size, &span)))
		return -XEN_EFAULT;
	*area = span;
	return 0;
}

int64_t do_vcpu_op(struct vcpu *caller)
{
	uint32_t op = (uint32_t)caller->regs.rdi;
	uint32_t id = (uint32_t)caller->regs.rsi;
	struct vcpu *v = domain_vcpu(caller->domain, id);
	uint64_t va = caller->regs.rdx;
	int err;

	if (!v)
		return -XEN_ENOENT;
	if (v != caller && op < 32 && BIT32(op) & OWN_OPS)
		return -XEN_EINVAL;
	switch (op) {
	case VCPUOP_is_up:
		return atomic_load(&v->state) != VCPU_DOWN;
	case VCPUOP_up:		/* nothing else makes a vCPU ready for it */
		return atomic_load(&v->state) != VCPU_DOWN ? 0 : -XEN_EINVAL;
	case VCPUOP_register_vcpu_info:
		return register_info(caller, v, va);
	case VCPUOP_send_nmi:
		vcpu_notify(v, VCPU_PENDING_NMI);
		return 0;
	case VCPUOP_get_runstate_info:
		return get_runstate(v, va);
	case VCPUOP_stop_periodic_timer:	/* there is none to start */
		return 0;
	case VCPUOP_set_singleshot_timer:
		return set_singleshot(v, va);
	case VCPUOP_stop_singleshot_timer:
		timer_stop(cpu_of(v), &v->timer[TIMER_SINGLESHOT]);
		return 0;
	case VCPUOP_register_runstate_memory_area:
		err = register_area(v, va, sizeof(v->runstate),
				    &v->runstate_area);
		if (!err)
			runstate_publish(v);
		return err;
	case VCPUOP_register_vcpu_time_memory_area:
		err = register_area(v, va, sizeof(struct vcpu_time_info),
				    &v->time_area);
		if (!err)
			time_fill(v);
		return err;
	default:	/* initialise, down, set_periodic_timer among them */
		return -XEN_ENOSYS;
	}
}
