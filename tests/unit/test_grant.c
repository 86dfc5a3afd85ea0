/* SPDX-License-Identifier: MIT */
/* Grants: who may map what, and what is counted. */
#include "grant_fixture.h"

static void a_map_shows_the_granters_frame(void **state)
{
	struct gnttab_map_grant_ref op = map(2, HOLE + 123, 1, 8, 0);

	(void)state;
	assert_int_equal(op.status, GNTST_okay);
	assert_ptr_equal(vm_ptr(2, HOLE), vm_ptr(1, 0x7000));
	assert_int_equal(op.dev_bus_addr, 0);
	assert_int_equal(loans(1, 7), 1);
	assert_int_equal(vm_grant_flags(1, 8),
			 RW | GTF_reading | GTF_writing);
	world_check();
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
	assert_null(vm_ptr(2, HOLE));
	assert_int_equal(vm_grant_flags(1, 8), RW);
}

static void a_readonly_grant_maps_readonly_only(void **state)
{
	struct gnttab_map_grant_ref op;

	(void)state;
	assert_refused(map_status(2, HOLE, 1, 9, 0), GNTST_permission_denied);
	op = map(2, HOLE, 1, 9, GNTMAP_readonly);
	assert_int_equal(op.status, GNTST_okay);
	assert_false(p2m_lookup(vm_at(2), gfn_of(HOLE)).writable);
	assert_int_equal(vm_grant_flags(1, 9), RO | GTF_reading);
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
	assert_int_equal(vm_grant_flags(1, 9), RO);
}

static void only_the_named_domain_may_map(void **state)
{
	(void)state;
	assert_refused(map_status(3, HOLE, 1, 8, 0), GNTST_permission_denied);
	assert_refused(map_status(4, HOLE, 1, 8, 0), GNTST_permission_denied);
	vm_grant(1, 8, 4, 7, RW);
	assert_refused(map_status(4, HOLE, 1, 8, 0), GNTST_permission_denied);
}

static void strangers_and_nobody_look_the_same(void **state)
{
	static const unsigned int id[] = { 0, 3, 4, 5, 4711, DOMID_XEN,
					   DOMID_IO, 0xffff };

	(void)state;
	vm_grant(3, 8, 2, 7, RW);
	for (unsigned int i = 0; i < ARRAY_SIZE(id); i++)
		assert_refused(map_status(2, HOLE, id[i], 8, 0),
			       GNTST_permission_denied);
}

static void references_that_are_none_are_refused(void **state)
{
	static const uint32_t ref[] = { 10, 511, 512, 1023, 1024, 1u << 31,
					UINT32_MAX };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(ref); i++)
		assert_refused(map_status(2, HOLE, 1, ref[i], 0),
			       GNTST_bad_gntref);
	vm_grant(1, 20, 2, 7, GTF_accept_transfer);
	assert_refused(map_status(2, HOLE, 1, 20, 0), GNTST_bad_gntref);
	vm_grant(1, 20, 2, 7, GTF_transitive);
	assert_refused(map_status(2, HOLE, 1, 20, 0), GNTST_bad_gntref);
	vm_grant(1, 20, 2, 7, RW | GTF_sub_page);
	assert_refused(map_status(2, HOLE, 1, 20, 0), GNTST_bad_gntref);
}

static void only_own_ram_can_be_lent(void **state)
{
	static const uint64_t none[] = { 32, 0x100, BIT64(28), UINT32_MAX };
	struct gnttab_map_grant_ref op;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		vm_grant(1, 20, 2, none[i], RW);
		assert_refused(map_status(2, HOLE, 1, 20, 0), GNTST_bad_page);
	}
	vm_grant(1, 20, 2, vm_at(1)->console.ring_gfn.n, RW);
	assert_refused(map_status(2, HOLE, 1, 20, 0), GNTST_bad_page);
	/* What was lent to 2 is not 2's to lend. */
	op = map(2, HOLE, 1, 8, 0);
	vm_grant(2, 8, 1, HOLE / PAGE_SIZE, RW);
	assert_refused(map_status(1, HOLE, 2, 8, 0), GNTST_bad_page);
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
}

