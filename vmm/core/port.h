/* SPDX-License-Identifier: MIT */
/*
 * One end of an event channel, packed into 8 bytes so that a sender reads it
 * in one atomic load, with no lock. See core/event.h for the invariants.
 */
#pragma once
#include "lib/types.h"

enum port_state {
	PORT_FREE,
	PORT_UNBOUND,		/* offered to peer_dom */
	PORT_INTERDOMAIN,	/* bound to peer_dom's peer_port */
	PORT_VIRQ,		/* peer_port holds the VIRQ number */
	PORT_IPI,
	PORT_DEVICE,		/* bound to DOMID_XEN's device peer_port */
};

/* Devices of the VMM that a port may reach; bits of domain.device_pending. */
enum port_device { PORT_DEVICE_CONSOLE };

struct port {
	uint8_t state;		/* enum port_state */
	uint8_t vcpu;		/* notified vCPU */
	uint16_t peer_dom;
	uint32_t peer_port;
} __attribute__((aligned(8)));
static_assert(sizeof(struct port) == 8, "one atomic load");
