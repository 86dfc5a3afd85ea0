/* SPDX-License-Identifier: MIT */
/*
 * Event channels: one-bit signals between domains (xen-abi 2.9, 2-level).
 * A channel is authorised when it is bound; sending is then one state test
 * and one bit set, with no permission left to evaluate. Invariants:
 *  E1  an INTERDOMAIN end's peer is INTERDOMAIN and names this end;
 *  E2  an end changes state under its domain's lock (both domains' for
 *      binding and closing an INTERDOMAIN end);
 *  E3  event_send() writes only the peer's shared page and vcpu.pending;
 *  E4  port 0 is always FREE; a peer's death turns an end to UNBOUND, it
 *      never frees it.
 * Functions return 0 or -XEN_Exxx. Unless said, they take the locks.
 */
#pragma once
#include "core/domain.h"

/* From the port number a guest gave to its record, or NULL. */
struct port *port_at(const struct domain *d, uint32_t port);

int event_alloc_unbound(struct domain *d, uint16_t remote,
			evtchn_port_t *port);
int event_bind_interdomain(struct domain *d, uint16_t remote,
			   evtchn_port_t remote_port, evtchn_port_t *port);
int event_bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu,
		    evtchn_port_t *port);
int event_bind_ipi(struct domain *d, uint32_t vcpu, evtchn_port_t *port);
int event_bind_vcpu(struct domain *d, evtchn_port_t port, uint32_t vcpu);
/* A device port stays bound, masked: the guest may open it again. */
int event_close(struct domain *d, evtchn_port_t port);
int event_status(struct domain *d, struct evtchn_status *status);
int event_unmask(struct domain *d, evtchn_port_t port);
/* Build: what the port at this number, which is free, is from the start. */
void event_place(struct domain *d, evtchn_port_t port, struct port now);

/* No lock. */
int event_send(struct domain *d, evtchn_port_t port);
/* Makes a port of d pending: for devices, timers, VIRQs. No lock. */
void event_raise(struct domain *d, evtchn_port_t port);
/* Raises a per-vCPU or global VIRQ if it is bound; else nothing. No lock. */
void event_raise_virq(struct vcpu *v, uint32_t virq);
bool event_is_pending(const struct domain *d, evtchn_port_t port);

/*
 * For the end of a domain and for EVTCHNOP_reset, in bounded steps: closes
 * the ports from *cursor on but the devices'; peers become UNBOUND. True when
 * done.
 */
bool event_teardown_step(struct domain *d, uint64_t *cursor);
/*
 * Build: empty shared page and ports, nothing pending, vcpu.info in the
 * shared page, which is mapped nowhere. After p2m_reset().
 */
void event_init(struct domain *d);
