/* SPDX-License-Identifier: MIT */
/*
 * AMD SVM: probing, enabling, and the control block's life. EFER.SVME is set
 * in every VMCB and shown to no guest.
 */
#include "arch/x86/svm/svm.h"
#include "arch/x86/cpu_local.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/layout.h"
#include "arch/x86/regs.h"
#include "core/world.h"

#define CPUID_SVM	0x8000000au
#define EDX_NPT		BIT32(0)
#define EDX_NEXT_RIP	BIT32(3)
#define EDX_CLEAN	BIT32(5)
#define EDX_PAUSE	BIT32(10)
#define VM_CR_SVMDIS	BIT64(4)

#define PAUSE_COUNT	3000u
#define PAUSE_THRESHOLD	128u

#define INTERCEPT1 \
	(SVM_BIT(INTR) | SVM_BIT(NMI) | SVM_BIT(INIT) | SVM_BIT(RDPMC) | \
	 SVM_BIT(CPUID) | SVM_BIT(RSM) | SVM_BIT(INVD) | SVM_BIT(HLT) | \
	 SVM_BIT(INVLPGA) | SVM_BIT(IOIO) | SVM_BIT(MSR) | SVM_BIT(TASK) | \
	 SVM_BIT(SHUTDOWN))
#define INTERCEPT2 \
	(SVM_BIT(VMRUN) | SVM_BIT(VMMCALL) | SVM_BIT(VMLOAD) | \
	 SVM_BIT(VMSAVE) | SVM_BIT(STGI) | SVM_BIT(CLGI) | SVM_BIT(SKINIT) | \
	 SVM_BIT(WBINVD) | SVM_BIT(MONITOR) | SVM_BIT(MWAIT) | \
	 SVM_BIT(MWAIT_ARMED) | SVM_BIT(XSETBV) | SVM_BIT(RDPRU))

