/* SPDX-License-Identifier: MIT */
/*
 * State that VMRUN does not switch: FPU and vector registers, XCR0, DR0-3 and
 * TSC_AUX. It is switched when a CPU runs another vCPU than before (V2), so
 * that exits cost nothing. The VMM itself is compiled without vector
 * registers; arch_copy() and the like put back those that they use.
 */
#include "arch/x86/virt.h"
#include "arch/x86/cpu_local.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "core/domain.h"

/* x87, SSE, AVX: no guest can turn on, or get at, more. */
#define XCR0_OFFERED	0x007u
#define FCW_OFFSET	0u
#define MXCSR_OFFSET	24u

static struct {
	uint64_t all;		/* [I] XSAVE's mask */
	bool tsc_aux;		/* [I] */
	bool ibpb;		/* [I] */
} fpu;

void fpu_init(void)
{
	fpu.all = insn_cpuid(0xd, 0).eax & XCR0_OFFERED;
	fpu.tsc_aux = insn_cpuid(0x80000001, 0).edx & BIT32(27);
	fpu.ibpb = cpuid_host(0x80000008, 0).ebx & BIT32(12);
}

bool fpu_write_tsc_aux(struct vcpu *v, uint64_t value)
{
	if (!fpu.tsc_aux || value >> 32)
		return false;
	vcpu_arch(v)->tsc_aux = value;
	insn_wrmsr(MSR_TSC_AUX, value);
	return true;
}

bool fpu_write_xcr0(uint64_t value)
{
	uint64_t avx_sse = BIT64(1) | BIT64(2);

	if (!(value & 1) || (value & ~fpu.all) || (value & avx_sse) == BIT64(2))
		return false;
	insn_xsetbv(0, value);
	return true;
}

void fpu_reset(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	if (this_cpu()->loaded == v)
		this_cpu()->loaded = NULL;
	memset(a->fpu, 0, sizeof(a->fpu));
	*(uint16_t *)(void *)(a->fpu + FCW_OFFSET) = 0x37f;
	*(uint32_t *)(void *)(a->fpu + MXCSR_OFFSET) = 0x1f80;
	a->xcr0 = 1;
}

static void vcpu_save(struct vcpu *v)
{
	struct vcpu_arch *a = vcpu_arch(v);

	a->dr[0] = insn_read_dr0();
	a->dr[1] = insn_read_dr1();
	a->dr[2] = insn_read_dr2();
	a->dr[3] = insn_read_dr3();
	a->xcr0 = insn_xgetbv(0);
	if (a->xcr0 != fpu.all)
		insn_xsetbv(0, fpu.all);
	insn_xsave(a->fpu, fpu.all);
}

void vcpu_load(struct vcpu *v)
{
	struct cpu_local *cpu = this_cpu();
	struct vcpu_arch *a = vcpu_arch(v);

	if (cpu->loaded)
		vcpu_save(cpu->loaded);
	if (fpu.ibpb && (!cpu->loaded || cpu->loaded->domain != v->domain))
		insn_wrmsr(MSR_PRED_CMD, 1);
	cpu->loaded = v;
	insn_write_dr0(a->dr[0]);
	insn_write_dr1(a->dr[1]);
	insn_write_dr2(a->dr[2]);
	insn_write_dr3(a->dr[3]);
	if (fpu.tsc_aux)
		insn_wrmsr(MSR_TSC_AUX, a->tsc_aux);
	if (insn_xgetbv(0) != fpu.all)
		insn_xsetbv(0, fpu.all);
	insn_xrstor(a->fpu, fpu.all);
	if (a->xcr0 != fpu.all)
		insn_xsetbv(0, a->xcr0);
}

void arch_vcpu_unload(struct vcpu *v)
{
	struct cpu_local *cpu = this_cpu();

	if (cpu->loaded != v)
		return;
	vcpu_save(v);
	cpu->loaded = NULL;
}
