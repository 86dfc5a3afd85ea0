/* SPDX-License-Identifier: MIT */
/*
 * Writing through a read-only grant mapping never reaches the page: the
 * writer faults or crashes (and, restarted, finds its place again).
 * Guards against: a read-only loan that is writable in the nested tables.
 */
#include "test.h"

#define REF_FIXED	GRANT_FIRST
#define REF_PLACE	(GRANT_FIRST + 1)

_Noreturn static void granter(void)
{
	volatile uint32_t *fixed = page_alloc(), *place = page_alloc();
	uint64_t end = clock_now() + 15 * SECOND;

	if (!CHECK(grant_init(1)))
		test_end();
	for (unsigned int i = 0; i < 1024; i++)
		fixed[i] = i;
	grant_offer(REF_FIXED, test_peer(), page_gpa(fixed) >> 12,
		    GTF_readonly);
	grant_offer(REF_PLACE, test_peer(), page_gpa(place) >> 12, 0);
	while (place[0] < 2 && clock_now() < end)
		clock_sleep(MILLISECOND);
	CHECK_EQ(place[0], 2, "the writer is not done");
	for (unsigned int i = 0; i < 1024; i++)
		if (!CHECK_EQ(fixed[i], i))
			break;
	test_end();
}

_Noreturn static void writer(void)
{
	uint64_t gpa = memory_hole(2) << PAGE_SHIFT;
	volatile uint32_t *fixed = (volatile uint32_t *)gpa;
	volatile uint32_t *place = fixed + 1024;
	uint64_t end = clock_now() + 10 * SECOND;
	struct grant_map m;
	int status;

	while ((status = grant_map(test_peer(), REF_PLACE, gpa + PAGE_SIZE,
				   GNTMAP_host_map, &m)) != GNTST_okay &&
	       clock_now() < end)
		clock_sleep(MILLISECOND);
	CHECK_EQ(status, GNTST_okay);
	CHECK_EQ(grant_map(test_peer(), REF_FIXED, gpa,
			   GNTMAP_host_map | GNTMAP_readonly, &m),
		 GNTST_okay);
	if (test_failures())
		test_end();
	CHECK_EQ(fixed[7], 7);
	if (place[0] == 0) {
		place[0] = 1;
		probe_write32(&fixed[7], 0xbad);
		CHECK_EQ(fixed[7], 7, "survived the write");
	}
	place[0] = 2;
	test_end();
}

int main(void)
{
	if (test_role("granter"))
		granter();
	writer();
}
