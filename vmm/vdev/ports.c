/* SPDX-License-Identifier: MIT */
/*
 * The few ports with something behind them. Reads of all others are ones.
 */
#include "vdev/ports.h"
#include <xen/sched.h>
#include "vdev/console.h"
#include "vdev/pci.h"

#define PORT_PIT_CHANNEL0	0x40u
#define PORT_PIT_CHANNEL2	0x42u
#define PORT_SYSTEM_B		0x61u
#define PORT_DEBUG		0xe9u

#define SYSTEM_B_OUT2		0x20u	/* the PIT's channel 2 has run out */
#define SLEEP_ENABLE		0x20u
#define SLEEP_TYPE(x)		((uint8_t)(x) >> 2 & 7u)

/*
 * Linux measures the TSC against channel 2. It gives up at the first count
 * that is not 0xff, whereas reading ones has it go on 100,000 times; a
 * slower method waits for OUT2, which is set. The bits of port 0x61 that
 * tell why an NMI came are clear.
 */
static uint32_t read_port(const struct domain *d, uint16_t port,
			  unsigned int size)
{
	switch (port) {
	case PORT_PCI_ADDRESS ... PORT_PCI_DATA + 3:
		return pci_read(d, port, size);
	case PORT_PIT_CHANNEL0 ... PORT_PIT_CHANNEL2:
	case PORT_SLEEP_CONTROL:
	case PORT_SLEEP_STATUS:
		return 0;
	case PORT_SYSTEM_B:
		return SYSTEM_B_OUT2;
	default:
		return UINT32_MAX;
	}
}

static void port_in(struct vcpu *v, uint16_t port, unsigned int size)
{
	/* Four bytes clear the upper half of the register. */
	uint64_t mask = size < 4 ? BIT64(8 * size) - 1 : UINT64_MAX;

	v->regs.rax = (v->regs.rax & ~mask) |
		      (read_port(v->domain, port, size) & mask);
}

/* False: the vCPU must not go on. */
static bool port_out(struct vcpu *v, uint16_t port, uint8_t value)
{
	char byte = (char)value;

	switch (port) {
	case PORT_DEBUG:
		if ((byte >= ' ' && byte <= '~') || byte == '\n')
			console_put(v->domain, &byte, 1);
		return true;
	case PORT_SLEEP_CONTROL:
		if (!(value & SLEEP_ENABLE) ||
		    SLEEP_TYPE(value) != SLEEP_TYPE_S5)
			return true;
		domain_shutdown(v->domain, SHUTDOWN_poweroff);
		return false;
	default:
		return true;
	}
}

bool ports_access(struct vcpu *v, const struct vmexit *exit)
{
	if (exit->io.string)
		return true;
	if (!exit->io.in && exit->io.port / 8 == PORT_PCI_ADDRESS / 8) {
		pci_write(v->domain, exit->io.port, exit->io.size,
			  (uint32_t)v->regs.rax);
		return true;
	}
	if (!exit->io.in)
		return port_out(v, exit->io.port, (uint8_t)v->regs.rax);
	port_in(v, exit->io.port, exit->io.size);
	return true;
}
