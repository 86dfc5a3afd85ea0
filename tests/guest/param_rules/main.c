/* SPDX-License-Identifier: MIT */
/*
 * HVM parameters: which a guest may read and write, every index, other
 * domains refused; and what add_to_physmap refuses.
 * Guards against: a guest that changes what tools or the VMM act upon.
 */
#include "test.h"

static void check_params(void)
{
	static const uint32_t tool_only[] = { 5, 6, 12, 27, 28, 29, 31, 32,
					      33 };
	static const uint32_t fixed[] = { HVM_PARAM_STORE_PFN,
					  HVM_PARAM_CONSOLE_PFN };
	uint64_t value, after;

	for (uint32_t i = 0; i < 40; i++) {
		long err = param_get(i, &value);

		CHECK(err == 0 || err == -XEN_EINVAL || err == -XEN_EPERM,
		      "get %u: %ld", i, err);
	}
	for (uint32_t i = 39; i; i <<= 1)
		CHECK_EQ(param_get(i, &value), -XEN_EINVAL, "get %u", i);
	CHECK_EQ(param_set(39, 0), -XEN_EINVAL);
	CHECK_EQ(param_set(~0u, 0), -XEN_EINVAL);
	for (unsigned int i = 0; i < ARRAY_SIZE(tool_only); i++)
		CHECK(param_set(tool_only[i], 1) < 0, "set %u", tool_only[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(fixed); i++) {
		CHECK_EQ(param_get(fixed[i], &value), 0);
		CHECK(param_set(fixed[i], value ^ 1) < 0, "set %u", fixed[i]);
		CHECK_EQ(param_get(fixed[i], &after), 0);
		CHECK_EQ(after, value);
	}
}

static void check_callback(void)
{
	uint64_t upcalls;
	evtchn_port_t ipi = (evtchn_port_t)event_bind_ipi(0);

	event_attach(ipi, NULL);
	/* Vectors of exceptions and unknown types: refused or ineffective. */
	for (uint64_t v = 0; v < 32; v++)
		CHECK(param_set(HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | v) <= 0);
	param_set(HVM_PARAM_CALLBACK_IRQ, 0xffull << 56 | 0x55);
	param_set(HVM_PARAM_CALLBACK_IRQ, ~0ull);
	param_set(HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | VECTOR_EVENT);
	upcalls = this_cpu()->upcall_count;
	event_send(ipi);
	cpuid(0, 0);
	CHECK(this_cpu()->upcall_count > upcalls);
}

static void check_others(void)
{
	struct xen_hvm_param p = { .index = HVM_PARAM_CONSOLE_PFN };
	domid_t other = xen_domid() == 1 ? 2 : 1;
	static const domid_t odd[] = { 0, 77, DOMID_IO, DOMID_XEN,
				       DOMID_INVALID, 0xffff };
	struct xen_add_to_physmap a = { .gpfn = 0x200 };

	p.domid = other;
	CHECK(hvm_op(HVMOP_get_param, &p) < 0);
	CHECK(hvm_op(HVMOP_set_param, &p) < 0);
	a.domid = other;
	CHECK(memory_op(XENMEM_add_to_physmap, &a) < 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
		p.domid = a.domid = odd[i];
		CHECK(hvm_op(HVMOP_get_param, &p) < 0, "%x", odd[i]);
		CHECK(memory_op(XENMEM_add_to_physmap, &a) < 0, "%x", odd[i]);
	}
	p.domid = xen_domid();
	CHECK_EQ(hvm_op(HVMOP_get_param, &p), 0, "one's own number");
}

static void check_physmap(void)
{
	for (unsigned int space = 2; space < 8; space++)
		CHECK(xen_add_to_physmap(space, 0x100, 0x200) < 0, "space %u",
		      space);
	CHECK(xen_add_to_physmap(~0u, 0, 0x200) < 0);
	CHECK(xen_add_to_physmap(XENMAPSPACE_grant_table, 0, ~0ull) < 0);
	CHECK(xen_add_to_physmap(XENMAPSPACE_grant_table, 0, 1ull << 40) < 0);
	CHECK(xen_add_to_physmap(XENMAPSPACE_grant_table, 0,
				 page_gpa(xen_shared_page) >> 12) < 0,
	      "over shared_info");
	CHECK(xen_add_to_physmap(XENMAPSPACE_shared_info, 0, 1ull << 51) < 0);
}

int main(void)
{
	check_params();
	check_callback();
	check_others();
	check_physmap();
	CHECK(hvm_op(9, NULL) < 0, "pagetable_dying must not be offered");
	test_end();
}