static void the_xenstore_ring_can_be_lent(void **state)
{
	struct gnttab_map_grant_ref op;

	(void)state;
	vm_grant(1, GNTTAB_RESERVED_XENSTORE, 2, vm_at(1)->xenstore_gfn.n, RW);
	op = map(2, HOLE, 1, GNTTAB_RESERVED_XENSTORE, 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_ptr_equal(vm_ptr(2, HOLE),
			 arch_frame_ptr(vm_at(1)->xenstore_mfn));
	world_check();
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
}

static void flags_that_make_no_sense_here_are_refused(void **state)
{
	struct gnttab_map_grant_ref op = { .host_addr = HOLE, .ref = 8,
					   .dom = 1 };
	static const struct { unsigned int flags; int status; } bad[] = {
		{ 0, GNTST_bad_gntref },
		{ GNTMAP_readonly, GNTST_bad_gntref },
		{ GNTMAP_device_map, GNTST_general_error },
		{ GNTMAP_device_map | GNTMAP_host_map, GNTST_general_error },
		{ GNTMAP_application_map | GNTMAP_host_map,
		  GNTST_general_error },
		{ GNTMAP_contains_pte | GNTMAP_host_map, GNTST_general_error },
		{ 32 | GNTMAP_host_map, GNTST_general_error },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		op.flags = bad[i].flags;
		assert_refused((grant_map(vm_at(2), &op), op.status),
			       bad[i].status);
	}
}

static void a_map_needs_a_free_place(void **state)
{
	struct gnttab_map_grant_ref op = map(2, HOLE, 1, 8, 0);

	(void)state;
	vm_grant(1, 20, 2, 10, RW);
	assert_refused(map_status(2, HOLE, 1, 20, 0), GNTST_general_error);
	assert_refused(map_status(2, 0xfefff000, 1, 20, 0),
		       GNTST_general_error);
	assert_refused(map_status(2, BIT64(40), 1, 20, 0),
		       GNTST_bad_virt_addr);
	assert_refused(map_status(2, UINT64_MAX, 1, 20, 0),
		       GNTST_bad_virt_addr);
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
}

static void ram_in_the_way_is_parked_and_flushed(void **state)
{
	struct gnttab_map_grant_ref op = { .host_addr = 0x5000, .ref = 8,
					   .dom = 1, .flags = GNTMAP_host_map };
	uint64_t at_5 = p2m_lookup(vm_at(2), GFN(5)).mfn.n;

	(void)state;
	assert_true(grant_map(vm_at(2), &op));
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(vm_at(2)->p2m.parked_first.n, at_5);
	world_check();
	assert_int_equal(unmap(2, 0x5000, op.handle), GNTST_okay);
	assert_null(vm_ptr(2, 0x5000));
	assert_int_equal(vm_at(2)->p2m.parked_count, 1);
}

static void ram_on_loan_cannot_be_parked(void **state)
{
	struct gnttab_map_grant_ref op = map(2, HOLE, 1, 8, 0);

	(void)state;
	vm_grant(2, 8, 1, 5, RW);
	assert_refused(map_status(1, 0x7000, 2, 8, 0), GNTST_general_error);
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
}

static void a_domain_may_map_its_own_grant(void **state)
{
	struct gnttab_map_grant_ref op;

	(void)state;
	vm_grant(2, 8, 2, 6, RW);
	/* The frame itself must not be what makes room for it. */
	assert_refused(map_status(2, 0x6000, 2, 8, 0), GNTST_general_error);
	op = map(2, HOLE, DOMID_SELF, 8, 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_ptr_equal(vm_ptr(2, HOLE), vm_ptr(2, 0x6000));
	world_check();
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
}

static void handles_run_out_and_come_back(void **state)
{
	uint32_t handle[16];

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		struct gnttab_map_grant_ref op =
			map(2, HOLE + i * PAGE_SIZE, 1, 8, 0);

		assert_int_equal(op.status, GNTST_okay);
		handle[i] = op.handle;
		assert_int_equal(loans(1, 7), i + 1);
	}
	assert_refused(map_status(2, HOLE + 16 * PAGE_SIZE, 1, 8, 0),
		       GNTST_no_space);
	world_check();
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int n = i * 7 % 16;

		assert_int_equal(vm_grant_flags(1, 8),
				 RW | GTF_reading | GTF_writing);
		assert_int_equal(unmap(2, HOLE + n * PAGE_SIZE, handle[n]),
				 GNTST_okay);
		world_check();
	}
	assert_int_equal(vm_grant_flags(1, 8), RW);
}

