/* SPDX-License-Identifier: MIT */
/*
 * A PCI function that belongs to a domain, for good. vdev/pci.c and vdev/msi.c
 * own the meaning; its guest finds the first as device 1 of its bus. Letters
 * as in core/vcpu.h, but [L] is device.lock.
 */
#pragma once
#include "core/arch.h"
#include "lib/spinlock.h"

#define DEVICE_MAX	16u
#define DEVICE_MSI_MAX	8u	/* messages of a device that a guest sees */
#define DEVICE_BARS	6u

/* How a function is written: a format, and what it takes. */
#define PCI_BDF		"%02x:%02x.%x"
#define PCI_BDF_PARTS(bdf)	(bdf) >> 8, (bdf) >> 3 & 31u, (bdf) & 7u

struct device_bar {
	uint64_t size;		/* bytes, whole pages; 0 = none */
	mfn_t mfn;
	gfn_t gfn;
	uint32_t flags;		/* low bits of the register */
};

struct device {
	struct domain *owner;		/* [I] */
	uint16_t bdf;			/* [I] bus, device and function */
	uint8_t msi, msix, express;	/* [I] capabilities, 0 = none */
	bool wide_msi, maskable_msi;	/* [I] 64-bit addresses; a mask */
	uint8_t reset_at;		/* [I] the register that resets it */
	uint32_t reset_word;		/* [I] what to write there */
	void *quiet_regs;		/* [I] NULL: it has none that do */
	uint32_t quiet_at, quiet_word;	/* [I] the same, written first */
	uint32_t express_control;	/* [I] as firmware chose it */
	uint32_t message_count;		/* [I] */
	void *config;			/* [I] configuration space */
	struct device_bar bar[DEVICE_BARS];	/* [I] */
	/* What a guest reads: some bits of the device's, the rest of ours. */
	uint32_t live[64];		/* [I] mask */
	uint32_t image[64];		/* [L] */
	uint32_t sizing;		/* [L] bit n: size of BAR n asked */
	/* The page of registers that holds the MSI-X table. */
	void *table;			/* [I] */
	gfn_t table_gfn;		/* [I] */
	uint32_t table_offset, table_end;	/* [I] of it in the page */
	uint32_t table_pages;		/* [I] that it reaches into */
	/* What the guest wants for message n: address << 32 | data. */
	uint64_t message[DEVICE_MSI_MAX];	/* [A] */
	uint64_t credit;		/* [A] messages of this period */
	nsec_t period;			/* [A] its start */
	uint32_t flooded;		/* [A] silenced until its VM restarts */
	struct spinlock lock;		/* rank: core/lock.h */
};
