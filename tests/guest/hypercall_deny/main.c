/* SPDX-License-Identifier: MIT */
/*
 * Numbers on the VM's deny list return -EPERM whatever their arguments, and
 * all others are as before. The machine description denies 17, 20 and 21.
 * Guards against: a permission checked after, or instead of, the arguments.
 */
#include "test.h"

static const uint64_t denied[] = { 17, 20, 21 };

int main(void)
{
	static const uint64_t argument[] = { 0, 1, 6, ~0ull, 0x500000000000 };
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	uint64_t value;

	for (unsigned int d = 0; d < ARRAY_SIZE(denied); d++)
		for (unsigned int i = 0; i < ARRAY_SIZE(argument); i++)
			for (unsigned int j = 0; j < ARRAY_SIZE(argument); j++)
				CHECK_EQ(hypercall5(denied[d], argument[i],
						    argument[j], 1, 0),
					 -XEN_EPERM, "hypercall %lu",
					 denied[d]);
	CHECK_EQ(grant_op(GNTTABOP_query_size, &size, 1), -XEN_EPERM);
	CHECK_EQ(hypercall5(17 | 1ull << 32, 0, 0, 0, 0), -XEN_ENOSYS,
		 "high bits of the number count");
	CHECK_EQ(hypercall5(64 + 17, 0, 0, 0, 0), -XEN_ENOSYS,
		 "the list does not wrap");
	CHECK_EQ(param_get(HVM_PARAM_CONSOLE_PFN, &value), 0);
	CHECK(event_offer(DOMID_SELF) > 0);
	clock_sleep(MILLISECOND);
	test_end();
}
