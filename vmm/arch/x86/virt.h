/* SPDX-License-Identifier: MIT */
/*
 * Running guests: what is common to SVM and VMX, and the few functions in
 * which the two differ, virt_x(); svm/ is the one back end that there is. It
 * turns its exits into struct vmexit; what the architecture itself defines
 * (CR, EFER, CPUID, MSRs, faults) is settled by the neutral files here.
 * Invariants:
 *  V1  cr4 and efer in struct vcpu_arch are what the guest sees; the guest
 *      can change neither without an exit;
 *  V2  the FPU, XCR0, DR0-3 and TSC_AUX of vCPU v are in the registers of
 *      the CPU whose cpu_local.loaded is v, else in v's memory;
 *  V3  event is what the next entry injects; nothing else is injected.
 */
#pragma once
#include "core/arch.h"
#include "core/vcpu.h"
#include "core/vmexit.h"

struct domain;

/* --- registers that neutral code asks a back end for --- */

enum virt_reg {
	REG_CR0, REG_DR6, REG_GUEST_PAT,
	REG_CS_BASE, REG_CS_LONG,	/* read only */
};

/* A segment as SVM keeps it: attributes are bits 8-15 and 20-23 joined. */
struct segment {
	uint16_t selector;
	uint16_t attributes;
	uint32_t limit;
	uint64_t base;
};

/* A state to start from; everything that it does not name is 0. */
struct reset_state {
	struct segment cs, data, tr;
	uint64_t cr0, rip, rbx, rdx;
};

/* --- events, in the format that SVM and VMX share (error code on top) --- */

#define EVENT_INTERRUPT		0u
#define EVENT_NMI		2u
#define EVENT_EXCEPTION		3u
#define EVENT_SOFTWARE		4u
#define EVENT_HAS_ERROR		BIT64(11)
#define EVENT_VALID		BIT64(31)
#define EVENT_VECTOR(event)	((uint8_t)(event))
#define EVENT_TYPE(event)	((unsigned int)((event) >> 8 & 7))

static inline uint64_t event_make(unsigned int type, uint8_t vector)
{
	return EVENT_VALID | (uint64_t)type << 8 | vector;
}

/* An exception, with the error code if its vector pushes one. */
uint64_t event_exception(uint8_t vector, uint32_t error);
/*
 * What the CPU makes of fault while it was delivering first (0 = nothing):
 * one event, or 0 for shutdown (APM 2, "#DF-Double-Fault Exception").
 */
uint64_t event_combine(uint64_t first, uint64_t fault);

/* --- a vCPU --- */

#define INSN_CACHE_SIZE	8u
#define WALK_LEVELS	5u	/* four of tables, one for the page */
#define FPU_AREA_SIZE	832u	/* XSAVE with AVX, where all CPUs have it */

/* Where a walk of a guest's tables found the VM's own RAM; guest_walk.c. */
struct walk_cache {
	uint64_t ram_seq;	/* of the p2m: true while it stays the same */
	struct {
		uint64_t start, size;	/* guest-physical */
		uint64_t bias;		/* VMM address - guest-physical */
	} level[WALK_LEVELS];
};

struct insn_cached {
	uint64_t rip, cr3;
	uint64_t length;
	uint64_t what;		/* enum insn_what, 0 = empty */
};

struct vcpu_arch {
	uint8_t control[PAGE_SIZE];	/* [C] VMCB or VMCS */
	uint8_t fpu[FPU_AREA_SIZE]	/* [C] while not loaded */
		__attribute__((aligned(64)));
	uint64_t control_pa;	/* [I] */
	/* From here on a reset makes all zero. */
	uint64_t cr4, efer;	/* [C] */
	uint64_t event;		/* [C] EVENT_*, 0 = none */
	uint64_t xcr0, dr[4], tsc_aux;	/* [C] while not loaded */
	uint64_t iret_rip;	/* [C] where an NMI handler's IRET stood */
	uint64_t last_cr3;	/* [C] at the last exit */
	uint64_t asid_generation;	/* [C] the back end's */
	uint64_t flush_seq;	/* [C] of the p2m, when the ASID was new */
	uint8_t cpl;		/* [C] at the last exit */
	uint8_t code64;		/* [C] 0/1: 64-bit code at the last exit */
	uint8_t shadow;		/* [C] 0/1: interrupt shadow then */
	bool queued;		/* [C] an event or a window awaits the entry */
	bool nmi_blocked;	/* [C] between an NMI and its IRET */
	bool shutdown;		/* [C] triple fault; not loaded anywhere */
	struct insn_cached cache[INSN_CACHE_SIZE];	/* [C] */
	struct walk_cache walk;	/* [C] */
};
static_assert(offsetof(struct vcpu_arch, control) == 0, "page-aligned");