struct svm_features svm_features;
static struct svm_cpu svm_cpus[CPU_MAX];	/* [C] by CPU */
/* All ports exit; one more page for accesses that cross 0xffff. */
static uint8_t iopm[3 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t msrpm[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static bool probe(void)
{
	struct cpuid_regs r = cpuid_host(CPUID_SVM, 0);

	/* A CPU that offers SVM has VM_CR (APM 2, "Enabling SVM"). */
	if (!(insn_cpuid(0x80000001, 0).ecx & BIT32(2)) ||
	    insn_rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
		return false;

	svm_features = (struct svm_features){
		.next_rip = r.edx & EDX_NEXT_RIP,
		.clean = r.edx & EDX_CLEAN,
		.pause = r.edx & EDX_PAUSE,
		.fill_return_stack = !(insn_cpuid(1, 0).ecx & BIT32(31)),
		.asid_count = r.ebx,
	};
	return (r.edx & EDX_NPT) && r.ebx >= 2 &&
	       (insn_read_cr4() & CR4_OSXSAVE);
}

/* Reads and writes of these do not exit. Two bits each, read first. */
static void msrpm_pass(uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++) {
		uint32_t bit = (i & 0x1fff) * 2;

		if (i >= 0xc0000000)
			bit += 0x4000;	/* the second range's page half */

		msrpm[bit / 8] &= (uint8_t)~(3u << bit % 8);
	}
}

bool virt_enable(void)
{
	struct cpu_local *cpu = this_cpu();
	struct svm_cpu *s = &svm_cpus[cpu->index];

	if (!probe())
		return false;
	if (cpu->index == 0) {
		memset(iopm, 0xff, sizeof(iopm));
		memset(msrpm, 0xff, sizeof(msrpm));
		msrpm_pass(MSR_STAR, MSR_SFMASK);
		msrpm_pass(MSR_FS_BASE, MSR_KERNEL_GS_BASE);
		msrpm_pass(MSR_SYSENTER_CS, MSR_SYSENTER_EIP);
	}
	/* NXE: nested tables have the format of the host's. */
	insn_wrmsr(MSR_EFER, insn_rdmsr(MSR_EFER) | EFER_SVME | EFER_NXE);
	insn_wrmsr(MSR_VM_HSAVE_PA, image_phys(s->hsave));
	s->host_pa = image_phys(&s->host);
	s->generation = CPU_MAX + cpu->index;
	s->next_asid = 1;
	insn_vmsave(s->host_pa);
	cpu->virt = s;
	return true;
}

void virt_vcpu_init(struct vcpu *v)
{
	struct vmcb *c = vmcb_of(v);

	c->cr_read = BIT32(8);
	c->cr_write = BIT32(0) | BIT32(4) | BIT32(8);
	c->exceptions = BIT32(VECTOR_DB) | BIT32(VECTOR_AC) | BIT32(VECTOR_MC);
	c->intercept1 = INTERCEPT1;
	c->intercept2 = INTERCEPT2;
	if (svm_features.pause) {
		c->intercept1 |= SVM_BIT(PAUSE);
		c->pause_count = PAUSE_COUNT;
		c->pause_threshold = PAUSE_THRESHOLD;
	}
	c->iopm = image_phys(iopm);
	c->msrpm = image_phys(msrpm);
	c->int_control = SVM_INT_CONTROL;
	c->np_control = 1;
	c->n_cr3 = v->domain->p2m.root.n << PAGE_SHIFT;
}

void virt_sync(struct vcpu *v)
{
	struct vmcb *c = vmcb_of(v);

	c->cr4 = vcpu_arch(v)->cr4;
	c->efer = vcpu_arch(v)->efer | EFER_SVME;
	c->clean = 0;
}

void virt_vcpu_reset(struct vcpu *v, const struct reset_state *state)
{
	struct vmcb *c = vmcb_of(v);

	memset(&c->es, 0, sizeof(*c) - offsetof(struct vmcb, es));
	c->es = c->ss = c->ds = c->fs = c->gs = state->data;
	c->cs = state->cs;
	c->tr = state->tr;
	c->ldtr.attributes = 0x82;
	c->cr0 = state->cr0;
	c->dr6 = DR6_RESET;
	c->dr7 = DR7_RESET;
	c->g_pat = 0x0007040600070406ull;
	c->int_state = 0;
	c->event_inject = 0;
	c->int_control = SVM_INT_CONTROL;
	c->intercept1 &= ~(SVM_BIT(VINTR) | SVM_BIT(IRET));
	c->clean = 0;
	virt_sync(v);
}

/* Where the VMCB has a register, by enum virt_reg. */
static const uint16_t reg_offset[] = {
	[REG_CR0] = offsetof(struct vmcb, cr0),
	[REG_DR6] = offsetof(struct vmcb, dr6),
	[REG_CS_BASE] = offsetof(struct vmcb, cs.base),
	[REG_GUEST_PAT] = offsetof(struct vmcb, g_pat),
};

uint64_t virt_get(const struct vcpu *v, enum virt_reg reg)
{
	if (reg == REG_CS_LONG)
		return vmcb_of(v)->cs.attributes >> 9 & 1;
	return *(uint64_t *)((char *)v->arch + reg_offset[reg]);
}

/* Rare, so that any clean bit may go. */
void virt_set(struct vcpu *v, enum virt_reg reg, uint64_t value)
{
	*(uint64_t *)((char *)v->arch + reg_offset[reg]) = value;
	vmcb_of(v)->clean = 0;
}

void virt_flush(struct vcpu *v)
{
	vcpu_arch(v)->asid_generation %= CPU_MAX;	/* the CPU stays */
}

static bool is_interrupt(uint64_t event)
{
	return event && EVENT_TYPE(event) == EVENT_INTERRUPT;
}

/*
 * An interrupt goes in as the virtual interrupt, which the CPU takes at once.
 * From EVENTINJ QEMU delivers one a second time, whatever IF is by then, if
 * its own loop ends before the guest leaves.
 */
void virt_inject(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct vmcb *c = vmcb_of(v);
	uint64_t control = SVM_INT_CONTROL;

	a->queued = true;
	c->event_inject = a->event;
	if (is_interrupt(a->event)) {
		c->event_inject = 0;
		control |= SVM_CTL_V_IRQ | SVM_CTL_V_PRIO |
			   SVM_CTL_V_VECTOR(EVENT_VECTOR(a->event));
	}
	vmcb_set_intercept1(c, c->intercept1 & ~SVM_BIT(VINTR));
	vmcb_set_int_control(c, control);
}

/*
 * The window is a virtual interrupt that is intercepted. While one goes in
 * that is meant, the end of its handler serves, or any exit before; so it does
 * for an NMI that waits for another's, as a window would be open already.
 */
bool virt_window(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct vmcb *c = vmcb_of(v);

	a->queued = true;
	virt_watch_iret(v, a->nmi_blocked || is_interrupt(a->event));
	if (is_interrupt(a->event))
		return false;
	if (arch_vcpu_may_interrupt(v))
		return a->nmi_blocked;
	c->event_inject = a->event;
	vmcb_set_int_control(c, SVM_INT_CONTROL | SVM_CTL_V_IRQ |
			     SVM_CTL_V_PRIO);
	vmcb_set_intercept1(c, c->intercept1 | SVM_BIT(VINTR));
	return a->nmi_blocked || a->iret_rip != v->regs.rip;
}

void virt_clear_shadow(struct vcpu *v)
{
	vmcb_of(v)->int_state &= ~1ull;
}

void virt_watch_iret(struct vcpu *v, bool on)
{
	struct vmcb *c = vmcb_of(v);
	uint32_t others = c->intercept1 & ~SVM_BIT(IRET);

	vmcb_set_intercept1(c, others | (on ? SVM_BIT(IRET) : 0));
}
