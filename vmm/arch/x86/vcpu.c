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

const struct virt_ops *virt;	/* [I] after the boot CPU's virt_init_cpu() */

void virt_init_cpu(void)
{
	bool boot_cpu = this_cpu()->index == 0;

	if (boot_cpu)
		virt = &svm_ops;
	if (!virt->probe())
		arch_panic(__FILE__, __LINE__,
			   "this CPU has no SVM with nested paging, or the "
			   "firmware has turned it off");
	if (boot_cpu) {
		fpu_init();
		cpuid_init();
	}
	virt->cpu_enable();
}

size_t arch_vcpu_size(void)
{
	return ROUND_UP(sizeof(struct vcpu_arch), PAGE_SIZE);
}

void arch_vcpu_init(struct vcpu *v)
{
	vcpu_arch(v)->control_pa = (uint64_t)v->arch - DIRECT_BASE;
	virt->vcpu_init(v);
}

static void vcpu_reset(struct vcpu *v, const struct reset_state *state)
{
	struct vcpu_arch *a = vcpu_arch(v);

	fpu_reset(v);
	a->cr4 = 0;
	a->efer = 0;
	a->event = 0;
	virt->flush(v);
	a->last_cr3 = 0;
	a->iret_rip = 0;
	a->cpl = 0;
	a->code64 = a->shadow = 0;
	a->nmi_blocked = a->shutdown = false;
	for (size_t i = 0; i < INSN_CACHE_SIZE; i++)
		a->cache[i].what = 0;
	a->walk = (struct walk_cache){ .flush_seq = 0 };
	v->regs = (struct guest_regs){ .rip = state->rip, .rbx = state->rbx,
				       .rdx = state->rdx,
				       .rflags = RFLAGS_FIXED };
	virt->vcpu_reset(v, state);
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
	virt->run(v, exit);
}

/* A trap flag that the skipped instruction would have honoured is. */
static __attribute__((noinline)) void end_of_instruction(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	if (a->shadow)
		virt->clear_shadow(v);
	a->shadow = 0;
	v->regs.rflags &= ~RFLAGS_RF;
	if (v->regs.rflags & RFLAGS_TF) {
		virt->set(v, REG_DR6, virt->get(v, REG_DR6) | DR6_BS);
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
	virt->inject(v);
}

void arch_vcpu_inject_nmi(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	a->event = event_make(EVENT_NMI, VECTOR_NMI);
	a->nmi_blocked = true;
	a->iret_rip = 0;
	virt->inject(v);
	virt->watch_iret(v, true);
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
	if (!(virt->get(v, REG_CR0) & CR0_PE))
		a->event &= ~EVENT_HAS_ERROR;	/* real mode pushes none */
	virt->inject(v);
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
void arch_vcpu_want_window(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	if (a->shadow && !a->event && (v->regs.rflags & RFLAGS_IF) &&
	    vcpu_at_hlt(v)) {
		v->regs.rip++;
		virt->clear_shadow(v);
		a->shadow = 0;
	}
	virt->window(v);
}

void arch_vcpu_describe(const struct vcpu *v, char *text, size_t size)
{
	const struct vcpu_arch *a = vcpu_arch(v);

	format_text(text, size,
		    "rip %lx rsp %lx rflags %lx cpl %u cr0 %lx cr3 %lx "
		    "cr4 %lx efer %lx rax %lx",
		    v->regs.rip, v->regs.rsp, v->regs.rflags, a->cpl,
		    virt->get(v, REG_CR0), a->last_cr3, a->cr4, a->efer,
		    v->regs.rax);
}
