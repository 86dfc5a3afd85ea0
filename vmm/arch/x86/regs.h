/* SPDX-License-Identifier: MIT */
/* Bits of control registers and numbers of MSRs (AMD APM 2, Intel SDM 4). */
#pragma once
#include "lib/types.h"

#define CR0_PE		BIT64(0)
#define CR0_MP		BIT64(1)
#define CR0_EM		BIT64(2)
#define CR0_TS		BIT64(3)
#define CR0_ET		BIT64(4)
#define CR0_NE		BIT64(5)
#define CR0_WP		BIT64(16)
#define CR0_AM		BIT64(18)
#define CR0_NW		BIT64(29)
#define CR0_CD		BIT64(30)
#define CR0_PG		BIT64(31)

#define CR4_VME		BIT64(0)
#define CR4_PVI		BIT64(1)
#define CR4_TSD		BIT64(2)
#define CR4_DE		BIT64(3)
#define CR4_PSE		BIT64(4)
#define CR4_PAE		BIT64(5)
#define CR4_MCE		BIT64(6)
#define CR4_PGE		BIT64(7)
#define CR4_PCE		BIT64(8)
#define CR4_OSFXSR	BIT64(9)
#define CR4_OSXMMEXCPT	BIT64(10)
#define CR4_UMIP	BIT64(11)
#define CR4_FSGSBASE	BIT64(16)
#define CR4_OSXSAVE	BIT64(18)
#define CR4_SMEP	BIT64(20)
#define CR4_SMAP	BIT64(21)

#define EFER_SCE	BIT64(0)
#define EFER_LME	BIT64(8)
#define EFER_LMA	BIT64(10)
#define EFER_NXE	BIT64(11)
#define EFER_SVME	BIT64(12)

#define RFLAGS_FIXED	BIT64(1)
#define RFLAGS_TF	BIT64(8)
#define RFLAGS_IF	BIT64(9)
#define RFLAGS_RF	BIT64(16)

#define DR6_RESET	0xffff0ff0ull
#define DR6_BS		BIT64(14)
#define DR7_RESET	0x400ull

#define VECTOR_DB	0x01
#define VECTOR_UD	0x06
#define VECTOR_AC	0x11

#define MSR_TSC			0x00000010u
#define MSR_PLATFORM_ID		0x00000017u
#define MSR_APIC_BASE		0x0000001bu
#define MSR_PRED_CMD		0x00000049u
#define MSR_PATCH_LEVEL		0x0000008bu
#define MSR_SYSENTER_CS		0x00000174u
#define MSR_SYSENTER_EIP	0x00000176u
#define MSR_MCG_CAP		0x00000179u
#define MSR_MCG_STATUS		0x0000017au
#define MSR_MISC_ENABLE		0x000001a0u
#define MSR_DEBUGCTL		0x000001d9u
#define MSR_PAT			0x00000277u
#define MSR_X2APIC_FIRST	0x00000800u
#define MSR_X2APIC_TPR		0x00000808u
#define MSR_X2APIC_LAST		0x000008ffu
#define MSR_XEN_HYPERCALL	0x40000000u
#define MSR_EFER		0xc0000080u
#define MSR_STAR		0xc0000081u
#define MSR_SFMASK		0xc0000084u
#define MSR_FS_BASE		0xc0000100u
#define MSR_GS_BASE		0xc0000101u
#define MSR_KERNEL_GS_BASE	0xc0000102u
#define MSR_TSC_AUX		0xc0000103u
#define MSR_SYSCFG		0xc0010010u
#define MSR_HWCR		0xc0010015u
#define MSR_TOP_MEM		0xc001001au
#define MSR_TOP_MEM2		0xc001001du
#define MSR_NB_CFG		0xc001001fu
#define MSR_VM_CR		0xc0010114u
#define MSR_VM_HSAVE_PA		0xc0010117u
#define MSR_SEV_STATUS		0xc0010131u
#define MSR_DE_CFG		0xc0011029u
