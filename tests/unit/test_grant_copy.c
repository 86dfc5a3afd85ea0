/* SPDX-License-Identifier: MIT */
/* Copies by grant reference. */
#include "grant_fixture.h"

static struct gnttab_copy copy_op(uint32_t ref, uint16_t from, uint64_t to)
{
	return (struct gnttab_copy){
		.source = { .u.ref = ref, .domid = from },
		.dest = { .u.gmfn = to, .domid = DOMID_SELF },
		.len = PAGE_SIZE, .flags = GNTCOPY_source_gref
	};
}

static int copy(unsigned int domid, struct gnttab_copy op)
{
	op.status = 1;
	grant_copy(vm_at(domid), &op, 1);
	return op.status;
}

static void a_copy_moves_bytes_and_leaves_no_pin(void **state)
{
	struct gnttab_copy op = copy_op(9, 1, 12);
	char *from = vm_ptr(1, 0x9000), *to = vm_ptr(2, 0xc000);

	(void)state;
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		from[i] = (char)(i * 5 + i / 256);
	assert_int_equal(copy(2, op), GNTST_okay);
	assert_memory_equal(from, to, PAGE_SIZE);
	op.source.offset = 100;
	op.dest.offset = 4000;
	op.len = 96;
	assert_int_equal(copy(2, op), GNTST_okay);
	assert_memory_equal(from + 100, to + 4000, 96);
	assert_memory_equal(from, to, 4000);
	assert_int_equal(vm_grant_flags(1, 9), RO);
}

static void a_pin_is_kept_for_the_next_part_and_not_longer(void **state)
{
	struct gnttab_copy op[5] = {
		copy_op(9, 1, 12), copy_op(9, 1, 12), copy_op(10, 1, 12),
		copy_op(9, 1, 12), copy_op(9, 1, 1 << 20)
	};

	(void)state;
	memset(vm_ptr(1, 0x9000), 0x31, PAGE_SIZE);
	for (unsigned int i = 0; i < 5; i++) {
		op[i].len = 64;
		op[i].dest.offset = (uint16_t)(64 * i);
	}
	op[1].source.domid = DOMID_SELF;	/* another's 9 */
	grant_copy(vm_at(2), op, 5);
	assert_int_equal(op[0].status, GNTST_okay);
	assert_int_equal(op[1].status, GNTST_bad_gntref);
	assert_int_equal(op[2].status, GNTST_bad_gntref);
	assert_int_equal(op[3].status, GNTST_okay);
	assert_int_equal(op[4].status, GNTST_bad_page);
	assert_memory_equal(vm_ptr(2, 0xc000), vm_ptr(1, 0x9000), 64);
	assert_memory_equal(vm_ptr(2, 0xc000 + 192), vm_ptr(1, 0x9000), 64);
	assert_int_equal(vm_grant_flags(1, 9), RO);
	op[0].source.domid = op[1].source.domid = 1;
	grant_copy(vm_at(2), op, 2);
	assert_int_equal(op[1].status, GNTST_okay);
	assert_memory_equal(vm_ptr(2, 0xc000 + 64), vm_ptr(1, 0x9000), 64);
	assert_int_equal(vm_grant_flags(1, 9), RO);
}

static void a_copy_between_two_others_needs_both_grants(void **state)
{
	struct gnttab_copy op = {
		.source = { .u.ref = 8, .domid = 2 },
		.dest = { .u.ref = 8, .domid = 3 },
		.len = 16, .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref
	};

	(void)state;
	vm_grant(2, 8, 1, 5, RO);
	assert_refused(copy(1, op), GNTST_bad_gntref);
	vm_grant(3, 8, 1, 6, RO);
	assert_refused(copy(1, op), GNTST_permission_denied);
	vm_grant(3, 8, 1, 6, RW);
	memset(vm_ptr(2, 0x5000), 0x77, 16);
	assert_int_equal(copy(1, op), GNTST_okay);
	assert_memory_equal(vm_ptr(3, 0x6000), vm_ptr(2, 0x5000), 16);
	assert_refused(copy(2, op), GNTST_permission_denied);
}

static void a_copy_checks_bounds_in_wide_numbers(void **state)
{
	struct gnttab_copy op = copy_op(8, 1, 12);

	(void)state;
	op.source.offset = 1;
	assert_refused(copy(2, op), GNTST_bad_copy_arg);
	op.source.offset = 0;
	op.dest.offset = 1;
	assert_refused(copy(2, op), GNTST_bad_copy_arg);
	op.dest.offset = UINT16_MAX;
	op.len = 2;
	assert_refused(copy(2, op), GNTST_bad_copy_arg);
	op.dest.offset = PAGE_SIZE;
	op.len = 0;
	assert_int_equal(copy(2, op), GNTST_okay);
}

static void a_frame_number_means_ones_own_ram(void **state)
{
	struct gnttab_copy op = copy_op(8, 1, 12);
	static const uint64_t bad[] = { 32, 0xfefff, 0xfeffc, BIT64(28),
					UINT64_MAX };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		op.dest.u.gmfn = bad[i];
		assert_refused(copy(2, op), GNTST_bad_page);
	}
	op.dest.u.gmfn = 12;
	op.dest.domid = 1;
	assert_refused(copy(2, op), GNTST_permission_denied);
	op.flags = 0;
	op.source = op.dest;
	assert_refused(copy(2, op), GNTST_permission_denied);
	op.source.domid = DOMID_SELF;
	op.source.u.gmfn = HOLE / PAGE_SIZE;
	assert_refused(copy(2, op), GNTST_bad_page);
}

static void source_and_destination_may_overlap(void **state)
{
	struct gnttab_copy op = {
		.source = { .u.gmfn = 6, .domid = DOMID_SELF },
		.dest = { .u.gmfn = 6, .domid = 2, .offset = 10 }, .len = 100,
	};
	char want[110], *page = vm_ptr(2, 0x6000);

	(void)state;
	for (unsigned int i = 0; i < sizeof(want); i++)
		page[i] = (char)i;
	memcpy(want, page, 10);
	memcpy(want + 10, page, 100);
	assert_int_equal(copy(2, op), GNTST_okay);
	assert_memory_equal(page, want, sizeof(want));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_copy_moves_bytes_and_leaves_no_pin),
		TEST(a_pin_is_kept_for_the_next_part_and_not_longer),
		TEST(a_copy_between_two_others_needs_both_grants),
		TEST(a_copy_checks_bounds_in_wide_numbers),
		TEST(a_frame_number_means_ones_own_ram),
		TEST(source_and_destination_may_overlap),
	};

	return cmocka_run_group_tests_name("grant_copy", tests, NULL, NULL);
}
