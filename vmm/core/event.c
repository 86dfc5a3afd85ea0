/* SPDX-License-Identifier: MIT */
/*
 * Event channels, the 2-level kind. A port's record changes by one 8-byte
 * store under its domain's lock, so a sender, who takes no lock, sees the
 * channel before or after the change. An event that overtakes a close may
 * arrive at a port that has been bound anew: to its owner a spurious event.
 *
 * The bits in the shared page belong to the guest as much as to us. We set
 * them with locked operations and believe nothing that we read there: a
 * guest that plays with them delays its own events only.
 */
#include "core/event.h"
#include "core/lock.h"
#include "core/world.h"

#define CLOSE_TRIES	4u	/* against other vCPUs of the same guest */
#define CLOSE_BATCH	32u	/* ports closed in one step */

struct port *port_at(const struct domain *d, uint32_t port)
{
	if (port == 0 || port >= d->port_count)
		return NULL;
	return &d->port[arch_index_nospec(port, d->port_count)];
}

static struct port port_load(const struct port *port)
{
	struct port now;

	__atomic_load(port, &now, __ATOMIC_ACQUIRE);
	return now;
}

static void port_store(struct port *port, struct port now)
{
	__atomic_store(port, &now, __ATOMIC_RELEASE);
}

/* The lowest free port of d, or 0. [L] */
static evtchn_port_t free_port(const struct domain *d)
{
	/* 4,096 ports are 10,000 instructions. */
#pragma GCC unroll 8
	for (uint32_t i = 1; i < d->port_count; i++)
		if (d->port[i].state == PORT_FREE)
			return i;
	return 0;
}

