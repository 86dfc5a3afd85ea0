/* SPDX-License-Identifier: MIT */
/*
 * Nested page-table entries and their flush. AMD nested entries have the
 * format of ordinary long-mode ones (APM volume 2, "Nested Paging"); Intel's
 * have read, write and execute in the very places of P, RW and US (SDM 3C,
 * "EPT Translation Mechanism"), so that one encoding with the back end's
 * extra leaf bits serves both.
 *  N1  every present entry has P, US; a read-only leaf only lacks RW;
 *  N2  caching is write-back: PWT, PCD and PAT stay 0;
 *  N3  a CPU that enters a guest publishes in_guest first and looks at
 *      flush_seq then; a flush bumps flush_seq first and looks at in_guest
 *      then. So one of the two sees the other.
 */
#include "arch/x86/virt.h"
#include "arch/x86/cpu_local.h"
#include "core/bug.h"
#include "core/domain.h"

#define NPTE_P		BIT64(0)
#define NPTE_RW		BIT64(1)
#define NPTE_US		BIT64(2)
#define NPTE_PS		BIT64(7)
#define NPTE_ADDRESS	0x000ffffffffff000ull
#define NPTE_KIND_SHIFT	52u
#define NPTE_KIND_MASK	0xfull

/* How long another CPU may take to leave its guest. */
#define LEAVE_LIMIT_MS	10000u

/* [I] what the back end wants in every leaf: EPT's memory type. */
static uint64_t npte_leaf_bits;

void npt_set_leaf_bits(uint64_t bits)
{
	npte_leaf_bits = bits;
}

uint64_t arch_npte_leaf(mfn_t mfn, unsigned int level, bool writable,
			unsigned int kind)
{
	return mfn.n << PAGE_SHIFT | NPTE_P | NPTE_US | npte_leaf_bits |
	       (writable ? NPTE_RW : 0) | (level > 1 ? NPTE_PS : 0) |
	       (kind & NPTE_KIND_MASK) << NPTE_KIND_SHIFT;
}

uint64_t arch_npte_table(mfn_t table)
{
	return table.n << PAGE_SHIFT | NPTE_P | NPTE_RW | NPTE_US;
}

bool arch_npte_present(uint64_t entry)
{
	return entry & NPTE_P;
}

bool arch_npte_is_leaf(uint64_t entry, unsigned int level)
{
	return (entry & NPTE_P) && (level == 1 || (entry & NPTE_PS));
}

bool arch_npte_writable(uint64_t entry)
{
	return entry & NPTE_RW;
}

mfn_t arch_npte_mfn(uint64_t entry)
{
	return mfn_of(entry & NPTE_ADDRESS);
}

unsigned int arch_npte_kind(uint64_t entry)
{
	return (unsigned int)(entry >> NPTE_KIND_SHIFT & NPTE_KIND_MASK);
}

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
}
