/* SPDX-License-Identifier: MIT */
/*
 * A vCPU as the core sees it, whatever the vendor: start states, entry,
 * events, and the choice of the back end at boot.
 */
#include "arch/x86/virt.h"
#include "arch/x86/cpu_local.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/layout.h"
#include "arch/x86/regs.h"
#include "core/domain.h"
#include "lib/format.h"

#define OPCODE_HLT	0xf4u

void virt_init_cpu(void)
{
	if (!virt_enable())
		arch_panic(__FILE__, __LINE__,
			   "this CPU has no SVM with nested paging and XSAVE, "
			   "or the firmware has turned it off");
	if (this_cpu()->index == 0) {
		fpu_init();
		cpuid_init();
	}
}

size_t arch_vcpu_size(void)
{
	return ROUND_UP(sizeof(struct vcpu_arch), PAGE_SIZE);
}

void arch_vcpu_init(struct vcpu *v)
{
	vcpu_arch(v)->control_pa = (uint64_t)v->arch - DIRECT_BASE;
	virt_vcpu_init(v);
}

static void vcpu_reset(struct vcpu *v, const struct reset_state *state)
{
	struct vcpu_arch *a = vcpu_arch(v);

	memset(&a->cr4, 0, sizeof(*a) - offsetof(struct vcpu_arch, cr4));
	fpu_reset(v);
	v->regs = (struct guest_regs){ .rip = state->rip, .rbx = state->rbx,
				       .rdx = state->rdx,
				       .rflags = RFLAGS_FIXED };
	virt_vcpu_reset(v, state);
}

void arch_vcpu_reset_pvh(struct vcpu *v, uint32_t entry, uint32_t start_info)
{
	const struct reset_state state = {
		.cs = { .limit = UINT32_MAX, .attributes = 0xc9b },
		.data = { .limit = UINT32_MAX, .attributes = 0xc93 },
		.tr = { .limit = 0x67, .attributes = 0x8b },
		.cr0 = CR0_PE | CR0_ET,
		.rip = entry,
		.rbx = start_info,
	};

	vcpu_reset(v, &state);
}

void arch_vcpu_reset_sipi(struct vcpu *v, uint8_t vector)
{
	const struct reset_state state = {
		.cs = { .selector = (uint16_t)(vector << 8),
			.base = (uint64_t)vector << 12,
			.limit = 0xffff, .attributes = 0x9b },
		.data = { .limit = 0xffff, .attributes = 0x93 },
		.tr = { .limit = 0xffff, .attributes = 0x8b },
		.cr0 = CR0_ET,
		.rdx = cpuid_signature(),
	};

	vcpu_reset(v, &state);
}

void arch_vcpu_run(struct vcpu *v, struct vmexit *exit)
{
	if (this_cpu()->loaded != v) {
		if (vcpu_arch(v)->shutdown) {
			exit->reason = EXIT_TRIPLE_FAULT;
			return;
		}
		vcpu_load(v);
	}
	virt_run(v, exit);
}

/* A trap flag that the skipped instruction would have honoured is. */
static __attribute__((noinline)) void end_of_instruction(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	if (a->shadow)
		virt_clear_shadow(v);
	a->shadow = 0;
	v->regs.rflags &= ~RFLAGS_RF;
	if (v->regs.rflags & RFLAGS_TF) {
		virt_set(v, REG_DR6, virt_get(v, REG_DR6) | DR6_BS);
		arch_vcpu_inject_fault(v, VECTOR_DB, 0);
	}
}

void arch_vcpu_skip(struct vcpu *v, const struct vmexit *exit)
{
	v->regs.rip = exit->next_rip;
	if (__builtin_expect(vcpu_arch(v)->shadow ||
			     (v->regs.rflags & (RFLAGS_TF | RFLAGS_RF)), 0))
		end_of_instruction(v);
}

unsigned int arch_vcpu_cpl(const struct vcpu *v)
{
	return vcpu_arch(v)->cpl;
}

bool arch_vcpu_is_64bit(const struct vcpu *v)
{
	return vcpu_arch(v)->code64;
}

bool arch_vcpu_interrupts_enabled(const struct vcpu *v)
{
	return v->regs.rflags & RFLAGS_IF;
}

bool arch_vcpu_may_interrupt(const struct vcpu *v)
{
	const struct vcpu_arch *a = vcpu_arch(v);

	return !a->event && !a->shadow && (v->regs.rflags & RFLAGS_IF);
}

/* Not before the IRET at which the last handler's end was seen is done. */
bool arch_vcpu_may_nmi(const struct vcpu *v)
{
	const struct vcpu_arch *a = vcpu_arch(v);

	return !a->event && !a->shadow && !a->nmi_blocked &&
	       (!a->iret_rip || a->iret_rip != v->regs.rip);
}

void arch_vcpu_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	vcpu_arch(v)->event = event_make(EVENT_INTERRUPT, vector);
	virt_inject(v);
}

void arch_vcpu_inject_nmi(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	a->event = event_make(EVENT_NMI, VECTOR_NMI);
	a->nmi_blocked = true;
	a->iret_rip = 0;
	virt_inject(v);
	virt_watch_iret(v, true);
}

void arch_vcpu_inject_fault(struct vcpu *v, uint8_t vector, uint32_t error)
{
	struct vcpu_arch *a = vcpu_arch(v);
	uint64_t fault = event_exception(vector, error);

	a->event = event_combine(a->event, fault);
	if (!a->event) {
		arch_vcpu_unload(v);
		a->shutdown = true;
	}
	if (!(virt_get(v, REG_CR0) & CR0_PE))
		a->event &= ~EVENT_HAS_ERROR;	/* real mode pushes none */
	virt_inject(v);
}

bool vcpu_at_hlt(const struct vcpu *v)
{
	uint8_t byte;

	return guest_fetch(v, &byte, 1) && byte == OPCODE_HLT;
}

/*
 * An interrupt that is due ends a HLT in STI's shadow at once, so pass over
 * it: QEMU forgets the shadow at the next entry, and an interrupt taken
 * before the HLT would leave the guest asleep behind it.
 */
bool arch_vcpu_want_window(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	if (a->shadow && !a->event && (v->regs.rflags & RFLAGS_IF) &&
	    vcpu_at_hlt(v)) {
		v->regs.rip++;
		virt_clear_shadow(v);
		a->shadow = 0;
	}
	return virt_window(v);
}

void arch_vcpu_describe(const struct vcpu *v, char *text, size_t size)
{
	const struct vcpu_arch *a = vcpu_arch(v);

	format_text(text, size,
		    "rip %lx rsp %lx rflags %lx cpl %u cr0 %lx cr3 %lx "
		    "cr4 %lx efer %lx rax %lx",
		    v->regs.rip, v->regs.rsp, v->regs.rflags, a->cpl,
		    virt_get(v, REG_CR0), a->last_cr3, a->cr4, a->efer,
		    v->regs.rax);
}
