/* SPDX-License-Identifier: MIT */
/*
 * What is the same in both kinds of IOMMU, AMD-Vi and VT-d: there are units,
 * each takes commands of 16 bytes from a ring in memory and says in memory
 * that it is done. A machine has one kind; iommu.c finds out which, at boot,
 * and asks the file of that kind from then on.
 */
#pragma once
#include "arch/x86/acpi.h"
#include "arch/x86/layout.h"
#include "arch/x86/machine.h"
#include "arch/x86/paging.h"
#include "core/device.h"

#define UNIT_MAX	16u
#define MSI_ADDRESS	0xfee00000u
#define WAIT_MS		10000u

struct unit {
	uint64_t address;		/* [I] of its registers */
	void *regs;			/* [I] */
	uint64_t (*queue)[2];		/* [L] commands */
	uint32_t tail;			/* [L] in bytes, as the register */
	struct spinlock lock;
	uint32_t head;			/* boot CPU: the next fault to read */
	uint32_t record_count;		/* [I] VT-d: registers for faults */
	void *record;			/* [I] */
	uint64_t (*event)[2];		/* [I] AMD-Vi: written by the unit */
	uint64_t done[CPU_MAX];		/* [A] written by the unit */
};
extern struct unit unit[UNIT_MAX];
extern unsigned int unit_count;

/* Boot: a unit whose registers are there; NULL: described before. */
struct unit *iommu_add(uint64_t address, uint64_t last_register);
/* Boot: firmware wants these functions, of bus 0, to reach its memory. */
void iommu_want(uint16_t first, uint16_t last);
/* Up to 3 of them to every unit; returns when all are done. */
void iommu_command(const uint64_t (*list)[2], unsigned int count);

/* One turn of a wait that began at this TSC; a long one is a bug. */
void iommu_pause(uint64_t start);

/*
 * Of each kind. _find: true if its ACPI table is there, the units are added;
 * *lacks why they are not to be used. _start: from then on they let nothing
 * through. The rest as in core/arch.h.
 */
bool amdvi_find(void);
void amdvi_start(void);
void amdvi_attach(unsigned int number, uint16_t bdf, const struct domain *d);
struct arch_message amdvi_message(unsigned int number, unsigned int n,
				  uint32_t apic_id, uint32_t vector);
bool amdvi_fault(struct unit *u, struct arch_dma_fault *fault);

bool vtd_find(const char **lacks);
void vtd_start(void);
void vtd_attach(unsigned int number, uint16_t bdf, const struct domain *d);
struct arch_message vtd_message(unsigned int number, unsigned int n,
				uint32_t apic_id, uint32_t vector);
bool vtd_fault(struct unit *u, struct arch_dma_fault *fault);
