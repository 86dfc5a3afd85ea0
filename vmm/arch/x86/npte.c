/* SPDX-License-Identifier: MIT */
/*
 * Nested page-table entries, for the mock machine too. AMD's have the format
 * of ordinary long-mode ones (APM volume 2, "Nested Paging") and leave alone
 * the bits by which the same entry serves the IOMMU ("AMD I/O Virtualization
 * Technology", "I/O Page Tables"), which in turn ignores RW, US, caching, PS
 * and G. VT-d (legacy mode) takes P for reading and RW for writing, has bits
 * 62 and 11 reserved and ignores the others, so on its machines AMD-Vi's are
 * left out. So what a VM's processors may reach, its devices may. Invariants:
 *  N1  every present entry has P, US; a read-only leaf only lacks RW and IW;
 *  N2  RAM is write-back: PWT, PCD and PAT are 0; registers are uncached, and
 *      with AMD-Vi no DMA reaches them;
 *  N4  bits 58..52 are 0: the IOMMU has them reserved.
 */
#include "core/arch.h"
#include "arch/x86/machine.h"

#define NPTE_P		BIT64(0)
#define NPTE_RW		BIT64(1)
#define NPTE_US		BIT64(2)
#define NPTE_UNCACHED	(BIT64(3) | BIT64(4))
#define NPTE_PS		BIT64(7)
#define NPTE_ADDRESS	0x000ffffffffff000ull
/* The IOMMU: level of the table (0 in leaves), reading, writing. */
#define NPTE_IO_LEVEL(level)	((uint64_t)(level) << 9)
#define NPTE_IO_READ	BIT64(61)
#define NPTE_IO_WRITE	BIT64(62)
/* Three bits that mean nothing, or nothing here (U, FC), to either. */
#define NPTE_KIND(kind)	(((kind) & 1ull) << 8 | ((kind) & 6ull) << 58)

static uint64_t amdvi = NPTE_IO_LEVEL(7) | NPTE_IO_READ | NPTE_IO_WRITE;

void npte_serve_vtd(void)
{
	amdvi = 0;
}

uint64_t arch_npte_leaf(mfn_t mfn, unsigned int level, bool writable,
			unsigned int kind)
{
	uint64_t entry = mfn.n << PAGE_SHIFT | NPTE_P | NPTE_US |
			 (writable ? NPTE_RW : 0) | (level > 1 ? NPTE_PS : 0) |
			 NPTE_KIND(kind);

	if (kind == ARCH_KIND_DEVICE)
		return entry | NPTE_UNCACHED;
	return entry |
	       ((NPTE_IO_READ | (writable ? NPTE_IO_WRITE : 0)) & amdvi);
}

uint64_t arch_npte_table(mfn_t table, unsigned int level)
{
	return table.n << PAGE_SHIFT | NPTE_P | NPTE_RW | NPTE_US |
	       ((NPTE_IO_LEVEL(level) | NPTE_IO_READ | NPTE_IO_WRITE) & amdvi);
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
	return (unsigned int)((entry >> 8 & 1) | (entry >> 58 & 6));
}
