/* SPDX-License-Identifier: MIT */
/* Registers of a local APIC by x2APIC number (MSR 0x800 + n). SDM 3A. */
#pragma once
#include "lib/types.h"

#define MSR_X2APIC		0x800u
#define VERSION			0x50014u	/* six local vectors */
#define VECTOR_MIN		16u
#define CLASS_MASK		0xf0u
#define BROADCAST		UINT32_MAX

#define REG_ID			0x02u
#define REG_VERSION		0x03u
#define REG_TPR			0x08u
#define REG_PPR			0x0au
#define REG_EOI			0x0bu
#define REG_LDR			0x0du
#define REG_SVR			0x0fu
#define REG_ISR			0x10u
#define REG_TMR			0x18u
#define REG_IRR			0x20u
#define REG_ESR			0x28u
#define REG_ICR			0x30u
#define REG_LVT			0x32u
#define REG_TIMER_INITIAL	0x38u
#define REG_TIMER_CURRENT	0x39u
#define REG_TIMER_DIVIDE	0x3eu
#define REG_SELF_IPI		0x3fu

#define SVR_RESET		0xffu
#define SVR_ENABLE		BIT32(8)
#define SVR_FOCUS		BIT32(9)	/* ignored */

#define ESR_SEND_VECTOR		BIT32(5)
#define ESR_RECEIVE_VECTOR	BIT32(6)

/* Local vectors in the order of their registers. */
enum lvt { LVT_TIMER, LVT_THERMAL, LVT_COUNTER, LVT_LINT0, LVT_LINT1,
	   LVT_ERROR, LVT_COUNT };
#define LVT_MASKED		BIT32(16)
#define LVT_PERIODIC		BIT32(17)
#define LVT_READ_ONLY		(BIT32(12) | BIT32(14))	/* status, IRR */

#define ICR_MODE(icr)		((uint32_t)(icr) >> 8 & 7u)
#define ICR_LOGICAL		BIT64(11)
#define ICR_ASSERT		BIT64(14)
#define ICR_TRIGGER		BIT64(15)
#define ICR_SHORTHAND(icr)	((uint32_t)(icr) >> 18 & 3u)
#define ICR_WRITABLE		(0xffffffff000ccfffull)
#define MODE_FIXED		0u
#define MODE_LOWEST		1u
#define MODE_NMI		4u
#define MODE_INIT		5u
#define MODE_SIPI		6u
#define SHORTHAND_SELF		1u
#define SHORTHAND_ALL		2u
#define SHORTHAND_OTHERS	3u

/* Shorter timer periods would cost the host more than they give a guest. */
#define PERIOD_MIN		(100000ull)	/* ns */
