/* SPDX-License-Identifier: MIT */
/*
 * A VM whose pages are mapped elsewhere is restarted: its restart is not held
 * up, the holder goes on without a fault, no longer sees the page, can unmap,
 * and can map the new incarnation's grant.
 * Guards against: a restarted VM held hostage by a client; a holder that
 * reads or writes the frames of the next incarnation.
 */
#include "test.h"

#define REF	GRANT_FIRST

_Noreturn static void granter(void)
{
	uint64_t *page = page_alloc();

	if (!grant_init(1))
		test_error("no grant table");
	page[0] = rdtsc();		/* differs in each life */
	page[1] = 0x600d;
	grant_offer(REF, test_peer(), page_gpa(page) >> 12, 0);
	for (;;) {
		clock_sleep(MILLISECOND);
		CHECK_EQ(page[1], 0x600d, "written by a former holder");
	}
}

static int map(uint64_t gpa, struct grant_map *m)
{
	uint64_t end = clock_now() + 10 * SECOND;
	int status;

	while ((status = grant_map(test_peer(), REF, gpa, GNTMAP_host_map,
				   m)) != GNTST_okay && clock_now() < end)
		clock_sleep(MILLISECOND);
	return status;
}

_Noreturn static void holder(void)
{
	uint64_t gpa = memory_hole(2) << PAGE_SHIFT, first;
	volatile uint64_t *page = (volatile uint64_t *)gpa;
	volatile uint64_t *again = page + 512;
	uint64_t end = clock_now() + 20 * SECOND;
	struct grant_map old, new;

	if (!CHECK_EQ(map(gpa, &old), GNTST_okay))
		test_end();
	first = page[0];
	CHECK_EQ(page[1], 0x600d);
	kprintf("holding\n");
	while (page[0] == first && clock_now() < end)
		clock_sleep(MILLISECOND);
	CHECK_EQ(page[0], 0, "the revoked page reads blank");
	CHECK_EQ(page[1], 0);
	/* Writes go nowhere; they must not fault nor reach anybody. */
	page[1] = 0xbad;
	if (CHECK_EQ(map(gpa + PAGE_SIZE, &new), GNTST_okay)) {
		CHECK(again[0] && again[0] != first, "%lx", again[0]);
		CHECK_EQ(again[1], 0x600d);
		CHECK_EQ(grant_unmap(&new), GNTST_okay);
	}
	CHECK_EQ(grant_unmap(&old), GNTST_okay, "the revoked handle");
	CHECK(grant_unmap(&old) < 0);
	test_end();
}

int main(void)
{
	if (test_role("granter"))
		granter();
	holder();
}
