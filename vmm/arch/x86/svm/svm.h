/* SPDX-License-Identifier: MIT */
/* What the files of the SVM back end share. */
#pragma once
#include "arch/x86/svm/vmcb.h"

#define SVM_INT_CONTROL	(SVM_CTL_V_INTR_MASKING | SVM_CTL_V_IGN_TPR)

struct svm_cpu {
	uint8_t hsave[PAGE_SIZE];	/* the CPU's own, opaque */
	struct vmcb host;	/* [I] what VMLOAD restores */
	uint64_t host_pa;	/* [I] */
	uint64_t generation;	/* [C] of ASIDs: invariant A3 of exit.c */
	uint32_t next_asid;	/* [C] */
} __attribute__((aligned(PAGE_SIZE)));

/* Feature bits that change how we read an exit. */
struct svm_features {
	bool next_rip;		/* VMCB 0xc8 is valid */
	bool clean;		/* clean bits are looked at */
	bool pause;		/* PAUSE filter */
	bool fill_return_stack;	/* not under an emulator */
	uint32_t asid_count;
};
extern struct svm_features svm_features;	/* [I] after probe */

static inline struct vmcb *vmcb_of(const struct vcpu *v)
{
	return v->arch;
}

/* run.S; svm_enter() is called by insn_svm_enter() */
void fill_return_stack(void);
