/* SPDX-License-Identifier: MIT */
/* What the files of the SVM back end share. */
#pragma once
#include "arch/x86/svm/vmcb.h"

/* Feature bits that change how we read an exit. */
struct svm_features {
	bool next_rip;		/* VMCB 0xc8 is valid */
	bool decode;		/* EXITINFO1 names the GPR of MOV CR */
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

/* run.S */
void svm_enter(struct guest_regs *regs, uint64_t vmcb, uint64_t host);
void fill_return_stack(void);

/* What the exit in the VMCB means: fills exit, settles what is ours. */
void svm_handle_exit(struct vcpu *v, struct vmexit *exit);
/* VMRUN failed, or QEMU met a bad MOV to CR3; v->regs is as at the entry. */
void svm_handle_refusal(struct vcpu *v, struct vmexit *exit);
/* v->regs from the VMCB. */
void svm_pull_regs(struct vcpu *v);
