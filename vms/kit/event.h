/* SPDX-License-Identifier: MIT */
/*
 * Event channels, 2-level, delivered by the vector callback 0xF3.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

#define EVENT_PORT_MAX	4096u

typedef void (*event_fn)(evtchn_port_t port);

/* All ports masked, callback armed (CPU 0 arms it for all). */
void event_init_cpu(void);

/* Handler (NULL: count only), then unmask. The count starts at 0. */
void event_attach(evtchn_port_t port, event_fn fn);
void event_detach(evtchn_port_t port);
uint64_t event_count(evtchn_port_t port);
/* Sleep until the count of port exceeds seen, at most ns. */
bool event_wait(evtchn_port_t port, uint64_t seen, uint64_t ns);

/* The calls: a port, or -XEN_Exxx. */
long event_offer(domid_t remote);
long event_bind(domid_t remote, evtchn_port_t remote_port);
long event_bind_virq(uint32_t virq, uint32_t vcpu);
long event_bind_ipi(uint32_t vcpu);
long event_send(evtchn_port_t port);
long event_close(evtchn_port_t port);
long event_unmask(evtchn_port_t port);
/* EVTCHNSTAT_* or -XEN_Exxx; *status may be NULL. */
long event_status(domid_t dom, evtchn_port_t port,
		  struct evtchn_status *status);
/*
 * Try to bind one of the first ports that remote offers us, until it works
 * or ns have passed: two guests meet without a store.
 */
long event_bind_any(domid_t remote, uint64_t ns);

bool event_pending(evtchn_port_t port);
bool event_masked(evtchn_port_t port);
void event_mask(evtchn_port_t port);
void event_clear(evtchn_port_t port);