static inline struct vcpu_arch *vcpu_arch(const struct vcpu *v)
{
	return v->arch;
}

/* --- the back end: svm/ --- */

/* On every CPU, once. False: it does not have all that the back end needs. */
bool virt_enable(void);
/* Launch: control area, from zeroes. */
void virt_vcpu_init(struct vcpu *v);
void virt_vcpu_reset(struct vcpu *v, const struct reset_state *state);
/* One entry with v's lazy state loaded; fills exit and v->regs. */
void virt_run(struct vcpu *v, struct vmexit *exit);
uint64_t virt_get(const struct vcpu *v, enum virt_reg reg);
void virt_set(struct vcpu *v, enum virt_reg reg, uint64_t value);
/* cr4 or efer in struct vcpu_arch has changed. */
void virt_sync(struct vcpu *v);
/* Forget cached translations of the guest's own tables. */
void virt_flush(struct vcpu *v);
/* The event in struct vcpu_arch has changed; ends a window. */
void virt_inject(struct vcpu *v);
/* Make v exit with EXIT_WINDOW: see arch_vcpu_want_window(). */
bool virt_window(struct vcpu *v);
/* v leaves the interrupt shadow that it had at the last exit. */
void virt_clear_shadow(struct vcpu *v);
/* Make v exit at its next IRET, or not. */
void virt_watch_iret(struct vcpu *v, bool on);

/*
 * On every CPU, once, the boot CPU first, with its final page tables, GS
 * base, GDT and IDT, CR4.OSFXSR and OSXSAVE. Panics if guests cannot run.
 */
void virt_init_cpu(void);

/* Is a HLT without prefixes what v executes next? */
bool vcpu_at_hlt(const struct vcpu *v);

/* --- lazily switched state: fpu.c --- */

void fpu_init(void);			/* boot CPU */
void vcpu_load(struct vcpu *v);		/* this CPU runs v from now on */
/* v's guest writes; v is loaded. False = #GP. */
bool fpu_write_xcr0(uint64_t value);
bool fpu_write_tsc_aux(struct vcpu *v, uint64_t value);
/* The reset state, in memory. v's struct vcpu_arch is zero elsewhere. */
void fpu_reset(struct vcpu *v);

/* A guest's own page tables, as the guest's registers say. */

#define GPA_NONE	UINT64_MAX

/* Guest-virtual to guest-physical or GPA_NONE; as for arch_guest_ptr(). */
uint64_t guest_translate(const struct vcpu *v, uint64_t va, bool write);
/*
 * Copies the code bytes that v is about to execute, at most size; returns how
 * many could be read (0: the page is not v's own RAM).
 */
size_t guest_fetch(const struct vcpu *v, uint8_t *bytes, size_t size);

/*
 * What a guest may write to CR0, CR4 and EFER. The checks are those of the
 * CPU (APM volume 2, "System Resources") plus our policy, so that a state
 * that VMRUN would refuse gives the guest its #GP at the instruction.
 */

struct cr_state {
	uint64_t cr0, cr4, efer;
	bool code64;
};

/* False = #GP. On success the state is what the CPU would have then. */
bool cr0_write(struct cr_state *s, uint64_t value);
bool cr4_write(struct cr_state *s, uint64_t value, uint64_t allowed);
bool efer_write(struct cr_state *s, uint64_t value);

/* The same on a vCPU. */
enum control { CONTROL_CR0, CONTROL_CR4, CONTROL_EFER };
bool vcpu_write_control(struct vcpu *v, enum control which, uint64_t value);

/*
 * The MSRs of guests: an allow-list. What the back end passes through (FS,
 * GS and KernelGS base, system-call and SYSENTER registers) never gets here.
 */

/* x2APIC and Xen: the core's. */
bool msr_is_core(uint32_t index);
/* The others. False = #GP. */
bool msr_read(struct vcpu *v, uint32_t index, uint64_t *value);
bool msr_write(struct vcpu *v, uint32_t index, uint64_t value);
/* Whether every byte is a memory type that PAT knows. Pure. */
bool msr_pat_is_valid(uint64_t value);
