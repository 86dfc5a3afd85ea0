/* SPDX-License-Identifier: MIT */
/*
 * shared_info is moved around: over RAM, into a hole, onto its own place and
 * to forbidden ones. It exists once; the RAM it covered comes back when it
 * leaves; events and time go on at the new place.
 * Guards against: two mappings of one special page, RAM lost or leaked at
 * each move, moves onto another special page.
 */
#include "test.h"

static long move(uint64_t gpa)
{
	return xen_add_to_physmap(XENMAPSPACE_shared_info, 0, gpa >> 12);
}

static void use(void *at)
{
	xen_shared = at;
	for (unsigned int i = 0; i < CPU_MAX; i++)
		cpu_table[i].vcpu = &xen_shared->vcpu_info[i];
}

static void check_works(evtchn_port_t ipi)
{
	uint64_t before = event_count(ipi), now = clock_now();

	event_send(ipi);
	CHECK_EQ(event_count(ipi), before + 1);
	clock_sleep(MILLISECOND);
	CHECK(clock_now() > now);
}

int main(void)
{
	uint8_t *ram = page_alloc_many(4);
	uint8_t *hole = (uint8_t *)(memory_hole(1) << PAGE_SHIFT);
	evtchn_port_t ipi = (evtchn_port_t)event_bind_ipi(0);
	uint64_t start = clock_now(), gfn;

	event_attach(ipi, NULL);
	CHECK_EQ(clock_timer_port() != 0, 1);
	/* Back to back over four pages, many times: nothing may run out. */
	for (unsigned int i = 0; i < 400; i++) {
		uint8_t *page = ram + (i % 4) * PAGE_SIZE;

		if (!CHECK_EQ(move((uint64_t)page), 0, "move %u", i))
			test_end();
		use(page);
		if (i % 50 == 0)
			check_works(ipi);
		CHECK(xen_shared->vcpu_info[0].time.tsc_to_system_mul != 0,
		      "move %u", i);
	}
	CHECK_EQ(move((uint64_t)hole), 0);
	use(hole);
	check_works(ipi);
	CHECK_EQ(move((uint64_t)hole), 0, "onto itself");
	check_works(ipi);
	/* The RAM is there again and is plain memory. */
	for (unsigned int i = 0; i < 4 * PAGE_SIZE; i++)
		ram[i] = 0x5a;
	check_works(ipi);
	for (unsigned int i = 0; i < 4 * PAGE_SIZE; i++)
		if (!CHECK_EQ(ram[i], 0x5a, "byte %u", i))
			break;
	CHECK(xen_add_to_physmap(XENMAPSPACE_shared_info, 1, 0x200) < 0);
	CHECK(move(1ull << 52) < 0);
	CHECK(move(~0ull) < 0);
	if (!param_get(HVM_PARAM_CONSOLE_PFN, &gfn) && gfn)
		CHECK(move(gfn << 12) < 0, "over the console ring");
	check_works(ipi);
	CHECK_EQ(move((uint64_t)ram), 0);
	use(ram);
	check_works(ipi);
	CHECK(clock_now() - start < 20 * SECOND);
	test_end();
}
