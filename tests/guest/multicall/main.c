/* SPDX-License-Identifier: MIT */
/*
 * Batches of hypercalls: each entry gets its own result, a batch inside a
 * batch is refused, bad lists fail, and an entry that ends the guest ends it.
 * Guards against: recursion, results written through a bad pointer, a batch
 * as a way round the checks of its members.
 */
#include "test.h"

#define COUNT	200u

static struct multicall_entry list[COUNT];

static long multicall(struct multicall_entry *entries, uint64_t count)
{
	return HYPERCALL(multicall, entries, count, 0, 0);
}

static void entry(unsigned int i, uint64_t op, uint64_t a0, uint64_t a1)
{
	list[i] = (struct multicall_entry){
		.op = op, .result = 0x5a5a, .args = { a0, a1 }
	};
}

static void check_results(void)
{
	struct evtchn_alloc_unbound port[4];

	for (unsigned int i = 0; i < 4; i++) {
		port[i] = (struct evtchn_alloc_unbound){
			.dom = DOMID_SELF, .remote_dom = DOMID_SELF
		};
		entry(i, __HYPERVISOR_event_channel_op,
		      EVTCHNOP_alloc_unbound, (uint64_t)&port[i]);
	}
	entry(4, __HYPERVISOR_xen_version, XENVER_version, 0);
	entry(5, 63, 0, 0);
	entry(6, ~0ul, 0, 0);
	entry(7, __HYPERVISOR_event_channel_op, EVTCHNOP_close,
	      0x500000000000);
	CHECK_EQ(multicall(list, 8), 0);
	for (unsigned int i = 0; i < 4; i++) {
		CHECK_EQ(list[i].result, 0, "entry %u", i);
		CHECK_EQ(event_status(DOMID_SELF, port[i].port, NULL),
			 EVTCHNSTAT_unbound, "entry %u", i);
		CHECK_EQ(event_close(port[i].port), 0);
	}
	CHECK_EQ(list[4].result >> 16, 4);
	CHECK_EQ(list[5].result, -XEN_ENOSYS);
	CHECK_EQ(list[6].result, -XEN_ENOSYS);
	CHECK_EQ(list[7].result, -XEN_EFAULT);
}

static void check_nesting(void)
{
	entry(0, __HYPERVISOR_multicall, (uint64_t)list, 1);
	CHECK_EQ(multicall(list, 1), 0);
	CHECK((long)list[0].result < 0, "%ld", (long)list[0].result);
}

static void check_long(void)
{
	for (unsigned int i = 0; i < COUNT; i++)
		entry(i, __HYPERVISOR_xen_version, XENVER_version, 0);
	CHECK_EQ(multicall(list, COUNT), 0);
	for (unsigned int i = 0; i < COUNT; i++)
		CHECK_EQ(list[i].result >> 16, 4, "entry %u", i);
	CHECK_EQ(multicall(list, 0), 0);
}

int main(void)
{
	uint8_t *page = page_alloc();

	if (multicall(list, 0) == -XEN_ENOSYS)
		test_skip("not offered");
	check_results();
	check_nesting();
	check_long();
	CHECK_EQ(multicall((void *)0x500000000000, 1), -XEN_EFAULT);
	CHECK_EQ(multicall((void *)0x8000000000000000, 1), -XEN_EFAULT);
	CHECK(multicall((void *)0x500000000000, ~0ull) < 0);
	page_map((uint64_t)page, (uint64_t)page, PAGE_P);
	CHECK_EQ(multicall((void *)page, 1), -XEN_EFAULT, "read-only");
	test_end();
}
