/* SPDX-License-Identifier: MIT */
/* A third domain: references offered to somebody else are not for it. */
#include "test.h"
#include "granter.h"

int main(void)
{
	uint64_t gpa = memory_hole(1) << PAGE_SHIFT;
	uint64_t end = clock_now() + 10 * SECOND;
	struct grant_map map;
	int status;

	while ((status = grant_map(test_peer(), REF_THIRD, gpa,
				   GNTMAP_host_map, &map)) != GNTST_okay &&
	       clock_now() < end)
		clock_sleep(MILLISECOND);
	CHECK_EQ(status, GNTST_okay, "its own reference");
	CHECK_EQ(grant_unmap(&map), GNTST_okay);
	for (grant_ref_t ref = REF_WRITE; ref <= REF_DONE; ref++)
		if (ref != REF_THIRD)
			CHECK(grant_map(test_peer(), ref, gpa,
					GNTMAP_host_map, &map) < 0,
			      "reference %u", ref);
	test_end();
}
