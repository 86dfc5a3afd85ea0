/* SPDX-License-Identifier: MIT */
/*
 * Grant misuse, the granter's part: offers good and bad references, and
 * afterwards finds every reading/writing bit clear and its pages unharmed.
 * The abuse is in mapper.c.
 * Guards against: references that name special frames, loans that are
 * counted wrongly, status bits left set.
 */
#include "test.h"
#include "granter.h"

int main(void)
{
	uint32_t *writable = page_alloc(), *readable = page_alloc();
	uint32_t *done = page_alloc(), *third = page_alloc();
	uint64_t end = clock_now() + 30 * SECOND;

	if (!CHECK(grant_init(1)))
		test_end();
	writable[0] = WORD_WRITE;
	readable[0] = WORD_READ;
	grant_offer(REF_READ, test_peer(), page_gpa(readable) >> 12,
		    GTF_readonly);
	grant_offer(REF_SHARED_INFO, test_peer(),
		    page_gpa(xen_shared_page) >> 12, 0);
	grant_offer(REF_HOLE, test_peer(), memory_hole(1), 0);
	grant_offer(REF_TABLE, test_peer(), page_gpa(grant_table) >> 12, 0);
	grant_offer(REF_THIRD, 3, page_gpa(third) >> 12, 0);
	grant_offer(REF_TRANSFER, test_peer(), page_gpa(third) >> 12, 0);
	grant_table[REF_TRANSFER].flags = GTF_accept_transfer;
	grant_offer(REF_DONE, test_peer(), page_gpa(done) >> 12, 0);
	/* Last: the mapper begins when it can map this one. */
	grant_offer(REF_WRITE, test_peer(), page_gpa(writable) >> 12, 0);
	while (!READ_ONCE(done[0]) && clock_now() < end)
		clock_sleep(2 * MILLISECOND);
	CHECK_EQ(done[0], 1, "the mapper is not done");
	clock_sleep(20 * MILLISECOND);
	for (grant_ref_t ref = REF_WRITE; ref < REF_DONE; ref++)
		CHECK_EQ(grant_in_use(ref), 0, "reference %u", ref);
	CHECK_EQ(readable[0], WORD_READ);
	CHECK_EQ(third[0], 0);
	CHECK(grant_withdraw(REF_WRITE));
	test_end();
}
