/* SPDX-License-Identifier: MIT */
/* Registers of a local APIC by x2APIC number (MSR 0x800 + n). SDM 3A. */
#pragma once
#include "core/vcpu.h"

#define MSR_X2APIC		0x800u
#define VERSION			0x50014u	/* six local vectors */
#define VECTOR_MIN		16u
#define CLASS_MASK		0xf0u
#define BROADCAST		UINT32_MAX

enum {
	REG_ID = 0x02, REG_VERSION = 0x03, REG_TPR = LAPIC_TPR, REG_PPR = 0x0a,
	REG_EOI = 0x0b, REG_LDR = 0x0d, REG_SVR = 0x0f, REG_ISR = 0x10,
	REG_TMR = 0x18, REG_IRR = 0x20, REG_ESR = 0x28, REG_ICR = 0x30,
	REG_LVT = 0x32, REG_TIMER_INITIAL = 0x38, REG_TIMER_CURRENT = 0x39,
	REG_TIMER_DIVIDE = 0x3e, REG_SELF_IPI = 0x3f,
};
/* count registers from reg on, as bits */
#define REGS(reg, count)	((BIT64(count) - 1) << (reg))

#define SVR_RESET		0xffu
#define SVR_ENABLE		BIT32(8)
#define SVR_FOCUS		BIT32(9)	/* ignored */

/* Local vectors in the order of their registers. */
enum lvt { LVT_TIMER, LVT_THERMAL, LVT_COUNTER, LVT_LINT0, LVT_LINT1,
	   LVT_ERROR, LVT_COUNT };
#define LVT_MASKED		BIT32(16)
#define LVT_PERIODIC		BIT32(17)
#define LVT_READ_ONLY		(BIT32(12) | BIT32(14))	/* status, IRR */
#define LVT_ALL			(LVT_READ_ONLY | LVT_MASKED)

#define ICR_MODE(icr)		((uint32_t)(icr) >> 8 & 7u)
#define ICR_LOGICAL		BIT64(11)
#define ICR_ASSERT		BIT64(14)
#define ICR_TRIGGER		BIT64(15)
#define ICR_SHORTHAND(icr)	((uint32_t)(icr) >> 18 & 3u)
#define ICR_WRITABLE		(0xffffffff000ccfffull)
enum {
	MODE_FIXED = 0, MODE_LOWEST = 1, MODE_NMI = 4, MODE_INIT = 5,
	MODE_SIPI = 6, SHORTHAND_SELF = 1, SHORTHAND_ALL = 2,
	SHORTHAND_OTHERS = 3,
};

/* Shorter timer periods would cost the host more than they give a guest. */
#define PERIOD_MIN		(100000ull)	/* ns */
