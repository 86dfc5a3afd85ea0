/* SPDX-License-Identifier: MIT */
/*
 * The hypercall page of older guests: written on request into the guest's
 * own RAM and nowhere else.
 * Guards against: a page written over shared_info, a hole or a neighbour.
 */
#include "test.h"

static long page_call(const uint8_t *page, uint64_t number, uint64_t a1,
		      void *a2)
{
	long ret;

	__asm__ volatile("call *%[at]"
			 : "=a"(ret), "+D"(a1), "+S"(a2)
			 : [at] "r"(page + number * 32)
			 : "memory", "rcx", "rdx", "r8", "r9", "r10", "r11");
	return ret;
}

int main(void)
{
	struct cpuid leaf = cpuid(xen_cpuid_base() + 2, 0);
	uint8_t *page = page_alloc_many(2);
	uint64_t value = 1;

	CHECK_EQ(leaf.a, 1);
	CHECK_EQ(leaf.b, 0x40000000);
	memset(page, 0xcc, 2 * PAGE_SIZE);
	CHECK_EQ(probe_wrmsr(leaf.b, (uint64_t)page), 0);
	CHECK_EQ(page_call(page, __HYPERVISOR_xen_version, XENVER_version,
			   NULL) >> 16, 4);
	CHECK_EQ(page_call(page, 100, 0, NULL), -XEN_ENOSYS);
	CHECK_EQ(page[PAGE_SIZE], 0xcc, "the next page");
	CHECK(page[23 * 32] == 0x0f && page[23 * 32 + 1] == 0x0b,
	      "iret slot must be ud2");
	CHECK_EQ(probe_rdmsr(leaf.b, &value), 0);
	CHECK_EQ(value, 0);
	CHECK_EQ(probe_wrmsr(leaf.b, (uint64_t)page + 1), FAULT_GP);
	CHECK_EQ(probe_wrmsr(leaf.b, memory_hole(1) << PAGE_SHIFT), FAULT_GP);
	CHECK_EQ(probe_wrmsr(leaf.b, 1ull << 50), FAULT_GP);
	CHECK_EQ(probe_wrmsr(leaf.b, ~0ull << PAGE_SHIFT), FAULT_GP);
	CHECK_EQ(probe_wrmsr(leaf.b, (uint64_t)xen_shared_page), FAULT_GP,
		 "over shared_info");
	CHECK_EQ(event_status(DOMID_SELF, 0, NULL) < 0, 1);
	test_end();
}
