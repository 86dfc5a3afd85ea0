/* SPDX-License-Identifier: MIT */
/*
 * The walk of a guest's page tables (APM volume 2, "Page Translation and
 * Protection"), those of long mode: guests are 64-bit kernels, whose start is
 * without paging. Level 0 is the last. Each entry is read once, in RAM only,
 * so a guest that changes or misplaces its tables gets a fault or another
 * page of its own. Reserved bits are ignored.
 */
#include "arch/x86/virt.h"
#include "arch/x86/regs.h"
#include "core/p2m.h"

#define PTE_P		BIT64(0)
#define PTE_RW		BIT64(1)
#define PTE_PS		BIT64(7)
#define PTE_ADDRESS	0x000ffffffffff000ull

#define DATA_LEVEL	4u	/* the place in the cache for what is mapped */

/* Looks gpa up and remembers the whole leaf. False: it is not RAM. */
static __attribute__((noinline)) bool remember(const struct vcpu *v,
					       unsigned int level,
					       uint64_t gpa)
{
	struct walk_cache *cache = &vcpu_arch(v)->walk;
	struct p2m_entry leaf = p2m_lookup(v->domain, gfn_of(gpa));
	uint64_t size = (uint64_t)PAGE_SIZE << 9 * (leaf.level - 1);

	if (leaf.kind != P2M_RAM)
		return false;
	cache->level[level].start = gpa & ~(size - 1);
	cache->level[level].size = size;
	cache->level[level].bias = (uint64_t)arch_frame_ptr(leaf.mfn) -
				   (gpa & ~(uint64_t)(PAGE_SIZE - 1));
	return true;
}

/*
 * Whether gpa is RAM; then it plus bias is the VMM's view of it. What was
 * found before stays true while ram_seq does, which changes when RAM is taken
 * out of the p2m, before the flush and thus before another use of the frame.
 */
static inline bool is_ram(const struct vcpu *v, unsigned int level,
			  uint64_t gpa)
{
	const struct walk_cache *cache = &vcpu_arch(v)->walk;

	return __builtin_expect(gpa - cache->level[level].start <
				cache->level[level].size, 1) ||
	       remember(v, level, gpa);
}

static inline void *ram_ptr(const struct vcpu *v, unsigned int level,
			    uint64_t gpa)
{
	return (void *)(gpa + vcpu_arch(v)->walk.level[level].bias);
}

/* An entry of a table; 0, not present, if that is not in RAM. */
static inline uint64_t entry64(const struct vcpu *v, unsigned int level,
			       uint64_t gpa)
{
	if (!is_ram(v, level, gpa))
		return 0;
	return atomic_load_relaxed((const uint64_t *)ram_ptr(v, level, gpa));
}

/* From the tables at CR3 to the page. */
static inline uint64_t walk_tables(const struct vcpu *v, uint64_t va,
				   uint64_t need)
{
	uint64_t entry = vcpu_arch(v)->last_cr3;

#pragma GCC unroll 4	/* so that levels are constants */
	for (unsigned int level = 3; level < 4; level--) {
		uint64_t offset = BIT64(12 + 9 * level) - 1;

		entry = entry64(v, level, (entry & PTE_ADDRESS) |
					  (va >> (9 + 9 * level) & 0xff8));
		if (~entry & need)
			return GPA_NONE;
		if (level == 0 || (level < 3 && entry & PTE_PS))
			return (entry & PTE_ADDRESS & ~offset) | (va & offset);
	}
	return GPA_NONE;
}

static inline uint64_t walk(const struct vcpu *v, uint64_t va, bool write)
{
	struct vcpu_arch *a = vcpu_arch(v);
	uint64_t seq = atomic_load_acquire(&v->domain->p2m.ram_seq);
	uint64_t need = write ? PTE_P | PTE_RW : PTE_P;

	if (__builtin_expect(a->walk.ram_seq != seq, 0))
		a->walk = (struct walk_cache){ .ram_seq = seq };
	if (__builtin_expect(!(a->efer & EFER_LMA), 0))
		return va > UINT32_MAX || virt_get(v, REG_CR0) & CR0_PG ?
		       GPA_NONE : va;
	/* Canonical: bits 63-47 are all the same. */
	if ((uint64_t)((int64_t)(va << 16) >> 16) != va)
		return GPA_NONE;
	return walk_tables(v, va, need);
}

uint64_t guest_translate(const struct vcpu *v, uint64_t va, bool write)
{
	return walk(v, va, write);
}

uint8_t *arch_guest_ptr(const struct vcpu *v, uint64_t va, bool write)
{
	uint64_t gpa = walk(v, va, write);

	if (gpa == GPA_NONE || !is_ram(v, DATA_LEVEL, gpa))
		return NULL;
	return ram_ptr(v, DATA_LEVEL, gpa);
}

size_t guest_fetch(const struct vcpu *v, uint8_t *bytes, size_t size)
{
	bool code64 = vcpu_arch(v)->code64;
	uint64_t base = code64 ? 0 : virt_get(v, REG_CS_BASE);
	size_t part;

	for (size_t done = 0; done < size; done += part) {
		uint64_t va = base + v->regs.rip + done;
		const uint8_t *from;

		if (!code64)
			va = (uint32_t)va;
		part = MIN(size - done, PAGE_SIZE - va % PAGE_SIZE);
		from = arch_guest_ptr(v, va, false);
		if (!from)
			return done;
		memcpy(bytes + done, from, part);
	}
	return size;
}
