/* SPDX-License-Identifier: MIT */
/*
 * Event channels in the guest.
 *
 *  E1  an upcall clears upcall_pending, takes the selector, then scans: an
 *      event that arrives meanwhile raises a new upcall;
 *  E2  a port is masked unless attached.
 */
#include "event.h"
#include "clock.h"
#include "cpu.h"
#include "hypercall.h"
#include "xen.h"

#define WORD(p)		((p) / 64)
#define BIT(p)		(1ul << ((p) % 64))

static event_fn handler[EVENT_PORT_MAX];
static volatile uint64_t count[EVENT_PORT_MAX];

static void event_scan(unsigned int word)
{
	uint64_t ready;

	ready = READ_ONCE(xen_shared->evtchn_pending[word]) &
		~READ_ONCE(xen_shared->evtchn_mask[word]);
	while (ready) {
		unsigned int bit = (unsigned int)__builtin_ctzl(ready);
		evtchn_port_t port = word * 64 + bit;

		ready &= ready - 1;
		event_clear(port);
		__atomic_fetch_add(&count[port], 1, __ATOMIC_SEQ_CST);
		if (handler[port])
			handler[port](port);
	}
}

static void event_upcall(struct trap_frame *frame)
{
	struct cpu *c = this_cpu();
	uint64_t words;

	(void)frame;
	c->upcall_count++;
	do {
		WRITE_ONCE(c->vcpu->evtchn_upcall_pending, 0);
		words = __atomic_exchange_n(&c->vcpu->evtchn_pending_sel, 0,
					    __ATOMIC_SEQ_CST);
		while (words) {
			event_scan((unsigned int)__builtin_ctzl(words));
			words &= words - 1;
		}
	} while (READ_ONCE(c->vcpu->evtchn_upcall_pending));
}

void event_init_cpu(void)
{
	if (this_cpu()->index)
		return;
	for (unsigned int i = 0; i < 64; i++)
		WRITE_ONCE(xen_shared->evtchn_mask[i], ~0ul);
	trap_set_handler(VECTOR_EVENT, event_upcall);
	param_set(HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | VECTOR_EVENT);
}

void event_attach(evtchn_port_t port, event_fn fn)
{
	handler[port] = fn;
	count[port] = 0;
	event_unmask(port);
}

void event_detach(evtchn_port_t port)
{
	event_mask(port);
	handler[port] = 0;
}

uint64_t event_count(evtchn_port_t port)
{
	return count[port];
}

bool event_wait(evtchn_port_t port, uint64_t seen, uint64_t ns)
{
	uint64_t end = clock_now() + ns;

	while (count[port] <= seen) {
		if (clock_now() >= end)
			return false;
		clock_sleep_until(end, &count[port], seen);
	}
	return true;
}

long event_offer(domid_t remote)
{
	struct evtchn_alloc_unbound arg = {
		.dom = DOMID_SELF, .remote_dom = remote
	};
	long err = event_op(EVTCHNOP_alloc_unbound, &arg);

	return err ? err : (long)arg.port;
}

long event_bind(domid_t remote, evtchn_port_t remote_port)
{
	struct evtchn_bind_interdomain arg = {
		.remote_dom = remote, .remote_port = remote_port
	};
	long err = event_op(EVTCHNOP_bind_interdomain, &arg);

	return err ? err : (long)arg.local_port;
}

long event_bind_virq(uint32_t virq, uint32_t vcpu)
{
	struct evtchn_bind_virq arg = { .virq = virq, .vcpu = vcpu };
	long err = event_op(EVTCHNOP_bind_virq, &arg);

	return err ? err : (long)arg.port;
}

long event_bind_ipi(uint32_t vcpu)
{
	struct evtchn_bind_ipi arg = { .vcpu = vcpu };
	long err = event_op(EVTCHNOP_bind_ipi, &arg);

	return err ? err : (long)arg.port;
}

long event_send(evtchn_port_t port)
{
	struct evtchn_send arg = { .port = port };

	return event_op(EVTCHNOP_send, &arg);
}

long event_close(evtchn_port_t port)
{
	struct evtchn_close arg = { .port = port };

	return event_op(EVTCHNOP_close, &arg);
}

long event_unmask(evtchn_port_t port)
{
	struct evtchn_unmask arg = { .port = port };

	return event_op(EVTCHNOP_unmask, &arg);
}

long event_status(domid_t dom, evtchn_port_t port, struct evtchn_status *out)
{
	struct evtchn_status arg = { .dom = dom, .port = port };
	long err = event_op(EVTCHNOP_status, &arg);

	if (out)
		*out = arg;
	return err ? err : (long)arg.status;
}

long event_bind_any(domid_t remote, uint64_t ns)
{
	uint64_t end = clock_now() + ns;
	long port;

	do {
		for (evtchn_port_t p = 1; p < 64; p++) {
			port = event_bind(remote, p);
			if (port > 0)
				return port;
		}
		clock_sleep(1000000);
	} while (clock_now() < end);
	return port;
}

bool event_pending(evtchn_port_t port)
{
	return READ_ONCE(xen_shared->evtchn_pending[WORD(port)]) & BIT(port);
}

bool event_masked(evtchn_port_t port)
{
	return READ_ONCE(xen_shared->evtchn_mask[WORD(port)]) & BIT(port);
}

void event_mask(evtchn_port_t port)
{
	__atomic_fetch_or(&xen_shared->evtchn_mask[WORD(port)], BIT(port),
			  __ATOMIC_SEQ_CST);
}

void event_clear(evtchn_port_t port)
{
	__atomic_fetch_and(&xen_shared->evtchn_pending[WORD(port)],
			   ~BIT(port), __ATOMIC_SEQ_CST);
}
