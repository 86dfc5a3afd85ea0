/* SPDX-License-Identifier: MIT */
/*
 * The machine as a test double in user space. Its RAM is one arena at a fixed
 * address, in which a test keeps all tables too, so that copying the arena
 * and the structs world and mock copies the whole world, pointers and all.
 */
#pragma once
#include <setjmp.h>
#include "core/vmexit.h"

/* Much of what it is asked to do does nothing. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

struct domain;
struct vcpu;

/* A PCI function: writes change the writable bits only. */
struct mock_pci {
	uint16_t bdf;
	uint32_t reg[64], writable[64];
};

#define MOCK_ARENA	0x7ea000000000ull	/* sanitizers leave it free */
#define MOCK_VA_NONE	UINT64_MAX

struct mock {
	uint64_t frame_count;	/* the arena's */
	nsec_t time;		/* arch_time() */
	uint64_t kicked;	/* bit n: arch_cpu_kick(n) since the test */
	uint64_t flush_count;

	/*
	 * Guest-virtual is guest-physical up to 2^40, but for these pages, and
	 * for the fail_at'th translation from now on (1 is the next).
	 */
	uint64_t fault_va, readonly_va;
	uint64_t fail_at;

	/* PCI functions, one page of registers for all, and the IOMMU. */
	struct mock_pci pci[4];
	unsigned int pci_count;
	uint32_t registers[1024];
	const struct domain *attached[16];	/* by number of the device */
	unsigned int attach_count;
	const char *iommu_lacks;
	uint16_t fault_bdf[8];
	uint64_t fault_address[8];
	unsigned int fault_count;		/* that are yet to be read */

	/* NULL, or called by arch_npt_flush(). */
	void (*on_flush)(struct domain *d);
	/* NULL, or where arch_panic() and arch_poweroff() jump to. */
	jmp_buf *panic_to;
	char panic[256];	/* the last one's text */
};
extern struct mock mock;

/* What is behind vcpu.arch; a test sets and looks at it. */
struct mock_vcpu {
	unsigned int cpl;
	bool is_64bit, interrupts_enabled, no_window;
	unsigned int injected, windows;	/* vector, 0 none; how many asked */
};

/* A zeroed machine of so many frames; time 0, nothing recorded. */
void mock_start(uint64_t frame_count);
/* Which CPU the calling thread is. */
void mock_set_cpu(unsigned int cpu);
struct mock_vcpu *mock_vcpu(const struct vcpu *v);
