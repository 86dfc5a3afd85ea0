/* SPDX-License-Identifier: MIT */
/*
 * The flush of nested translations. Invariant:
 *  N3  a CPU that enters a guest publishes in_guest first and looks at
 *      flush_seq then; a flush bumps flush_seq first and looks at in_guest
 *      then. So one of the two sees the other.
 */
#include "arch/x86/virt.h"
#include "arch/x86/machine.h"
#include "core/domain.h"

/* How long another CPU may take to leave its guest. */
#define LEAVE_LIMIT_MS	10000u

unsigned int arch_npte_max_level(void)
{
	static unsigned int level;

	if (!level)
		level = insn_cpuid(0x80000001, 0).edx & BIT32(26) ? 3 : 2;
	return level;
}

/*
 * Two CPUs that flush at once do not wait for each other: neither is in a
 * guest. The one that is waited for leaves because a kick is pending at its
 * next VMRUN at the latest.
 */
void arch_npt_flush(struct domain *d)
{
	const struct cpu_local *self = this_cpu();
	unsigned int count = cpu_local_count();

	atomic_fetch_add(&d->p2m.flush_seq, 1);
	for (unsigned int i = 0; i < count; i++) {
		struct cpu_local *cpu = cpu_local_at(i);
		uint32_t ack = atomic_load(&cpu->flush_ack);

		if (cpu == self || atomic_load(&cpu->in_guest) != d->id)
			continue;
		arch_cpu_kick(i);
		uint64_t start = insn_rdtsc();

		while (atomic_load(&cpu->in_guest) == d->id &&
		       atomic_load(&cpu->flush_ack) == ack) {
			BUG_ON(insn_rdtsc() - start > LEAVE_LIMIT_MS *
						      (uint64_t)arch_tsc_khz());
			cpu_relax();
		}
	}
	if (d->device_count)
		iommu_flush(d);
}
