/* SPDX-License-Identifier: MIT */
/*
 * The walk of a guest's page tables (APM volume 2, "Page Translation and
 * Protection"). Level 0 is the last. Each entry is read once, in RAM only,
 * so a guest that changes or misplaces its tables gets a fault or another
 * page of its own. Reserved bits are ignored: QEMU sets A even in the
 * page-directory-pointer entries of 32-bit PAE.
 */
#include "arch/x86/guest_walk.h"
#include "arch/x86/regs.h"
#include "arch/x86/virt.h"
#include "core/arch.h"
#include "core/p2m.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include <xen/errno.h>

#define PTE_P		BIT64(0)
#define PTE_RW		BIT64(1)
#define PTE_PS		BIT64(7)
#define PTE_ADDRESS	0x000ffffffffff000ull
#define CR3_PAE		0xffffffe0ull

/* Looks gpa up and remembers the whole leaf. 0: it is not RAM. */
static __attribute__((noinline)) uint64_t
find_bias(const struct walk *w, unsigned int level, uint64_t gpa)
{
	struct p2m_entry leaf = p2m_lookup(w->domain, gfn_of(gpa));
	uint64_t size = (uint64_t)PAGE_SIZE << 9 * (leaf.level - 1);
	uint64_t start = gpa & ~(size - 1), bias;

	if (leaf.kind != P2M_RAM)
		return 0;
	bias = (uint64_t)arch_frame_ptr(leaf.mfn) -
	       (gpa & ~(uint64_t)(PAGE_SIZE - 1));
	w->cache->level[level].start = start;
	w->cache->level[level].size = size;
	w->cache->level[level].bias = bias;
	return bias;
}

/*
 * The VMM's view of an entry of a guest's table, or NULL. What was found
 * before stays true while flush_seq does: when RAM is taken out of the p2m,
 * a flush follows before the frame can get another use.
 */
static inline const void *entry_ptr(const struct walk *w, unsigned int level,
				    uint64_t gpa)
{
	uint64_t bias = w->cache->level[level].bias;

	if (gpa - w->cache->level[level].start >= w->cache->level[level].size) {
		bias = find_bias(w, level, gpa);
		if (!bias)
			return NULL;
	}
	return (const void *)(gpa + bias);
}

/* Four levels (long mode), or three (PAE), where the top one has no W bit. */
static inline int walk_long(const struct walk *w, uint64_t va, bool write,
			    uint64_t *gpa, bool pae)
{
	uint64_t entry = w->cr3 & (pae ? CR3_PAE : PTE_ADDRESS);
	uint64_t need = PTE_P | (write ? PTE_RW : 0);
	unsigned int shift = pae ? 30 : 39;

	for (unsigned int level = pae ? 2 : 3;; level--, shift -= 9) {
		const uint64_t *p = entry_ptr(w, level, (entry & PTE_ADDRESS) |
			(pae && level == 2 ? entry & 0xfe0 : 0) |
			(va >> shift & 0x1ff) * 8);

		if (!p)
			return -XEN_EFAULT;
		entry = atomic_load_relaxed(p);
		if (~entry & (pae && level == 2 ? PTE_P : need))
			return -XEN_EFAULT;
		if (level == 0 || ((entry & PTE_PS) && level < (pae ? 2 : 3)))
			break;
	}
	uint64_t offset = BIT64(shift) - 1;

	*gpa = (entry & PTE_ADDRESS & ~offset) | (va & offset);
	return 0;
}

/* Two levels of 4-byte entries; 4 MiB pages with CR4.PSE, 40-bit ones. */
static int walk_legacy(const struct walk *w, uint64_t va, bool write,
		       uint64_t *gpa)
{
	uint32_t need = write ? PTE_P | PTE_RW : PTE_P;
	const uint32_t *p = entry_ptr(w, 1, (w->cr3 & 0xfffff000u) |
					    (va >> 22 & 0x3ff) * 4);
	uint32_t entry = p ? atomic_load_relaxed(p) : 0;

	if (~entry & need)
		return -XEN_EFAULT;
	if ((entry & PTE_PS) && (w->cr4 & CR4_PSE)) {
		*gpa = (entry & 0xffc00000u) |
		       (uint64_t)(entry >> 13 & 0xff) << 32 | (va & 0x3fffff);
		return 0;
	}
	p = entry_ptr(w, 0, (entry & 0xfffff000u) | (va >> 12 & 0x3ff) * 4);
	entry = p ? atomic_load_relaxed(p) : 0;
	if (~entry & need)
		return -XEN_EFAULT;
	*gpa = (entry & 0xfffff000u) | (va & 0xfff);
	return 0;
}

int guest_walk(const struct walk *w, uint64_t va, bool write, uint64_t *gpa)
{
	uint64_t flush_seq = atomic_load_acquire(&w->domain->p2m.flush_seq);

	if (w->cache->flush_seq != flush_seq)
		*w->cache = (struct walk_cache){ .flush_seq = flush_seq };
	if (w->efer & EFER_LMA) {
		/* Canonical: bits 63-47 are all the same. */
		if ((uint64_t)((int64_t)(va << 16) >> 16) != va)
			return -XEN_EFAULT;
		return walk_long(w, va, write, gpa, false);
	}
	if (va > UINT32_MAX)
		return -XEN_EFAULT;
	if (!(w->cr0 & CR0_PG)) {
		*gpa = va;
		return 0;
	}
	if (w->cr4 & CR4_PAE)
		return walk_long(w, va, write, gpa, true);
	return walk_legacy(w, va, write, gpa);
}

int arch_guest_translate(const struct vcpu *v, uint64_t va, bool write,
			 uint64_t *gpa)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct walk walk = {
		.domain = v->domain, .cache = &a->walk, .cr3 = a->last_cr3,
		.cr4 = a->cr4, .efer = a->efer, .cr0 = CR0_PG,
	};

	if (!(a->efer & EFER_LMA))
		walk.cr0 = virt->get(v, REG_CR0);
	return guest_walk(&walk, va, write, gpa);
}

size_t guest_fetch(const struct vcpu *v, uint8_t *bytes, size_t size)
{
	bool code64 = vcpu_arch(v)->code64;
	uint64_t va = v->regs.rip;
	size_t done = 0;

	if (!code64)
		va = (uint32_t)(va + virt->get(v, REG_CS_BASE));
	while (done < size) {
		size_t part = MIN(size - done, PAGE_SIZE - va % PAGE_SIZE);
		uint64_t gpa;
		const uint8_t *page;

		if (arch_guest_translate(v, va, false, &gpa))
			break;
		page = p2m_ram_ptr(v->domain, gfn_of(gpa));
		if (!page)
			break;
		memcpy(bytes + done, page + gpa % PAGE_SIZE, part);
		done += part;
		va = code64 ? va + part : (uint32_t)(va + part);
	}
	return done;
}