static bool virq_is_global(uint32_t virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG &&
	       virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* --- delivery --- */

/* Tells v that word of the pending bits is worth a look. */
static void announce(struct vcpu *v, uint32_t word)
{
	struct vcpu_info *info = atomic_load_acquire(&v->info);

	if (atomic_test_and_set_bit(&info->evtchn_pending_sel, word))
		return;
	if (atomic_exchange(&info->evtchn_upcall_pending, 1))
		return;
	atomic_fetch_add(&v->event_count, 1u);
	vcpu_notify(v, VCPU_PENDING_UPCALL);
}

/* The port p has become pending. */
static __attribute__((noinline)) void news(struct domain *d,
					   const struct port *p,
					   evtchn_port_t port)
{
	uint32_t word = port / 64, bit = port % 64;

	/* Those in SCHEDOP_poll look for themselves; masks do not matter. */
	for (uint32_t i = 0; i < d->vcpu_count; i++)
		if (atomic_load_relaxed(&d->vcpu[i].polling))
			vcpu_notify(&d->vcpu[i], VCPU_PENDING_POLL);
	if (!(atomic_load(&d->shared->evtchn_mask[word]) & BIT64(bit)))
		announce(&d->vcpu[port_load(p).vcpu], word);
}

void event_raise(struct domain *d, evtchn_port_t port)
{
	const struct port *p = port_at(d, port);

	if (p && !atomic_test_and_set_bit(&d->shared->evtchn_pending[port / 64],
					  port % 64))
		news(d, p, port);
}

int event_send(struct domain *d, evtchn_port_t port)
{
	/* A number that is too large becomes 0, which is FREE (E4). */
	uint64_t at = arch_index_nospec(port, d->port_count);
	struct port now = port_load(&d->port[at]);

	switch ((enum port_state)now.state) {
	case PORT_INTERDOMAIN:
		atomic_fetch_add(&d->sent[at], 1u);
		event_raise(domain_at(now.peer_dom), now.peer_port);
		return 0;
	case PORT_IPI:
		event_raise(d, port);
		return 0;
	case PORT_DEVICE:
		atomic_fetch_or(&d->device_pending, BIT64(now.peer_port));
		return 0;
	case PORT_UNBOUND:
		return 0;
	case PORT_FREE:
	case PORT_VIRQ:
		break;
	}
	return -XEN_EINVAL;
}

void event_raise_virq(struct vcpu *v, uint32_t virq)
{
	struct domain *d = v->domain;
	evtchn_port_t port;

	BUG_ON(virq >= NR_VIRQS);
	if (virq_is_global(virq))
		v = &d->vcpu[0];
	port = atomic_load(&v->virq_port[virq]);
	if (port)
		event_raise(d, port);
}

bool event_is_pending(const struct domain *d, evtchn_port_t port)
{
	return port_at(d, port) &&
	       atomic_load(&d->shared->evtchn_pending[port / 64]) &
		       BIT64(port % 64);
}

int event_unmask(struct domain *d, evtchn_port_t port)
{
	const struct port *p = port_at(d, port);
	uint32_t word = port / 64, bit = port % 64;
	struct port now;

	if (!p)
		return -XEN_EINVAL;
	now = port_load(p);
	if (now.state == PORT_FREE)
		return -XEN_EINVAL;
	if (atomic_test_and_clear_bit(&d->shared->evtchn_mask[word], bit) &&
	    event_is_pending(d, port))
		announce(&d->vcpu[now.vcpu], word);
	return 0;
}

/* --- binding --- */

/* Gives the lowest free port of d to now; 0 or -XEN_ENOSPC. [L] */
static int take_port(struct domain *d, struct port now, evtchn_port_t *port)
{
	*port = free_port(d);
	if (!*port)
		return -XEN_ENOSPC;
	port_store(&d->port[*port], now);
	return 0;
}

/* The same, locking d, for a port without a peer; slot, if any, names it. */
static int bind_local(struct domain *d, struct port now, uint32_t *slot,
		      evtchn_port_t *port)
{
	int err;

	spin_lock(&d->lock);
	err = slot && *slot ? -XEN_EEXIST : take_port(d, now, port);
	if (!err && slot)
		atomic_store(slot, *port);
	spin_unlock(&d->lock);
	return err;
}

int event_alloc_unbound(struct domain *d, uint16_t remote, evtchn_port_t *port)
{
	const struct domain *peer = domain_peer(d, remote);

	if (!peer)
		return -XEN_EPERM;
	return bind_local(d, (struct port){ PORT_UNBOUND, 0, peer->id, 0 },
			  NULL, port);
}

int event_bind_interdomain(struct domain *d, uint16_t remote,
			   evtchn_port_t remote_port, evtchn_port_t *port)
{
	struct domain *peer = domain_peer(d, remote);
	struct domains_locked both;
	struct port *end;
	int err = -XEN_EINVAL;

	if (!peer)
		return -XEN_EPERM;
	end = port_at(peer, remote_port);
	both = domains_lock(d, peer);
	if (end && end->state == PORT_UNBOUND && end->peer_dom == d->id)
		err = take_port(d, (struct port){ PORT_INTERDOMAIN, 0,
						  peer->id, remote_port },
				port);
	if (!err)
		port_store(end, (struct port){ PORT_INTERDOMAIN, end->vcpu,
					       d->id, *port });
	domains_unlock(both);
	/* The peer may have sent before there was a way to here. */
	if (!err)
		event_raise(d, *port);
	return err;
}

int event_bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu,
		    evtchn_port_t *port)
{
	struct vcpu *v = domain_vcpu(d, vcpu);

	if (virq >= NR_VIRQS || (virq_is_global(virq) && vcpu))
		return -XEN_EINVAL;
	if (!v)
		return -XEN_ENOENT;
	virq = (uint32_t)arch_index_nospec(virq, NR_VIRQS);
	return bind_local(d, (struct port){ PORT_VIRQ, (uint8_t)vcpu, 0, virq },
			  &v->virq_port[virq], port);
}

int event_bind_ipi(struct domain *d, uint32_t vcpu, evtchn_port_t *port)
{
	if (vcpu >= d->vcpu_count)
		return -XEN_ENOENT;
	return bind_local(d, (struct port){ PORT_IPI, (uint8_t)vcpu, 0, 0 },
			  NULL, port);
}

void event_place(struct domain *d, evtchn_port_t port, struct port now)
{
	struct port *p = port_at(d, port);

	BUG_ON(!p || p->state != PORT_FREE);
	port_store(p, now);
}

/* Whether the vCPU that a port notifies may be changed. */
static bool may_move(const struct port *p)
{
	return p->state == PORT_UNBOUND || p->state == PORT_INTERDOMAIN ||
	       p->state == PORT_DEVICE ||
	       (p->state == PORT_VIRQ && virq_is_global(p->peer_port));
}

