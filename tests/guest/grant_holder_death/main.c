/* SPDX-License-Identifier: MIT */
/*
 * A VM that holds grants mapped dies: by crashing in its first life, and by
 * the operator's hand in its second. Each time the granter's status bits are
 * cleared and the pages are the granter's alone again.
 * Guards against: a dead holder that keeps its loans; a driver VM that cannot
 * be replaced because somebody holds a page.
 */
#include "test.h"

#define COUNT		16u
#define REF_LIFE	(GRANT_FIRST + COUNT)

static bool all_in_use(uint16_t want)
{
	for (grant_ref_t r = GRANT_FIRST; r < GRANT_FIRST + COUNT; r++)
		if (grant_in_use(r) != want)
			return false;
	return true;
}

static bool wait_for(uint16_t want)
{
	uint64_t end = clock_now() + 15 * SECOND;

	while (!all_in_use(want))
		if (clock_now() > end)
			return false;
		else
			clock_sleep(MILLISECOND);
	return true;
}

_Noreturn static void granter(void)
{
	uint8_t *page = page_alloc_many(COUNT);
	uint32_t *life = page_alloc();

	if (!CHECK(grant_init(1)))
		test_end();
	for (unsigned int i = 0; i < COUNT; i++)
		grant_offer(GRANT_FIRST + i, test_peer(),
			    (page_gpa(page) >> 12) + i, 0);
	for (unsigned int n = 0; n < 2; n++) {
		life[0] = n;
		if (!n)
			grant_offer(REF_LIFE, test_peer(),
				    page_gpa(life) >> 12, GTF_readonly);
		if (!CHECK(wait_for(GTF_reading | GTF_writing), "life %u", n))
			break;
		life[0] = n + 1;	/* the holder's next life reads it */
		grant_offer(REF_LIFE, test_peer(), page_gpa(life) >> 12,
			    GTF_readonly);
		if (n == 0)
			life[1] = 1;	/* go and die */
		CHECK(wait_for(0), "life %u: bits left", n);
	}
	for (unsigned int i = 0; i < COUNT; i++) {
		CHECK(grant_withdraw(GRANT_FIRST + i), "page %u", i);
		CHECK_EQ(page[i * PAGE_SIZE], 0x42, "page %u", i);
	}
	test_end();
}

static uint32_t life_word(unsigned int word)
{
	static uint32_t buffer[1024] __attribute__((aligned(4096)));
	struct gnttab_copy c = {
		.source = { .u.ref = REF_LIFE, .domid = test_peer() },
		.dest = { .u.gmfn = (uint64_t)buffer >> 12,
			  .domid = DOMID_SELF },
		.len = 16, .flags = GNTCOPY_source_gref,
	};
	uint64_t end = clock_now() + 10 * SECOND;

	while (grant_copy(&c) != GNTST_okay && clock_now() < end)
		clock_sleep(MILLISECOND);
	return buffer[word];
}

_Noreturn static void holder(void)
{
	uint64_t gpa = memory_hole(COUNT) << PAGE_SHIFT;
	uint32_t life = life_word(0);
	struct grant_map m;

	for (unsigned int i = 0; i < COUNT; i++) {
		CHECK_EQ(grant_map(test_peer(), GRANT_FIRST + i,
				   gpa + i * PAGE_SIZE, GNTMAP_host_map, &m),
			 GNTST_okay, "life %u", life);
		*(volatile uint8_t *)(gpa + i * PAGE_SIZE) = 0x42;
	}
	if (life == 0) {
		while (!life_word(1))
			clock_sleep(MILLISECOND);
		power_end(SHUTDOWN_crash);
	}
	kprintf("holding\n");
	for (;;)
		clock_sleep(SECOND);
}

int main(void)
{
	if (test_role("granter"))
		granter();
	holder();
}