static void a_poor_pool_refuses_and_changes_nothing(void **state)
{
	struct pool *pool = &vm_at(2)->pool;

	(void)state;
	for (uint32_t left = 0; left < 3; left++) {
		pool->used = pool->count - left;
		assert_refused(map_status(2, BIT64(39), 1, 8, 0),
			       GNTST_no_space);
	}
}

static void pins_never_overflow(void **state)
{
	struct grant_active *active = &vm_at(1)->grants.active[8];
	struct gnttab_map_grant_ref op = map(2, HOLE, 1, 8, 0);
	struct grant_pin pin = { .ref = 8, .write = true };

	(void)state;
	active->write_count = UINT16_MAX;
	assert_refused(grant_pin_take(vm_at(1), 2, &pin), GNTST_no_space);
	pin.write = false;
	active->write_count = 1;
	active->read_count = UINT16_MAX;
	assert_refused(grant_pin_take(vm_at(1), 2, &pin), GNTST_no_space);
	active->read_count = 0;
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
}

static void a_pinned_reference_is_not_read_again(void **state)
{
	struct gnttab_map_grant_ref ro, op = map(2, HOLE, 1, 8, 0);
	uint16_t flags = vm_grant_flags(1, 8);

	(void)state;
	vm_grant(1, 8, 3, 11, GTF_invalid);
	ro = map(2, HOLE + PAGE_SIZE, 1, 8, 0);
	assert_int_equal(ro.status, GNTST_okay);
	assert_ptr_equal(vm_ptr(2, HOLE + PAGE_SIZE), vm_ptr(1, 0x7000));
	assert_refused(map_status(3, HOLE, 1, 8, 0), GNTST_permission_denied);
	vm_grant(1, 8, 2, 7, flags);
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
	assert_int_equal(unmap(2, HOLE + PAGE_SIZE, ro.handle), GNTST_okay);
}

static void a_pin_becomes_writable_only_by_permission(void **state)
{
	struct gnttab_map_grant_ref rw, ro = map(2, HOLE, 1, 8,
						 GNTMAP_readonly);
	uint64_t there = HOLE + PAGE_SIZE;

	(void)state;
	assert_int_equal(vm_grant_flags(1, 8), RW | GTF_reading);
	vm_grant(1, 8, 2, 7, RO | GTF_reading);
	assert_refused(map_status(2, there, 1, 8, 0), GNTST_permission_denied);
	vm_grant(1, 8, 2, 11, RW | GTF_reading);
	assert_refused(map_status(2, there, 1, 8, 0), GNTST_general_error);
	vm_grant(1, 8, 2, 7, RW | GTF_reading);
	rw = map(2, there, 1, 8, 0);
	assert_int_equal(rw.status, GNTST_okay);
	assert_int_equal(vm_grant_flags(1, 8), RW | GTF_reading | GTF_writing);
	assert_int_equal(unmap(2, there, rw.handle), GNTST_okay);
	assert_int_equal(vm_grant_flags(1, 8), RW | GTF_reading);
	assert_int_equal(unmap(2, HOLE, ro.handle), GNTST_okay);
	assert_int_equal(vm_grant_flags(1, 8), RW);
}

