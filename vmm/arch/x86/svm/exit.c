/* SPDX-License-Identifier: MIT */
/*
 * Entry, and SVM's exits made neutral (APM volume 2, "SVM Intercept Codes").
 * RIP stands at the instruction of every instruction intercept. Where the CPU
 * does not say how long it is (QEMU), the guest's bytes are decoded; a few
 * answers are remembered per vCPU, so that a hot exit walks no page table.
 *  A1  an ASID is used on one CPU by one vCPU, until the CPU's generation
 *      ends; what is cached under it dates from after vcpu.flush_seq;
 *  A2  when a generation ends, everything is flushed before its first entry;
 *  A3  a generation is a multiple of CPU_MAX plus the CPU's index, so that
 *      no two CPUs have the same; 0 is none.
 * QEMU ignores ASIDs and flushes at every entry, so only review tests these.
 */
#include "arch/x86/svm/svm.h"
#include "arch/x86/cpu_local.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/decode.h"
#include "arch/x86/regs.h"
#include "core/world.h"

#define NO_CR		0xffu

static uint64_t *gpr(struct vcpu *v, unsigned int number)
{
	return &(&v->regs.rax)[number];
}

static void fatal(struct vmexit *exit, uint64_t code)
{
	exit->reason = EXIT_FATAL;
	exit->fatal_code = code;
}

/*
 * The instruction at RIP. False: settled already, either because its bytes
 * cannot be read (fatal), or because they are no longer what the CPU ran; it
 * is run again then.
 */
static bool fetch_insn(const struct vcpu *v, struct vmexit *exit,
		       struct insn *insn)
{
	uint8_t bytes[INSN_BYTES_MAX];
	size_t count = guest_fetch(v, bytes, sizeof(bytes));

	if (!count) {
		fatal(exit, vmcb_of(v)->exitcode);
		return false;
	}
	*insn = insn_decode(bytes, count, vcpu_arch(v)->code64);
	exit->next_rip = v->regs.rip + insn->length;
	if (!vcpu_arch(v)->code64)
		exit->next_rip = (uint32_t)exit->next_rip;
	return true;
}

/*
 * Sets exit->next_rip if the instruction at RIP is what; false as above. An
 * address of the lower half means nothing without its CR3. What is cached
 * wrongly, because the guest changed its code, harms only the guest.
 */
static __attribute__((noinline)) bool
decode_next_rip(struct vcpu *v, enum insn_what what, struct vmexit *exit,
		struct insn_cached *slot)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct insn insn = { .what = what, .length = 2 };
	const uint8_t *code = NULL;

	/* Each new program begins with CPUIDs: spare it the decoder. */
	if (what == INSN_CPUID && a->code64 && (v->regs.rip + 1) % PAGE_SIZE)
		code = arch_guest_ptr(v, v->regs.rip, false);
	if (code && code[0] == 0x0f && code[1] == 0xa2)
		exit->next_rip = v->regs.rip + 2;
	else if (!fetch_insn(v, exit, &insn) || insn.what != what)
		return false;
	if (a->code64)
		*slot = (struct insn_cached){ .rip = v->regs.rip,
					      .cr3 = a->last_cr3,
					      .what = what,
					      .length = insn.length };
	return true;
}

static inline bool find_next_rip(struct vcpu *v, enum insn_what what,
				 struct vmexit *exit)
{
	struct vcpu_arch *a = vcpu_arch(v);
	uint64_t rip = v->regs.rip;
	struct insn_cached *slot = &a->cache[rip / 2 % INSN_CACHE_SIZE];

	if (__builtin_expect(svm_features.next_rip, 0)) {
		exit->next_rip = vmcb_of(v)->next_rip;
		return true;
	}
	if (slot->rip == rip && slot->what == what && a->code64 &&
	    ((int64_t)rip < 0 || slot->cr3 == a->last_cr3)) {
		exit->next_rip = rip + slot->length;
		return true;
	}
	return decode_next_rip(v, what, exit, slot);
}

static void skip_or_fault(struct vcpu *v, struct vmexit *exit, bool ok)
{
	if (ok)
		arch_vcpu_skip(v, exit);
	else
		arch_vcpu_inject_fault(v, VECTOR_GP, 0);
}

