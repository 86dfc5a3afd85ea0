/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_event_channel_op (xen-abi 2.10): arguments in, results out. The
 * buffer is resolved for writing before anything is done, so that nothing
 * need be undone.
 */
#include "abi/table.h"
#include "core/event.h"
#include "core/gmem.h"

#define RESET_CURSOR_SHIFT	32u	/* a reset's progress, in its command */

union evtchn_arg {
	struct evtchn_bind_interdomain bind_interdomain;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_close close;
	struct evtchn_status status;
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_unmask unmask;
	struct evtchn_reset reset;
};

static const uint8_t arg_size[] = {	/* 0: not ours, or send */
	[EVTCHNOP_bind_interdomain] = sizeof(struct evtchn_bind_interdomain),
	[EVTCHNOP_bind_virq] = sizeof(struct evtchn_bind_virq),
	[EVTCHNOP_close] = sizeof(struct evtchn_close),
	[EVTCHNOP_status] = sizeof(struct evtchn_status),
	[EVTCHNOP_alloc_unbound] = sizeof(struct evtchn_alloc_unbound),
	[EVTCHNOP_bind_ipi] = sizeof(struct evtchn_bind_ipi),
	[EVTCHNOP_bind_vcpu] = sizeof(struct evtchn_bind_vcpu),
	[EVTCHNOP_unmask] = sizeof(struct evtchn_unmask),
	[EVTCHNOP_reset] = sizeof(struct evtchn_reset),
};

static int64_t call(struct domain *d, uint32_t cmd, union evtchn_arg *a)
{
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		return event_bind_interdomain(d, a->bind_interdomain.remote_dom,
					      a->bind_interdomain.remote_port,
					      &a->bind_interdomain.local_port);
	case EVTCHNOP_bind_virq:
		return event_bind_virq(d, a->bind_virq.virq, a->bind_virq.vcpu,
				       &a->bind_virq.port);
	case EVTCHNOP_close:
		return event_close(d, a->close.port);
	case EVTCHNOP_status:
		if (!domain_is_self(d, a->status.dom))
			return -XEN_EPERM;
		return event_status(d, &a->status);
	case EVTCHNOP_alloc_unbound:
		if (!domain_is_self(d, a->alloc_unbound.dom))
			return -XEN_EPERM;
		return event_alloc_unbound(d, a->alloc_unbound.remote_dom,
					   &a->alloc_unbound.port);
	case EVTCHNOP_bind_ipi:
		return event_bind_ipi(d, a->bind_ipi.vcpu, &a->bind_ipi.port);
	case EVTCHNOP_bind_vcpu:
		return event_bind_vcpu(d, a->bind_vcpu.port, a->bind_vcpu.vcpu);
	case EVTCHNOP_unmask:
		return event_unmask(d, a->unmask.port);
	default:
		return -XEN_ENOSYS;
	}
}

/*
 * Progress is in the upper half of the command. A guest that puts something
 * there itself keeps a few ports of its own open.
 */
static int64_t reset(struct vcpu *v, uint64_t cmd, uint16_t domid)
{
	uint64_t cursor = cmd >> RESET_CURSOR_SHIFT;

	if (!domain_is_self(v->domain, domid))
		return -XEN_EPERM;
	if (event_teardown_step(v->domain, &cursor))
		return 0;
	v->regs.rdi = EVTCHNOP_reset | cursor << RESET_CURSOR_SHIFT;
	return HYPERCALL_AGAIN;
}

/* Apart from the others, because it has to be quick. */
static int64_t send(struct vcpu *v, uint64_t va)
{
	struct evtchn_send send;

	if (gmem_read(v, &send, va, sizeof(send)))
		return -XEN_EFAULT;
	return event_send(v->domain, send.port);
}

static __attribute__((noinline)) int64_t others(struct vcpu *v)
{
	uint32_t cmd = (uint32_t)v->regs.rdi;
	struct gmem_span span;
	union evtchn_arg a;
	int64_t result;

	if (cmd >= ARRAY_SIZE(arg_size) || !arg_size[cmd] ||
	    (v->regs.rdi != cmd && cmd != EVTCHNOP_reset))
		return -XEN_ENOSYS;
	if (gmem_span(v, v->regs.rsi, arg_size[cmd], &span))
		return -XEN_EFAULT;
	gmem_span_read(&span, &a);
	if (cmd == EVTCHNOP_reset)
		return reset(v, v->regs.rdi, a.reset.dom);
	result = call(v->domain, cmd, &a);
	if (result == 0)
		gmem_span_write(&span, &a);
	return result;
}

int64_t do_event_channel_op(struct vcpu *v)
{
	if (v->regs.rdi == EVTCHNOP_send)
		return send(v, v->regs.rsi);
	return others(v);
}
