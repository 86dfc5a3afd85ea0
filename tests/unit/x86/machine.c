/* SPDX-License-Identifier: MIT */
/* The fake back end, and what arch/x86 asks of the rest. */
#include "machine.h"
#include "arch/x86/machine.h"
#include <string.h>
#include "arch/x86/cpu_local.h"
#include "core/arch.h"
#include "core/log.h"
#include "core/p2m.h"
#include "core/upcall.h"

struct machine machine;

uint64_t virt_get(const struct vcpu *v, enum virt_reg reg)
{
	(void)v;
	return machine.reg[reg];
}

void virt_set(struct vcpu *v, enum virt_reg reg, uint64_t value)
{
	(void)v;
	machine.reg[reg] = value;
}

void virt_sync(struct vcpu *v)
{
	(void)v;
	machine.syncs++;
}

void virt_flush(struct vcpu *v)
{
	(void)v;
	machine.flushes++;
}

void virt_inject(struct vcpu *v)
{
	machine.injected = vcpu_arch(v)->event;
}

bool virt_window(struct vcpu *v)
{
	(void)v;
	machine.windows++;
	return true;
}

void virt_clear_shadow(struct vcpu *v)
{
	(void)v;
	machine.shadow_cleared = true;
}

void virt_watch_iret(struct vcpu *v, bool on)
{
	(void)v;
	machine.iret_watched = on;
}

/* The tests neither start CPUs nor enter guests. */
bool virt_enable(void)
{
	return true;
}

void virt_vcpu_init(struct vcpu *v)
{
	(void)v;
}

void virt_vcpu_reset(struct vcpu *v, const struct reset_state *state)
{
	(void)v;
	(void)state;
}

void virt_run(struct vcpu *v, struct vmexit *exit)
{
	(void)v;
	(void)exit;
}

int machine_reset(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	machine.vcpu.arch = &machine.arch;
	machine.vcpu.domain = &machine.domain;
	machine.domain.id = 1;
	machine.domain.vcpu_count = 1;
	machine.kind = P2M_RAM;
	return 0;
}

uint64_t *machine_word(uint64_t gpa)
{
	return (uint64_t *)(void *)p2m_ram_ptr(&machine.domain, gfn_of(gpa)) +
	       gpa % PAGE_SIZE / 8;
}

/* RAM is frames ram_base.. of the guest and 0.. of the machine. */
struct p2m_entry p2m_lookup(const struct domain *d, gfn_t gfn)
{
	struct p2m_entry found = { P2M_NONE, false, MFN_NONE, 1, NULL };

	assert_ptr_equal(d, &machine.domain);
	machine.lookups++;
	if (gfn.n - machine.ram_base < MACHINE_PAGES) {
		found.kind = machine.kind;
		found.mfn = MFN(gfn.n - machine.ram_base);
	}
	return found;
}

void *p2m_ram_ptr(const struct domain *d, gfn_t gfn)
{
	struct p2m_entry found = p2m_lookup(d, gfn);

	return found.kind == P2M_RAM ? arch_frame_ptr(found.mfn) : NULL;
}

void *arch_frame_ptr(mfn_t mfn)
{
	assert_in_range(mfn.n, 0, MACHINE_PAGES - 1);
	return machine.ram[mfn.n];
}

void arch_vcpu_unload(struct vcpu *v)
{
	assert_ptr_equal(v, &machine.vcpu);
	machine.unloads++;
}

void upcall_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
		  struct cpuid_regs *regs)
{
	assert_ptr_equal(v, &machine.vcpu);
	machine.upcalls++;
	*regs = (struct cpuid_regs){ leaf, subleaf, 3, 4 };
}

void fpu_init(void)
{
}

void fpu_reset(struct vcpu *v)
{
	(void)v;
}

void vcpu_load(struct vcpu *v)
{
	(void)v;
}

bool fpu_write_tsc_aux(struct vcpu *v, uint64_t value)
{
	vcpu_arch(v)->tsc_aux = value;
	return !(value >> 32);
}

/* No test gets as far as these. */
void arch_panic(const char *file, int line, const char *what)
{
	fail_msg("%s:%d: %s", file, line, what);
	__builtin_unreachable();
}

void arch_cpu_kick(unsigned int cpu)
{
	fail_msg("kick of CPU %u", cpu);
}

void iommu_flush(const struct domain *d)
{
	(void)d;
	fail_msg("an IOMMU for a domain without devices");
}

uint32_t arch_tsc_khz(void)
{
	return 1000000;
}

struct cpu_local *cpu_local_at(unsigned int index)
{
	fail_msg("CPU %u", index);
	return NULL;
}

unsigned int cpu_local_count(void)
{
	return 0;
}
