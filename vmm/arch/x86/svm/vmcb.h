/* SPDX-License-Identifier: MIT */
/*
 * The virtual machine control block (AMD APM volume 2, appendix "Layout of
 * VMCB"). What an entry may change is written through setters here, which
 * clear the clean bit that covers it; what changes seldom, together with
 * clean = 0.
 */
#pragma once
#include "arch/x86/virt.h"

struct vmcb {
	uint16_t cr_read, cr_write;	/* 0x000  clean: INTERCEPTS */
	uint16_t dr_read, dr_write;	/* 0x004 */
	uint32_t exceptions;		/* 0x008 */
	uint32_t intercept1;		/* 0x00c */
	uint32_t intercept2;		/* 0x010 */
	uint8_t res0[0x03c - 0x014];
	uint16_t pause_threshold;	/* 0x03c */
	uint16_t pause_count;		/* 0x03e */
	uint64_t iopm, msrpm;		/* 0x040  clean: IOPM */
	uint64_t tsc_offset;		/* 0x050  clean: INTERCEPTS */
	uint32_t asid;			/* 0x058  clean: ASID */
	uint8_t tlb_control;		/* 0x05c */
	uint8_t res1[3];
	uint64_t int_control;		/* 0x060  clean: TPR */
	uint64_t int_state;		/* 0x068  bit 0: shadow */
	uint64_t exitcode;		/* 0x070 */
	uint64_t exitinfo1, exitinfo2;	/* 0x078 */
	uint64_t exitintinfo;		/* 0x088 */
	uint64_t np_control;		/* 0x090  clean: NP */
	uint8_t res2[0x0a8 - 0x098];
	uint64_t event_inject;		/* 0x0a8 */
	uint64_t n_cr3;			/* 0x0b0  clean: NP */
	uint64_t lbr_control;		/* 0x0b8 */
	uint32_t clean;			/* 0x0c0 */
	uint32_t res3;
	uint64_t next_rip;		/* 0x0c8  only with nRIP save */
	uint8_t res4[0x400 - 0x0d0];

