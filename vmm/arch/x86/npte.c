/* SPDX-License-Identifier: MIT */
/*
 * Nested page-table entries, for the mock machine too. AMD's have the format
 * of ordinary long-mode ones (APM volume 2, "Nested Paging"). Invariants:
 *  N1  every present entry has P, US; a read-only leaf only lacks RW;
 *  N2  caching is write-back: PWT, PCD and PAT stay 0.
 */
#include "core/arch.h"

#define NPTE_P		BIT64(0)
#define NPTE_RW		BIT64(1)
#define NPTE_US		BIT64(2)
#define NPTE_PS		BIT64(7)
#define NPTE_ADDRESS	0x000ffffffffff000ull
#define NPTE_KIND_SHIFT	52u
#define NPTE_KIND_MASK	0xfull

uint64_t arch_npte_leaf(mfn_t mfn, unsigned int level, bool writable,
			unsigned int kind)
{
	return mfn.n << PAGE_SHIFT | NPTE_P | NPTE_US |
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