static void exit_msr(struct vcpu *v, struct vmexit *exit)
{
	bool ok, write = vmcb_of(v)->exitinfo1 & 1;
	uint32_t index = (uint32_t)v->regs.rcx;
	uint64_t value = v->regs.rdx << 32 | (uint32_t)v->regs.rax;

	if (!find_next_rip(v, write ? INSN_WRMSR : INSN_RDMSR, exit))
		return;
	if (msr_is_core(index)) {
		exit->reason = write ? EXIT_MSR_WRITE : EXIT_MSR_READ;
		exit->msr.index = index;
		exit->msr.value = value;
		return;
	}
	ok = write ? msr_write(v, index, value) : msr_read(v, index, &value);
	if (ok && !write) {
		v->regs.rax = (uint32_t)value;
		v->regs.rdx = value >> 32;
	}
	skip_or_fault(v, exit, ok);
}

/* CR8 is TPR >> 4; the write goes where that of the x2APIC register goes. */
static void write_cr8(struct vcpu *v, struct vmexit *exit, uint64_t value)
{
	if (value > 15) {
		arch_vcpu_inject_fault(v, VECTOR_GP, 0);
		return;
	}
	exit->reason = EXIT_MSR_WRITE;
	exit->msr.index = MSR_X2APIC_TPR;
	exit->msr.value = value << 4;
}

static void exit_cr(struct vcpu *v, struct vmexit *exit)
{
	struct insn insn;
	uint64_t value;

	if (!fetch_insn(v, exit, &insn))
		return;
	value = *gpr(v, insn.gpr);
	if (!vcpu_arch(v)->code64)
		value = (uint32_t)value;
	if (insn.what == INSN_READ_CR && insn.cr == 8) {
		*gpr(v, insn.gpr) = v->lapic.reg[LAPIC_TPR] >> 4 & 0xf;
		arch_vcpu_skip(v, exit);
		return;
	}
	if (insn.what == INSN_WRITE_CR && insn.cr == 8) {
		write_cr8(v, exit, value);
		return;
	}
	if (insn.what == INSN_CLTS)
		value = vmcb_of(v)->cr0 & ~CR0_TS;
	else if (insn.what == INSN_LMSW)	/* sets PE, never clears it */
		value = (vmcb_of(v)->cr0 & ~(CR0_MP | CR0_EM | CR0_TS)) |
			(value & 0xf);
	else if (insn.what != INSN_WRITE_CR)	/* LMSW of memory: nobody's */
		insn.cr = NO_CR;
	if (insn.cr != 0 && insn.cr != 4)
		arch_vcpu_inject_fault(v, VECTOR_UD, 0);
	else
		skip_or_fault(v, exit, vcpu_write_control(
			v, insn.cr ? CONTROL_CR4 : CONTROL_CR0, value));
}

static void exit_io(const struct vcpu *v, struct vmexit *exit)
{
	uint64_t info = vmcb_of(v)->exitinfo1;

	exit->reason = EXIT_IO;
	exit->next_rip = vmcb_of(v)->exitinfo2;
	exit->io = (struct vmexit_io){
		.port = (uint16_t)(info >> 16), .size = info >> 4 & 7,
		.in = info & BIT64(0), .string = info & BIT64(2),
		.repeat = info & BIT64(3),
	};
}

static void exit_memory(struct vcpu *v, struct vmexit *exit)
{
	uint64_t info = vmcb_of(v)->exitinfo1;
	bool fits, write = info & BIT64(1);
	struct insn insn = { .what = INSN_OTHER };

	fetch_insn(v, exit, &insn);
	fits = write ? insn.what == INSN_STORE ||
		       insn.what == INSN_STORE_CONSTANT
		     : insn.what == INSN_LOAD;
	exit->reason = EXIT_MEMORY;
	exit->memory = (struct vmexit_memory){
		.address = vmcb_of(v)->exitinfo2, .write = write,
		.execute = info & BIT64(4), .table_walk = info & BIT64(33),
		.size = fits ? insn.size : 0, .gpr = insn.gpr,
		.value = insn.what == INSN_STORE ? *gpr(v, insn.gpr)
						 : insn.value,
	};
}

static void exit_xsetbv(struct vcpu *v, struct vmexit *exit)
{
	uint64_t value = v->regs.rdx << 32 | (uint32_t)v->regs.rax;
	bool ok = !vcpu_arch(v)->cpl && !(uint32_t)v->regs.rcx;

	if (find_next_rip(v, INSN_XSETBV, exit))
		skip_or_fault(v, exit, ok && fpu_write_xcr0(value));
}

/*
 * If of an NMI handler, see arch_vcpu_may_nmi(); else see virt_window(). No
 * interrupt goes in before the IRET of an NMI, which loads its own IF; at CPL
 * 0, that is, where it may.
 */
