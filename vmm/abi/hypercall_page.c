/* SPDX-License-Identifier: MIT */
/*
 * The page of call stubs for guests older than Debian's present kernel: slot
 * n of 32 bytes is `mov $n,%eax; vmmcall; ret`. It is written over RAM of
 * the guest at an address that the guest chose, so only its own ordinary
 * RAM is taken.
 */
#include "abi/hypercall.h"
#include "core/p2m.h"

#define SLOT_SIZE	32u

static const uint8_t stub[SLOT_SIZE] = {
	0xb8, 0, 0, 0, 0,	/* mov $n,%eax */
	0x0f, 0x01, 0xd9,	/* vmmcall */
	0xc3,			/* ret */
};

bool hypercall_page_write(struct vcpu *v, uint64_t value)
{
	uint8_t *page;

	if (value & (PAGE_SIZE - 1))
		return false;	/* page index: there is one page */
	page = p2m_ram_ptr(v->domain, gfn_of(value));
	if (!page)
		return false;
	for (uint32_t n = 0; n < PAGE_SIZE / SLOT_SIZE; n++) {
		uint8_t *slot = page + n * SLOT_SIZE;

		arch_copy(slot, stub, SLOT_SIZE);
		slot[1] = (uint8_t)n;
	}
	memcpy(page + __HYPERVISOR_iret * SLOT_SIZE, "\x0f\x0b", 2); /* ud2 */
	return true;
}