static void the_dying_lend_nothing(void **state)
{
	static const uint32_t bad[] = { DOMAIN_BUILDING, DOMAIN_DYING,
					DOMAIN_DEAD };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		vm_at(1)->state = bad[i];
		assert_refused(map_status(2, HOLE, 1, 8, 0), GNTST_bad_domain);
	}
	vm_at(1)->state = DOMAIN_RUNNING;
}

static void bad_handles_are_refused(void **state)
{
	struct gnttab_map_grant_ref op = map(2, HOLE, 1, 8, 0);

	(void)state;
	assert_refused(unmap(2, HOLE, op.handle + 1), GNTST_bad_handle);
	assert_refused(unmap(2, HOLE, 16), GNTST_bad_handle);
	assert_refused(unmap(2, HOLE, UINT32_MAX), GNTST_bad_handle);
	assert_refused(unmap(3, HOLE, op.handle), GNTST_bad_handle);
	assert_refused(unmap(2, HOLE + PAGE_SIZE, op.handle),
		       GNTST_general_error);
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
	assert_refused(unmap(2, HOLE, op.handle), GNTST_bad_handle);
}

static unsigned int seen_at_flush;

static void look_at_flush(struct domain *d)
{
	assert_int_equal(d->id, 2);
	assert_null(vm_ptr(2, HOLE));
	assert_int_equal(loans(1, 7), 1);
	assert_int_equal(vm_grant_flags(1, 8),
			 RW | GTF_reading | GTF_writing);
	seen_at_flush++;
}

static void a_loan_is_given_back_after_the_flush(void **state)
{
	struct gnttab_map_grant_ref op = map(2, HOLE, 1, 8, 0);

	(void)state;
	seen_at_flush = 0;
	mock.on_flush = look_at_flush;
	assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
	assert_int_equal(seen_at_flush, 1);
}

static void the_table_grows_to_its_limit(void **state)
{
	struct domain *d = vm_at(1);

	(void)state;
	assert_int_equal(d->grants.frame_count, 1);
	assert_refused(grant_grow(d, 3), -XEN_EINVAL);
	assert_refused(grant_grow(d, 1), 0);
	d->pool.used = d->pool.count;
	assert_refused(grant_grow(d, 2), -XEN_ENOMEM);
	d->pool.used = d->pool.count - 1;
	assert_int_equal(grant_grow(d, 2), 0);
	vm_grant(1, 1000, 2, 7, RW);
	assert_int_equal(map_status(2, HOLE, 1, 1000, 0), GNTST_okay);
	assert_int_equal(unmap(2, HOLE, 0), GNTST_okay);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_map_shows_the_granters_frame),
		TEST(a_readonly_grant_maps_readonly_only),
		TEST(only_the_named_domain_may_map),
		TEST(strangers_and_nobody_look_the_same),
		TEST(references_that_are_none_are_refused),
		TEST(only_own_ram_can_be_lent),
		TEST(the_xenstore_ring_can_be_lent),
		TEST(flags_that_make_no_sense_here_are_refused),
		TEST(a_map_needs_a_free_place),
		TEST(ram_in_the_way_is_parked_and_flushed),
		TEST(ram_on_loan_cannot_be_parked),
		TEST(a_domain_may_map_its_own_grant),
		TEST(handles_run_out_and_come_back),
		TEST(a_poor_pool_refuses_and_changes_nothing),
		TEST(pins_never_overflow),
		TEST(a_pinned_reference_is_not_read_again),
		TEST(a_pin_becomes_writable_only_by_permission),
		TEST(the_dying_lend_nothing),
		TEST(bad_handles_are_refused),
		TEST(a_loan_is_given_back_after_the_flush),
		TEST(the_table_grows_to_its_limit),
	};

	return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
