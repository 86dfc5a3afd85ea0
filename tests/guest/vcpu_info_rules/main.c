/* SPDX-License-Identifier: MIT */
/*
 * Registration of vcpu_info: once, aligned, inside one page of own RAM; the
 * old contents move along; a page given away afterwards does not take the
 * hypervisor's writes to somebody else.
 * Guards against: a record that crosses its page, registration of foreign or
 * special pages, use after the page was ballooned out.
 */
#include "test.h"

static long place(unsigned int vcpu, uint64_t gfn, uint32_t offset)
{
	struct vcpu_register_vcpu_info arg = { .mfn = gfn, .offset = offset };

	return vcpu_op(VCPUOP_register_vcpu_info, vcpu, &arg);
}

static void check_refused(uint64_t gfn)
{
	uint64_t special;

	CHECK(place(1, gfn, 4096 - 56) < 0, "crosses the page");
	CHECK(place(1, gfn, 4096) < 0);
	CHECK(place(1, gfn, 0xffffffff) < 0);
	CHECK(place(1, gfn, 0xfffffff8) < 0, "wraps");
	CHECK(place(1, gfn, 4) < 0, "misaligned");
	CHECK(place(1, memory_hole(1), 0) < 0, "nothing there");
	CHECK(place(1, ~0ull, 0) < 0);
	CHECK(place(1, 1ull << 40, 0) < 0);
	CHECK(place(1, page_gpa(xen_shared_page) >> 12, 0) < 0);
	if (!param_get(HVM_PARAM_CONSOLE_PFN, &special))
		CHECK(place(1, special, 0) < 0, "console ring");
	CHECK(place(3, gfn, 0) < 0, "no such vCPU");
	CHECK(place(~0u, gfn, 0) < 0);
}

int main(void)
{
	uint8_t *page = page_alloc();
	struct vcpu_info *info = (struct vcpu_info *)(page + 64);
	struct xen_memory_reservation out = {
		.nr_extents = 1, .domid = DOMID_SELF
	};
	uint64_t gfn = page_gpa(page) >> 12;
	evtchn_port_t ipi = (evtchn_port_t)event_bind_ipi(0);
	uint64_t upcalls;

	check_refused(gfn);
	irq_off();
	upcalls = this_cpu()->upcall_count;
	CHECK_EQ(place(0, gfn, 64), 0);
	CHECK_EQ(info->evtchn_upcall_pending, 1, "so that nothing is lost");
	CHECK_EQ(info->evtchn_pending_sel, ~0ul);
	CHECK(info->time.tsc_to_system_mul != 0);
	this_cpu()->vcpu = info;
	irq_on();
	cpuid(0, 0);
	CHECK(this_cpu()->upcall_count > upcalls);
	event_attach(ipi, NULL);
	event_send(ipi);
	CHECK_EQ(event_count(ipi), 1);
	CHECK(place(0, gfn, 128) < 0, "a second time");
	CHECK_EQ(place(2, gfn, 4096 - 64), 0, "the last place of the page");
	CHECK_EQ(place(1, gfn, 256), 0, "a vCPU that is down");
	clock_sleep(2 * MILLISECOND);
	/* Give the page away: refused, or the record lives on somewhere. */
	set_xen_guest_handle(out.extent_start, &gfn);
	irq_off();
	if (memory_op(XENMEM_decrease_reservation, &out) == 1) {
		for (unsigned int i = 0; i < 100; i++) {
			event_clear(ipi);
			event_send(ipi);
		}
		if (CHECK_EQ(memory_op(XENMEM_populate_physmap, &out), 1))
			CHECK_EQ(page[0], 0);
	}
	test_verdict();
	power_end(SHUTDOWN_poweroff);
}
