/* SPDX-License-Identifier: MIT */
/*
 * The walk of a guest's page tables (APM volume 2, "Page Translation and
 * Protection"). Each entry is read once, through the guest's own RAM only,
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

/*
 * p2m_ram_ptr() with a memory of the last large leaf. Its flush_seq was read
 * before the leaf: when RAM is taken out of the p2m, a flush follows before
 * the frame can get another use.
 */
static const uint8_t *ram_ptr(const struct domain *d, struct ram_cached *c,
			      uint64_t gfn)
{
	uint64_t flush_seq = atomic_load_acquire(&d->p2m.flush_seq);

	if (gfn - c->first < c->count && c->flush_seq == flush_seq)
		return c->ptr + (gfn - c->first) * PAGE_SIZE;
	struct p2m_entry leaf = p2m_lookup(d, GFN(gfn));

	if (leaf.kind != P2M_RAM)
		return NULL;
	c->count = BIT64(9 * (leaf.level - 1));
	c->first = gfn & ~(c->count - 1);
	c->ptr = arch_frame_ptr(MFN(leaf.mfn.n - (gfn - c->first)));
	c->flush_seq = flush_seq;
	return c->ptr + (gfn - c->first) * PAGE_SIZE;
}

/* Entry number index of the table at gpa; 0 (not present) if it is not RAM. */
static uint64_t read_entry(const struct walk *w, unsigned int level,
			   uint64_t gpa, size_t size)
{
	const uint8_t *page = ram_ptr(w->domain, &w->cached[level - 1],
				      gpa >> PAGE_SHIFT);

	if (!page)
		return 0;
	const void *entry = page + gpa % PAGE_SIZE;

	if (size == 4)
		return atomic_load_relaxed((const uint32_t *)entry);
	return atomic_load_relaxed((const uint64_t *)entry);
}

/* Four levels (long mode), or three (PAE), where the top one has no W bit. */
static int walk_long(const struct walk *w, uint64_t va, bool write,
		     uint64_t *gpa)
{
	bool pae = !(w->efer & EFER_LMA);
	unsigned int top = pae ? 3 : 4;
	uint64_t table = w->cr3 & (pae ? CR3_PAE : PTE_ADDRESS);

	for (unsigned int level = top; level; level--) {
		unsigned int shift = PAGE_SHIFT + 9 * (level - 1);
		uint64_t index = va >> shift & 0x1ff;
		uint64_t entry = read_entry(w, level, table + index * 8, 8);

		if (!(entry & PTE_P))
			return -XEN_EFAULT;
		if (write && !(entry & PTE_RW) && !(pae && level == top))
			return -XEN_EFAULT;
		table = entry & PTE_ADDRESS;
		if (level == 1 || ((entry & PTE_PS) &&
				   (level == 2 || (level == 3 && !pae)))) {
			uint64_t offset = BIT64(shift) - 1;

			*gpa = (table & ~offset) | (va & offset);
			return 0;
		}
	}
	return -XEN_EFAULT;
}

/* Two levels of 4-byte entries; 4 MiB pages with CR4.PSE, 40-bit ones. */
static int walk_legacy(const struct walk *w, uint64_t va, bool write,
		       uint64_t *gpa)
{
	uint64_t top = read_entry(w, 2, (w->cr3 & 0xfffff000u) +
					(va >> 22 & 0x3ff) * 4, 4);

	if (!(top & PTE_P) || (write && !(top & PTE_RW)))
		return -XEN_EFAULT;
	if ((top & PTE_PS) && (w->cr4 & CR4_PSE)) {
		*gpa = (top & 0xffc00000u) | (top >> 13 & 0xff) << 32 |
		       (va & 0x3fffff);
		return 0;
	}
	uint64_t entry = read_entry(w, 1, (top & 0xfffff000u) +
					  (va >> 12 & 0x3ff) * 4, 4);

	if (!(entry & PTE_P) || (write && !(entry & PTE_RW)))
		return -XEN_EFAULT;
	*gpa = (entry & 0xfffff000u) | (va & 0xfff);
	return 0;
}

int guest_walk(const struct walk *w, uint64_t va, bool write, uint64_t *gpa)
{
	if (w->efer & EFER_LMA) {
		/* Canonical: bits 63-47 are all the same. */
		if ((uint64_t)((int64_t)(va << 16) >> 16) != va)
			return -XEN_EFAULT;
		return walk_long(w, va, write, gpa);
	}
	if (va > UINT32_MAX)
		return -XEN_EFAULT;
	if (!(w->cr0 & CR0_PG)) {
		*gpa = va;
		return 0;
	}
	if (w->cr4 & CR4_PAE)
		return walk_long(w, va, write, gpa);
	return walk_legacy(w, va, write, gpa);
}

int arch_guest_translate(const struct vcpu *v, uint64_t va, bool write,
			 uint64_t *gpa)
{
	struct vcpu_arch *a = vcpu_arch(v);
	struct walk walk = {
		.domain = v->domain, .cached = a->table,
		.cr4 = a->cr4, .efer = a->efer,
		.cr0 = virt->get(v, REG_CR0), .cr3 = virt->get(v, REG_CR3),
	};

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