int event_bind_vcpu(struct domain *d, evtchn_port_t port, uint32_t vcpu)
{
	struct port *p = port_at(d, port);
	int err = -XEN_EINVAL;

	if (vcpu >= d->vcpu_count)
		return -XEN_ENOENT;
	if (!p)
		return -XEN_EINVAL;
	spin_lock(&d->lock);
	if (may_move(p)) {
		port_store(p, (struct port){ p->state, (uint8_t)vcpu,
					     p->peer_dom, p->peer_port });
		err = 0;
	}
	spin_unlock(&d->lock);
	return err;
}

int event_status(struct domain *d, struct evtchn_status *status)
{
	static const uint8_t state_name[] = {
		[PORT_FREE] = EVTCHNSTAT_closed,
		[PORT_UNBOUND] = EVTCHNSTAT_unbound,
		[PORT_INTERDOMAIN] = EVTCHNSTAT_interdomain,
		[PORT_VIRQ] = EVTCHNSTAT_virq,
		[PORT_IPI] = EVTCHNSTAT_ipi,
		[PORT_DEVICE] = EVTCHNSTAT_interdomain,
	};
	const struct port *p = port_at(d, status->port);
	struct port now;

	if (!p)
		return -XEN_EINVAL;
	now = port_load(p);
	memset(&status->u, 0, sizeof(status->u));
	status->vcpu = now.vcpu;
	status->status = state_name[now.state];
	if (now.state == PORT_VIRQ) {
		status->u.virq = now.peer_port;
	} else {	/* 0 in records that have no peer */
		status->u.interdomain.dom = now.peer_dom;
		status->u.interdomain.port = now.peer_port;
	}
	return 0;
}

/* --- closing --- */

/* Both ends' domains are locked; p is a port of self in state now. */
static void close_commit(struct domains_locked both, evtchn_port_t port,
			 struct port now)
{
	struct domain *d = both.self;

	if (now.state == PORT_INTERDOMAIN) {
		struct port *end = port_at(both.peer, now.peer_port);

		port_store(end, (struct port){ PORT_UNBOUND, end->vcpu, d->id,
					       0 });
	}
	if (now.state == PORT_VIRQ)
		atomic_store(&d->vcpu[virq_is_global(now.peer_port) ? 0 :
				      now.vcpu].virq_port[now.peer_port], 0u);
	port_store(&d->port[port], (struct port){ .state = PORT_FREE });
	atomic_test_and_clear_bit(&d->shared->evtchn_pending[port / 64],
				  port % 64);
}

int event_close(struct domain *d, evtchn_port_t port)
{
	struct port *p = port_at(d, port);

	if (!p)
		return -XEN_EINVAL;
	for (unsigned int i = 0; i < CLOSE_TRIES; i++) {
		struct port now = port_load(p);
		struct domains_locked both;
		bool same;

		if (now.state == PORT_FREE)
			return -XEN_EINVAL;
		if (now.state == PORT_DEVICE) {
			atomic_fetch_or(&d->shared->evtchn_mask[port / 64],
					BIT64(port % 64));
			return 0;
		}
		/* To know which locks, look; locked, look whether it held. */
		both = domains_lock(d, now.state == PORT_INTERDOMAIN ?
				    domain_at(now.peer_dom) : d);
		same = p->state == now.state && p->peer_dom == now.peer_dom;
		if (same)
			close_commit(both, port, *p);
		domains_unlock(both);
		if (same)
			return 0;
	}
	return -XEN_EBUSY;
}

bool event_teardown_step(struct domain *d, uint64_t *cursor)
{
	uint64_t end = MIN(*cursor + CLOSE_BATCH, (uint64_t)d->port_count);

	for (; *cursor < end; ++*cursor)
		event_close(d, (evtchn_port_t)*cursor);
	return *cursor >= d->port_count;
}

void event_init(struct domain *d)
{
	arch_frame_scrub(d->shared_mfn);
	memset(d->port, 0, d->port_count * sizeof(d->port[0]));
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		memset(v->virq_port, 0, sizeof(v->virq_port));
		atomic_store(&v->polling, false);
		atomic_store(&v->info, &d->shared->vcpu_info[i]);
	}
	atomic_store(&d->device_pending, 0ull);
	d->shared_gfn = GFN(UINT64_MAX);
	d->shared_over_ram = false;
}