	struct segment es, cs, ss, ds, fs, gs;		/* 0x400 clean: SEG */
	struct segment gdtr, ldtr, idtr, tr;		/* 0x460 */
	uint8_t res5[0x4cb - 0x4a0];
	uint8_t cpl;			/* 0x4cb */
	uint32_t res6;
	uint64_t efer;			/* 0x4d0  clean: CRx */
	uint8_t res7[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0;		/* 0x548  clean: CRx */
	uint64_t dr7, dr6;		/* 0x560  clean: DRx */
	uint64_t rflags, rip;		/* 0x570 */
	uint8_t res8[0x5d8 - 0x580];
	uint64_t rsp;			/* 0x5d8 */
	uint8_t res9[0x5f8 - 0x5e0];
	uint64_t rax;			/* 0x5f8 */
	uint64_t star, lstar, cstar, sfmask;		/* 0x600: VMLOAD */
	uint64_t kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t cr2;			/* 0x640  clean: CR2 */
	uint8_t res10[0x668 - 0x648];
	uint64_t g_pat;			/* 0x668  clean: NP */
	uint8_t res11[0x1000 - 0x670];
};
static_assert(sizeof(struct vmcb) == PAGE_SIZE, "VMCB layout");
#define AT(field, offset)	(offsetof(struct vmcb, field) == (offset))
static_assert(AT(exceptions, 0x008) && AT(pause_threshold, 0x03c) &&
	      AT(iopm, 0x040) && AT(asid, 0x058) && AT(tlb_control, 0x05c) &&
	      AT(int_control, 0x060) && AT(exitcode, 0x070) &&
	      AT(exitintinfo, 0x088) && AT(event_inject, 0x0a8) &&
	      AT(clean, 0x0c0) && AT(next_rip, 0x0c8) &&
	      AT(es, 0x400) && AT(tr, 0x490) && AT(cpl, 0x4cb) &&
	      AT(efer, 0x4d0) && AT(cr4, 0x548) && AT(rip, 0x578) &&
	      AT(rsp, 0x5d8) && AT(rax, 0x5f8) && AT(cr2, 0x640) &&
	      AT(g_pat, 0x668), "VMCB layout");
#undef AT

#define SVM_CTL_V_IRQ		BIT64(8)
#define SVM_CTL_V_PRIO		(15ull << 16)
#define SVM_CTL_V_IGN_TPR	BIT64(20)
#define SVM_CTL_V_INTR_MASKING	BIT64(24)
#define SVM_CTL_V_VECTOR(v)	((uint64_t)(v) << 32)
#define SVM_CTL_VECTOR(control)	((uint8_t)((control) >> 32))

#define SVM_TLB_FLUSH_ALL	1

/* Exit codes; CR reads and writes, DRs and exceptions are ranges. */
enum svm_exit {
	SVM_EXIT_READ_CR8 = 0x008, SVM_EXIT_WRITE_CR0 = 0x010,
	SVM_EXIT_WRITE_CR4 = 0x014, SVM_EXIT_WRITE_CR8 = 0x018,
	SVM_EXIT_EXCEPTION = 0x040,
	SVM_EXIT_DB = 0x041, SVM_EXIT_AC = 0x051, SVM_EXIT_MC = 0x052,
	SVM_EXIT_INTR = 0x060, SVM_EXIT_NMI = 0x061, SVM_EXIT_INIT = 0x063,
	SVM_EXIT_VINTR = 0x064, SVM_EXIT_RDPMC = 0x06f, SVM_EXIT_CPUID = 0x072,
	SVM_EXIT_RSM = 0x073, SVM_EXIT_IRET = 0x074, SVM_EXIT_INVD = 0x076,
	SVM_EXIT_PAUSE = 0x077, SVM_EXIT_HLT = 0x078, SVM_EXIT_INVLPGA = 0x07a,
	SVM_EXIT_IOIO = 0x07b, SVM_EXIT_MSR = 0x07c, SVM_EXIT_TASK = 0x07d,
	SVM_EXIT_SHUTDOWN = 0x07f,
	SVM_EXIT_VMRUN = 0x080, SVM_EXIT_VMMCALL = 0x081,
	SVM_EXIT_VMLOAD = 0x082, SVM_EXIT_VMSAVE = 0x083, SVM_EXIT_STGI = 0x084,
	SVM_EXIT_CLGI = 0x085, SVM_EXIT_SKINIT = 0x086, SVM_EXIT_WBINVD = 0x089,
	SVM_EXIT_MONITOR = 0x08a, SVM_EXIT_MWAIT = 0x08b,
	SVM_EXIT_MWAIT_ARMED = 0x08c, SVM_EXIT_XSETBV = 0x08d,
	SVM_EXIT_RDPRU = 0x08e, SVM_EXIT_NPF = 0x400,
};

/* In intercept1 for the exits from 0x60 on, in intercept2 from 0x80 on. */
#define SVM_BIT(exit)	BIT32(SVM_EXIT_##exit % 32)

/* Clean bits: set = the CPU may use its cached copy. */
#define VMCB_CLEAN_INTERCEPTS	BIT32(0)
#define VMCB_CLEAN_ASID		BIT32(2)
#define VMCB_CLEAN_TPR		BIT32(3)
#define VMCB_CLEAN_ALL		0x7ffu

#define VMCB_SETTER(field, type, bit) \
	static inline void vmcb_set_##field(struct vmcb *c, type value) \
	{ \
		c->field = value; \
		c->clean &= ~(bit); \
	}

VMCB_SETTER(intercept1, uint32_t, VMCB_CLEAN_INTERCEPTS)
VMCB_SETTER(asid, uint32_t, VMCB_CLEAN_ASID)
VMCB_SETTER(int_control, uint64_t, VMCB_CLEAN_TPR)