static void exit_iret(struct vcpu *v, struct vmexit *exit)
{
	struct vcpu_arch *a = vcpu_arch(v);

	a->iret_rip = 0;
	if (a->nmi_blocked && !a->cpl) {
		a->iret_rip = v->regs.rip;
		v->regs.rflags &= ~RFLAGS_IF;
	}
	a->nmi_blocked = false;
	virt_watch_iret(v, false);
	exit->reason = EXIT_WINDOW;
}

/*
 * What was being delivered when the guest left comes again. INT n, INT3 and
 * INTO are not: RIP still stands at them. Vectors above 31 of type exception
 * are QEMU's confusion and would be refused.
 */
static uint64_t event_to_repeat(uint64_t event)
{
	unsigned int type = EVENT_TYPE(event), vector = EVENT_VECTOR(event);

	if (type == EVENT_SOFTWARE || (type == EVENT_EXCEPTION &&
	    (vector == 3 || vector == 4 || vector > 31)))
		return 0;
	return event;
}

/* What went in has been taken, unless EXITINTINFO or V_IRQ says otherwise. */
static __attribute__((noinline)) void settle_events(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct vmcb *c = vmcb_of(v);

	a->event = 0;
	if (c->exitintinfo & EVENT_VALID)
		a->event = event_to_repeat(c->exitintinfo);
	if ((c->int_control & SVM_CTL_V_IRQ) &&
	    !(c->intercept1 & SVM_BIT(VINTR)))
		a->event = event_make(EVENT_INTERRUPT,
				      SVM_CTL_VECTOR(c->int_control));
	virt_inject(v);
	a->queued = a->event;
}

static inline void pull_state(struct vcpu *v, struct vcpu_arch *a,
			      const struct vmcb *c)
{
	/* QEMU does not load a shadow, so it cannot save it either. */
	bool stayed = a->shadow && c->rip == v->regs.rip;

	v->regs.rax = c->rax;
	v->regs.rsp = c->rsp;
	v->regs.rip = c->rip;
	v->regs.rflags = c->rflags;
	a->last_cr3 = c->cr3;
	a->cpl = c->cpl;
	a->code64 = (uint8_t)(c->cs.attributes >> 9 & a->efer >> 10 & 1);
	a->shadow = (uint8_t)c->int_state & 1;
	if (__builtin_expect(stayed, 0))
		a->shadow |= vcpu_at_hlt(v);
	if (__builtin_expect(a->queued || (c->exitintinfo & EVENT_VALID), 0))
		settle_events(v);
}

static void handle_exit(struct vcpu *v, struct vmexit *exit, uint64_t code)
{
	exit->reason = EXIT_NONE;
	switch (code) {
	case SVM_EXIT_VMMCALL:
		if (find_next_rip(v, INSN_VMMCALL, exit))
			exit->reason = EXIT_HYPERCALL;
		break;
	case SVM_EXIT_CPUID:
		if (!find_next_rip(v, INSN_CPUID, exit))
			break;
		cpuid_answer(v);
		arch_vcpu_skip(v, exit);
		exit->reason = EXIT_CPUID;
		break;
	case SVM_EXIT_INTR:
		insn_sti_nop_cli();
		break;
	case SVM_EXIT_NMI: case SVM_EXIT_INIT:	/* taken at STGI */
		break;
	case SVM_EXIT_MC:	/* the memory or the CPU is broken, not v */
		arch_panic(__FILE__, __LINE__, "machine check in a guest");
	case SVM_EXIT_HLT:
		if (find_next_rip(v, INSN_HLT, exit))
			exit->reason = EXIT_HLT;
		break;
	case SVM_EXIT_MSR:
		exit_msr(v, exit);
		break;
	case SVM_EXIT_IOIO:
		exit_io(v, exit);
		break;
	case SVM_EXIT_NPF:
		exit_memory(v, exit);
		break;
	case SVM_EXIT_VINTR:
		exit->reason = EXIT_WINDOW;
		break;
	case SVM_EXIT_IRET:
		exit_iret(v, exit);
		break;
	case SVM_EXIT_PAUSE:
		if (find_next_rip(v, INSN_PAUSE, exit))
			exit->reason = EXIT_PAUSE;
		break;
	case SVM_EXIT_READ_CR8: case SVM_EXIT_WRITE_CR0:
	case SVM_EXIT_WRITE_CR4: case SVM_EXIT_WRITE_CR8:
		exit_cr(v, exit);
		break;
	case SVM_EXIT_INVD:	/* DMA snoops caches, so they need no help */
	case SVM_EXIT_WBINVD:
		if (find_next_rip(v, INSN_WBINVD, exit) ||
		    find_next_rip(v, INSN_INVD, exit))
			arch_vcpu_skip(v, exit);
		break;
	case SVM_EXIT_XSETBV:
		exit_xsetbv(v, exit);
		break;
	case SVM_EXIT_RDPMC:
		arch_vcpu_inject_fault(v, VECTOR_GP, 0);
		break;
	case SVM_EXIT_DB: case SVM_EXIT_AC:	/* lest they come for ever */
		arch_vcpu_inject_fault(v, (uint8_t)(code - SVM_EXIT_EXCEPTION),
				       (uint32_t)vmcb_of(v)->exitinfo1);
		break;
	case SVM_EXIT_SHUTDOWN:
		exit->reason = EXIT_TRIPLE_FAULT;
		break;
	case SVM_EXIT_RSM: case SVM_EXIT_INVLPGA: case SVM_EXIT_VMRUN:
	case SVM_EXIT_VMLOAD: case SVM_EXIT_VMSAVE: case SVM_EXIT_STGI:
	case SVM_EXIT_CLGI: case SVM_EXIT_SKINIT: case SVM_EXIT_MONITOR:
	case SVM_EXIT_MWAIT: case SVM_EXIT_MWAIT_ARMED: case SVM_EXIT_RDPRU:
		arch_vcpu_inject_fault(v, VECTOR_UD, 0);
		break;
	default:		/* task switches, and what we never asked for */
		fatal(exit, code);
		break;
	}
}

