/* SPDX-License-Identifier: MIT */
/*
 * Ballooning inside the partition: pages go and come back zeroed, the count
 * never exceeds the allotment, special and absent frames are refused, and
 * bad lists stop where they are bad.
 * Guards against: a page freed twice, a page taken that was never given, a
 * page that comes back with old contents.
 */
#include "test.h"

#define COUNT	64u

static uint64_t list[COUNT + 4];

static long change(unsigned int op, uint64_t *extents, uint64_t count,
		   unsigned int order)
{
	struct xen_memory_reservation r = {
		.nr_extents = count, .extent_order = order,
		.domid = DOMID_SELF
	};

	set_xen_guest_handle(r.extent_start, extents);
	return memory_op(op, &r);
}

static void list_fill(const uint8_t *pages)
{
	for (unsigned int i = 0; i < COUNT; i++)
		list[i] = page_gpa(pages + i * PAGE_SIZE) >> PAGE_SHIFT;
}

static long current(void)
{
	domid_t self = DOMID_SELF;

	return memory_op(XENMEM_current_reservation, &self);
}

static void check_round_trip(uint8_t *pages)
{
	long before = current();

	for (unsigned int round = 0; round < 20; round++) {
		memset(pages, 0x77, COUNT * PAGE_SIZE);
		list_fill(pages);
		if (!CHECK_EQ(change(XENMEM_decrease_reservation, list, COUNT,
				     0), COUNT, "round %u", round))
			return;
		list_fill(pages);
		if (!CHECK_EQ(change(XENMEM_populate_physmap, list, COUNT, 0),
			      COUNT, "round %u", round))
			return;
		for (unsigned long i = 0; i < COUNT * PAGE_SIZE; i++)
			if (!CHECK_EQ(pages[i], 0, "round %u byte %lu", round,
				      i))
				return;
	}
	CHECK_EQ(current(), before);
}

/* The kit's shared_info covers a page of RAM, which is parked meanwhile. */
static void take_parked(void)
{
	unsigned int taken = 0;

	do {
		list[0] = memory_hole(1);
	} while (change(XENMEM_populate_physmap, list, 1, 0) == 1 &&
		 taken++ < 2);
	CHECK(taken <= 1, "%u pages too many", taken);
}

static void check_refused(uint8_t *pages)
{
	uint64_t gfn;

	list[0] = page_gpa(pages) >> 12;
	list[1] = list[0];		/* twice in one list */
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 2, 0), 1);
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 0,
		 "already gone");
	CHECK_EQ(change(XENMEM_populate_physmap, list, 2, 0), 1,
		 "only one page is parked, and its place is then taken");
	list[0] = memory_hole(1);
	CHECK_EQ(change(XENMEM_populate_physmap, list, 1, 0), 0, "overrun");
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 0);
	list[0] = ~0ull;
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 0);
	list[0] = 1ull << 40;
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 0);
	list[0] = page_gpa(xen_shared_page) >> 12;
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 0,
		 "shared_info");
	if (!param_get(HVM_PARAM_CONSOLE_PFN, &gfn)) {
		list[0] = gfn;
		CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 0,
			 "console ring");
	}
	list[0] = 0x300;
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 9), 0,
		 "large extents");
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 63), 0);
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 64), 0);
	CHECK(change(XENMEM_decrease_reservation, (uint64_t *)0x500000000000,
		     4, 0) <= 0);
	CHECK(change(XENMEM_decrease_reservation, (uint64_t *)0x500000000000,
		     ~0ull, 0) <= 0, "a count that wraps");
	CHECK(change(XENMEM_populate_physmap, (uint64_t *)0x500000000000,
		     1ull << 61, 0) <= 0);
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 0, 0), 0);
}

/* A parked page may come back anywhere. */
static void check_elsewhere(uint8_t *pages)
{
	uint64_t hole = memory_hole(1);
	uint8_t *there = (uint8_t *)(hole << PAGE_SHIFT);

	pages[0] = 0x55;
	list[0] = page_gpa(pages) >> 12;
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 1);
	list[0] = hole;
	CHECK_EQ(change(XENMEM_populate_physmap, list, 1, 0), 1);
	CHECK_EQ(there[0], 0);
	there[0] = 0x66;
	list[0] = hole;
	CHECK_EQ(change(XENMEM_decrease_reservation, list, 1, 0), 1);
	list[0] = page_gpa(pages) >> 12;
	CHECK_EQ(change(XENMEM_populate_physmap, list, 1, 0), 1);
	CHECK_EQ(pages[0], 0);
}

int main(void)
{
	uint8_t *pages = page_alloc_many(COUNT);
	struct xen_memory_reservation other = { .domid = 2 };

	CHECK_EQ(current(), memory_ram_pages());
	take_parked();
	check_round_trip(pages);
	check_refused(pages);
	check_elsewhere(pages);
	check_round_trip(pages);
	CHECK(memory_op(XENMEM_decrease_reservation, &other) <= 0);
	test_end();
}
