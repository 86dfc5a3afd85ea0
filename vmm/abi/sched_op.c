/* SPDX-License-Identifier: MIT */
/*
 * sched_op: how a vCPU gives up its CPU, for a while or for good. Nothing
 * here waits: a vCPU that blocks has been answered already, and finds the
 * answer in rax when it runs again.
 */
#include "abi/table.h"
#include <xen/sched.h>
#include "core/event.h"
#include "core/gmem.h"
#include "core/sched.h"

#define POLL_MAX	128u

/* An event waits that the vCPU would take as an interrupt right now. */
static bool upcall_due(const struct vcpu *v)
{
	const struct vcpu_info *info = atomic_load(&v->info);

	return atomic_load(&info->evtchn_upcall_pending) &&
	       arch_vcpu_interrupts_enabled(v);
}

/* How many of the ports are pending; -1 if one of them is none. */
static int pending_count(const struct vcpu *v, const evtchn_port_t *port,
			 uint32_t count)
{
	int pending = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct port *p = port_at(v->domain, port[i]);

		if (!p || atomic_load_relaxed(&p->state) == PORT_FREE)
			return -1;
		pending += event_is_pending(v->domain, port[i]);
	}
	return pending;
}

/*
 * Interrupts that are due but off must not keep a vCPU awake that polls with
 * interrupts off, as Linux's spinlocks do. All are looked for again at the
 * next entry, because whatever wakes it sets a bit of pending.
 */
static void forget_waiting(struct vcpu *v)
{
	atomic_fetch_and(&v->pending, ~(VCPU_PENDING_LOOK |
					VCPU_PENDING_LAPIC |
					VCPU_PENDING_UPCALL));
}

static int64_t poll(struct vcpu *v, uint64_t va)
{
	evtchn_port_t port[POLL_MAX];
	struct sched_poll poll;

	if (gmem_read(v, &poll, va, sizeof(poll)))
		return -XEN_EFAULT;
	if (poll.nr_ports > POLL_MAX)
		return -XEN_EINVAL;
	if (gmem_read(v, port, (uint64_t)(uintptr_t)poll.ports.p,
		      poll.nr_ports * sizeof(port[0])))
		return -XEN_EFAULT;
	if (pending_count(v, port, poll.nr_ports) < 0)
		return -XEN_EINVAL;
	if (poll.timeout && poll.timeout <= arch_time())
		return 0;
	/* Whoever makes a port pending from here on sees that we poll. */
	atomic_store(&v->polling, true);
	if (!arch_vcpu_interrupts_enabled(v))
		forget_waiting(v);
	if (upcall_due(v) || pending_count(v, port, poll.nr_ports) ||
	    !sched_block(v)) {
		atomic_fetch_or(&v->pending, VCPU_PENDING_LOOK);
		atomic_store(&v->polling, false);
		return 0;
	}
	if (poll.timeout)
		timer_set(cpu_of(v), &v->timer[TIMER_POLL], poll.timeout);
	return 0;
}

static int64_t shutdown(struct vcpu *v, uint64_t va)
{
	struct sched_shutdown shutdown;

	if (gmem_read(v, &shutdown, va, sizeof(shutdown)))
		return -XEN_EFAULT;
	if (shutdown.reason > SHUTDOWN_MAX)
		return -XEN_EINVAL;
	domain_shutdown(v->domain, shutdown.reason);
	return HYPERCALL_AGAIN;
}

int64_t do_sched_op(struct vcpu *v)
{
	switch ((uint32_t)v->regs.rdi) {
	case SCHEDOP_yield:
		sched_pass(v);
		return 0;
	case SCHEDOP_block:
		if (!upcall_due(v))
			sched_block(v);
		return 0;
	case SCHEDOP_shutdown:
		return shutdown(v, v->regs.rsi);
	case SCHEDOP_poll:
		return poll(v, v->regs.rsi);
	case SCHEDOP_remote_shutdown:
	case SCHEDOP_pin_override:
		return -XEN_EPERM;
	default:	/* watchdog and shutdown_code among them */
		return -XEN_ENOSYS;
	}
}