/*
 * A check that fails early leaves the host's state in the VMCB, so CR3 is
 * then ours. Otherwise QEMU may have refused a MOV to CR3 in the middle of
 * the guest, where hardware gives #GP: the VMCB holds the guest's state.
 */
static __attribute__((noinline)) void
handle_refusal(struct vcpu *v, struct vmexit *exit)
{
	const struct vmcb *c = vmcb_of(v);
	struct insn insn;

	exit->reason = EXIT_NONE;
	if (c->cr3 == insn_read_cr3()) {
		fatal(exit, c->exitcode);
		return;
	}
	pull_state(v, vcpu_arch(v), c);
	if (!fetch_insn(v, exit, &insn))
		return;
	if (insn.what == INSN_WRITE_CR && insn.cr == 3)
		arch_vcpu_inject_fault(v, VECTOR_GP, 0);
	else
		fatal(exit, c->exitcode);
}

/*
 * A fresh ASID: nothing is cached under it. The first entry of a generation
 * flushes and does not count as one, so that the second takes the flush out.
 */
static __attribute__((noinline)) void take_asid(struct svm_cpu *s,
						struct vcpu *v,
						uint64_t flush_seq)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct vmcb *c = vmcb_of(v);

	if ((a->asid_generation ^ s->generation) % CPU_MAX)
		c->clean = 0;	/* another CPU ran it last */
	c->tlb_control = 0;
	a->asid_generation = s->generation;
	if (s->next_asid >= svm_features.asid_count) {
		s->generation += CPU_MAX;
		s->next_asid = 1;
		c->tlb_control = SVM_TLB_FLUSH_ALL;
	}
	vmcb_set_asid(c, s->next_asid++);
	a->flush_seq = flush_seq;
}

void virt_run(struct vcpu *v, struct vmexit *exit)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct vmcb *c = vmcb_of(v);
	const struct domain *d = v->domain;
	struct cpu_local *cpu = this_cpu();
	struct svm_cpu *s = cpu->virt;

	c->rax = v->regs.rax;
	c->rsp = v->regs.rsp;
	c->rip = v->regs.rip;
	c->rflags = v->regs.rflags;
	/* Order: invariant N3 of npt.c. */
	atomic_store(&cpu->in_guest, d->id);
	uint64_t flush_seq = atomic_load(&d->p2m.flush_seq);

	if (__builtin_expect(a->flush_seq != flush_seq ||
			     a->asid_generation != s->generation, 0))
		take_asid(s, v, flush_seq);
	insn_svm_enter(&v->regs, a->control_pa, s->host_pa);
	cpu->flush_ack++;
	atomic_store_release(&cpu->in_guest, 0);
	if (svm_features.fill_return_stack)
		fill_return_stack();
	if (svm_features.clean)
		c->clean = VMCB_CLEAN_ALL;
	uint64_t code = c->exitcode;

	/* VMEXIT_INVALID is 32 or 64 bits of ones. */
	if (__builtin_expect(code >> 31 != 0, 0)) {
		handle_refusal(v, exit);
		return;
	}
	pull_state(v, a, c);
	handle_exit(v, exit, code);
}
