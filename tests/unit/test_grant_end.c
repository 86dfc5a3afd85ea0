/* SPDX-License-Identifier: MIT */
/* Grants at the end of the borrower and of the lender. */
#include "grant_fixture.h"

static void end_of_borrower(struct domain *d)
{
	uint64_t cursor = 0;

	while (!grant_unmap_all_step(d, &cursor))
		;
}

static unsigned int end_of_lender(struct domain *d)
{
	uint64_t cursor = 0, peer = 0;
	unsigned int steps = 1;

	d->state = DOMAIN_DYING;
	while (!grant_revoke_step(d, &cursor, &peer))
		assert_true(++steps < 1000);
	return steps;
}

static void a_dead_borrower_keeps_nothing(void **state)
{
	(void)state;
	vm_grant(1, 10, 3, 7, RW);
	for (unsigned int i = 0; i < 10; i++)
		map(2, HOLE + i * PAGE_SIZE, 1, i % 2 ? 8 : 9, GNTMAP_readonly);
	map(3, HOLE, 1, 10, 0);
	end_of_borrower(vm_at(2));
	assert_int_equal(vm_at(2)->map_live, 0);
	assert_int_equal(vm_grant_flags(1, 8), RW);
	assert_int_equal(vm_grant_flags(1, 9), RO);
	assert_int_equal(loans(1, 7), 1);
	world_check();
	assert_int_equal(unmap(3, HOLE, 0), GNTST_okay);
}

static void a_dead_lender_leaves_blank_pages(void **state)
{
	struct gnttab_map_grant_ref rw = map(2, HOLE, 1, 8, 0);
	struct gnttab_map_grant_ref ro =
		map(2, HOLE + PAGE_SIZE, 1, 9, GNTMAP_readonly);
	struct p2m_entry e;

	(void)state;
	vm_grant(2, 8, 1, 6, RW);
	map(1, HOLE, 2, 8, 0);
	end_of_borrower(vm_at(1));
	end_of_lender(vm_at(1));
	e = p2m_lookup(vm_at(2), gfn_of(HOLE));
	assert_int_equal(e.kind, P2M_BLANK);
	assert_int_equal(e.mfn.n, vm_at(2)->p2m.blank.n);
	assert_true(e.writable);
	e = p2m_lookup(vm_at(2), GFN(gfn_of(HOLE).n + 1));
	assert_int_equal(e.kind, P2M_BLANK);
	assert_false(e.writable);
	assert_int_equal(loans(1, 7), 0);
	assert_int_equal(loans(1, 9), 0);
	world_check();
	/* The borrower finds out in its own time. */
	assert_int_equal(unmap(2, HOLE, rw.handle), GNTST_okay);
	assert_int_equal(unmap(2, HOLE + PAGE_SIZE, ro.handle), GNTST_okay);
	assert_null(vm_ptr(2, HOLE));
	assert_int_equal(vm_at(2)->map_live, 0);
	assert_refused(unmap(2, HOLE, rw.handle), GNTST_bad_handle);
}

static void the_end_waits_for_a_copy_under_way(void **state)
{
	uint64_t cursor = 0, peer = 0;
	struct grant_pin pin = { .ref = 8 };

	(void)state;
	assert_int_equal(grant_pin_take(vm_at(1), 2, &pin), GNTST_okay);
	vm_at(1)->state = DOMAIN_DYING;
	for (unsigned int i = 0; i < 10; i++)
		assert_false(grant_revoke_step(vm_at(1), &cursor, &peer));
	grant_pin_drop(&pin);
	assert_true(end_of_lender(vm_at(1)) < 5);
}

static void many_maps_end_in_bounded_steps(void **state)
{
	unsigned int steps;

	(void)state;
	world_start(2, (struct vm_spec[]){ { 0 }, { .map_count = 5000,
						    .pool_count = 64 } });
	world_allow(1, 2);
	vm_grant(1, 8, 2, 7, RW);
	for (unsigned int i = 0; i < 5000; i++)
		assert_int_equal(map_status(2, HOLE + i * PAGE_SIZE, 1, 8, 0),
				 GNTST_okay);
	steps = end_of_lender(vm_at(1));
	assert_true(steps >= 5000 / 16 && steps < 5000 / 16 + 20);
	end_of_borrower(vm_at(2));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_dead_borrower_keeps_nothing),
		TEST(a_dead_lender_leaves_blank_pages),
		TEST(the_end_waits_for_a_copy_under_way),
		TEST(many_maps_end_in_bounded_steps),
	};

	return cmocka_run_group_tests_name("grant_end", tests, NULL, NULL);
}
