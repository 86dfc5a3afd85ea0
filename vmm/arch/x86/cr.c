/* SPDX-License-Identifier: MIT */
/*
 * Control registers of guests. LMA follows LME and PG here, because every
 * write that could change one of the three exits.
 */
#include "arch/x86/virt.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"

#define CR0_KNOWN \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | \
	 CR0_NW | CR0_CD | CR0_PG)
#define EFER_WRITABLE	(EFER_SCE | EFER_LME | EFER_NXE)

bool cr0_write(struct cr_state *s, uint64_t value)
{
	bool was_paging = s->cr0 & CR0_PG;

	if (value >> 32 || ((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if ((value & CR0_PG) && !(value & CR0_PE))
		return false;
	/* Paging is not turned on or off under 64-bit code. */
	if (s->code64 && !(value & CR0_PG))
		return false;
	if (!was_paging && (value & CR0_PG) && (s->efer & EFER_LME) &&
	    !(s->cr4 & CR4_PAE))
		return false;
	s->cr0 = (value & CR0_KNOWN) | CR0_ET;
	if ((value & CR0_PG) && (s->efer & EFER_LME))
		s->efer |= EFER_LMA;
	else
		s->efer &= ~EFER_LMA;
	return true;
}

bool cr4_write(struct cr_state *s, uint64_t value, uint64_t allowed)
{
	if (value & ~allowed)
		return false;
	if ((s->efer & EFER_LMA) && !(value & CR4_PAE))
		return false;
	s->cr4 = value;
	return true;
}

bool efer_write(struct cr_state *s, uint64_t value)
{
	uint64_t lma = s->efer & EFER_LMA;

	if (value & ~(EFER_WRITABLE | EFER_LMA))
		return false;
	if ((s->cr0 & CR0_PG) && ((s->efer ^ value) & EFER_LME))
		return false;
	s->efer = (value & EFER_WRITABLE) | lma;
	return true;
}

bool vcpu_write_control(struct vcpu *v, enum control which, uint64_t value)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct cr_state s = { virt_get(v, REG_CR0), a->cr4, a->efer,
			      a->code64 };
	bool ok = which == CONTROL_CR0 ? cr0_write(&s, value) :
		  which == CONTROL_CR4 ? cr4_write(&s, value,
						   cpuid_allowed_cr4()) :
					 efer_write(&s, value);

	/* Entering long mode through a CS with L set is refused (APM 2). */
	if (!ok || ((s.efer & ~a->efer & EFER_LMA) && virt_get(v, REG_CS_LONG)))
		return false;
	a->cr4 = s.cr4;
	a->efer = s.efer;
	virt_set(v, REG_CR0, s.cr0);
	virt_sync(v);
	virt_flush(v);
	return true;
}
