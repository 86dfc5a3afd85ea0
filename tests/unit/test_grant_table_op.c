/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_grant_table_op: arrays in slices, a status for every entry, and
 * 0 from the call itself, since Linux stops at anything else.
 */
#include "grant_fixture.h"

#define ARRAY_GPA	0x10000ull	/* up to 4 pages of operations */

static int64_t run(unsigned int vm, uint64_t cmd, uint64_t gpa, uint64_t count)
{
	return world_call_at(vcpu_at(vm, 0), do_grant_table_op, cmd, gpa,
			     count);
}

#define single(vm, cmd, arg) \
	world_call(vcpu_at(vm, 0), do_grant_table_op, GNTTABOP_##cmd, &(arg), \
		   sizeof(arg), 1)

static struct gnttab_map_grant_ref *map_array(unsigned int count)
{
	struct gnttab_map_grant_ref *op = vm_ptr(2, ARRAY_GPA);

	for (unsigned int i = 0; i < count; i++)
		op[i] = (struct gnttab_map_grant_ref){
			.host_addr = HOLE + i * PAGE_SIZE,
			.flags = GNTMAP_host_map, .ref = 8, .dom = 1,
			.status = 1
		};
	return op;
}

static void an_array_is_done_in_slices_with_one_flush_each(void **state)
{
	struct gnttab_map_grant_ref *map_op = map_array(40);
	struct gnttab_unmap_grant_ref unmap_op[40], *op;
	uint64_t flushes;

	(void)state;
	map_op[20].ref = 400;
	assert_int_equal(run(2, GNTTABOP_map_grant_ref, ARRAY_GPA, 40), 0);
	assert_int_equal(world_slices, 3);
	for (unsigned int i = 0; i < 40; i++) {
		assert_int_equal(map_op[i].status, i == 20 ? GNTST_bad_gntref :
				 GNTST_okay);
		unmap_op[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = map_op[i].host_addr,
			.handle = map_op[i].handle, .status = 1
		};
	}
	world_check();
	op = memcpy(vm_ptr(2, ARRAY_GPA), unmap_op, sizeof(unmap_op));
	op[20].handle = 4711;
	flushes = mock.flush_count;
	assert_int_equal(run(2, GNTTABOP_unmap_grant_ref, ARRAY_GPA, 40), 0);
	assert_int_equal(mock.flush_count, flushes + 3);
	for (unsigned int i = 0; i < 40; i++)
		assert_int_equal(op[i].status, i == 20 ? GNTST_bad_handle :
				 GNTST_okay);
}

static int big_setup(void **state)
{
	(void)state;
	world_start(2, (struct vm_spec[]){ { 0 }, { .map_count = 64 } });
	world_allow(1, 2);
	vm_grant(1, 8, 2, 7, RW);
	return 0;
}

static void one_handle_twice_in_a_batch_is_freed_once(void **state)
{
	struct gnttab_map_grant_ref op = map(2, HOLE, 1, 8, 0);
	struct gnttab_unmap_grant_ref *two = vm_ptr(2, ARRAY_GPA);

	(void)state;
	two[0] = two[1] = (struct gnttab_unmap_grant_ref){
		.host_addr = HOLE, .handle = op.handle, .status = 1
	};
	assert_int_equal(run(2, GNTTABOP_unmap_grant_ref, ARRAY_GPA, 2), 0);
	assert_int_equal(two[0].status, GNTST_okay);
	assert_int_equal(two[1].status, GNTST_bad_handle);
}

static void ram_that_is_replaced_ends_the_slice(void **state)
{
	struct gnttab_map_grant_ref *op = map_array(4);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		op[i].host_addr = (20 + i) * PAGE_SIZE;
	assert_int_equal(run(2, GNTTABOP_map_grant_ref, ARRAY_GPA, 4), 0);
	assert_int_equal(world_slices, 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(unmap(2, (20 + i) * PAGE_SIZE, op[i].handle),
				 GNTST_okay);
}

static void copies_have_their_status(void **state)
{
	struct gnttab_copy *op = vm_ptr(2, ARRAY_GPA);

	(void)state;
	for (unsigned int i = 0; i < 50; i++)
		op[i] = (struct gnttab_copy){
			.source = { .u.ref = i % 3 ? 8 : 5, .domid = 1 },
			.dest = { .u.gmfn = 12, .domid = DOMID_SELF },
			.len = 8, .flags = GNTCOPY_source_gref, .status = 1
		};
	memset(vm_ptr(1, 0x7000), 0x42, 8);
	assert_int_equal(run(2, GNTTABOP_copy, ARRAY_GPA, 50), 0);
	for (unsigned int i = 0; i < 50; i++)
		assert_int_equal(op[i].status, i % 3 ? GNTST_okay :
				 GNTST_bad_gntref);
	assert_memory_equal(vm_ptr(2, 0xc000), vm_ptr(1, 0x7000), 8);
}

static void a_buffer_that_cannot_be_written_maps_nothing(void **state)
{
	static const uint64_t cmd[] = { GNTTABOP_map_grant_ref,
					GNTTABOP_unmap_grant_ref,
					GNTTABOP_copy, GNTTABOP_query_size,
					GNTTABOP_set_version };

	(void)state;
	map_array(40);
	mock.readonly_va = ARRAY_GPA;
	for (unsigned int i = 0; i < ARRAY_SIZE(cmd); i++) {
		assert_refused(run(2, cmd[i], ARRAY_GPA, 1), -XEN_EFAULT);
		assert_refused(run(2, cmd[i], ARRAY_GPA - 3, 1), -XEN_EFAULT);
		assert_refused(run(2, cmd[i], UINT64_MAX - 7, 1), -XEN_EFAULT);
	}
}

static void counts_are_checked(void **state)
{
	(void)state;
	map_array(1);
	assert_refused(run(2, GNTTABOP_map_grant_ref, ARRAY_GPA, 0), 0);
	assert_refused(run(2, GNTTABOP_map_grant_ref, ARRAY_GPA, BIT64(31)),
		       -XEN_EINVAL);
	assert_refused(run(2, GNTTABOP_query_size, ARRAY_GPA, 2), -XEN_EINVAL);
	assert_refused(run(2, GNTTABOP_setup_table, ARRAY_GPA, 0),
		       -XEN_EINVAL);
}

static void an_array_that_runs_out_of_memory_stops_there(void **state)
{
	struct gnttab_copy *op = vm_ptr(2, 0x1f000);
	unsigned int count = PAGE_SIZE / sizeof(*op) + 1;

	(void)state;
	for (unsigned int i = 0; i < count - 1; i++)
		op[i] = (struct gnttab_copy){
			.source = { .u.ref = 8, .domid = 1 },
			.dest = { .u.gmfn = 12, .domid = DOMID_SELF },
			.len = 8, .flags = GNTCOPY_source_gref, .status = 1
		};
	assert_int_equal(run(2, GNTTABOP_copy, 0x1f000, count), -XEN_EFAULT);
	for (unsigned int i = 0; i < 96; i++)
		assert_int_equal(op[i].status, GNTST_okay);
	assert_int_equal(op[96].status, 1);
}

static void the_table_can_be_asked_about(void **state)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF, .status = 1 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };
	struct gnttab_set_version set = { .version = 1 };

	(void)state;
	assert_int_equal(single(1, query_size, size), 0);
	assert_int_equal(size.status, GNTST_okay);
	assert_int_equal(size.nr_frames, 1);
	assert_int_equal(size.max_nr_frames, 2);
	size.dom = 2;
	assert_int_equal(single(1, query_size, size), 0);
	assert_int_equal(size.status, GNTST_permission_denied);
	assert_int_equal(single(1, get_version, get), 0);
	assert_int_equal(get.version, 1);
	get.dom = 2;
	assert_refused(single(1, get_version, get), -XEN_EPERM);
	assert_int_equal(single(1, set_version, set), 0);
	set.version = 2;
	assert_int_equal(single(1, set_version, set), -XEN_ENOSYS);
	assert_int_equal(set.version, 1);
	set.version = 3;
	assert_int_equal(single(1, set_version, set), -XEN_EINVAL);
	assert_int_equal(set.version, 1);
}

static void the_table_can_be_set_up(void **state)
{
	struct gnttab_setup_table setup_op = { .dom = DOMID_SELF,
					       .nr_frames = 2, .status = 1 };
	uint64_t *list = vm_ptr(1, ARRAY_GPA);

	(void)state;
	setup_op.frame_list.p = (void *)ARRAY_GPA;
	assert_int_equal(single(1, setup_table, setup_op), 0);
	assert_int_equal(setup_op.status, GNTST_okay);
	assert_int_equal(vm_at(1)->grants.frame_count, 2);
	assert_int_equal(list[1], UINT64_MAX);
	assert_int_equal(list[2], 0);
	setup_op.status = 1;
	setup_op.frame_list.p = (void *)(UINT64_MAX - 7);
	assert_refused(single(1, setup_table, setup_op), -XEN_EFAULT);
	assert_int_equal(setup_op.status, 1);
	setup_op.frame_list.p = (void *)ARRAY_GPA;
	setup_op.nr_frames = 3;
	assert_refused((single(1, setup_table, setup_op), setup_op.status),
		       GNTST_general_error);
	setup_op.dom = 2;
	assert_refused((single(1, setup_table, setup_op), setup_op.status),
		       GNTST_permission_denied);
}

static void what_is_not_offered_does_not_exist(void **state)
{
	static const uint64_t cmd[] = {
		GNTTABOP_dump_table, GNTTABOP_transfer,
		GNTTABOP_unmap_and_replace, GNTTABOP_get_status_frames,
		GNTTABOP_swap_grant_ref,
		GNTTABOP_cache_flush, 13, 14, 64, UINT32_MAX, BIT64(32),
		UINT64_MAX
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cmd); i++)
		assert_refused(run(1, cmd[i], ARRAY_GPA, 1), -XEN_ENOSYS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_array_is_done_in_slices_with_one_flush_each,
			big_setup, teardown),
		TEST(one_handle_twice_in_a_batch_is_freed_once),
		TEST(ram_that_is_replaced_ends_the_slice),
		TEST(copies_have_their_status),
		TEST(a_buffer_that_cannot_be_written_maps_nothing),
		TEST(counts_are_checked),
		TEST(an_array_that_runs_out_of_memory_stops_there),
		TEST(the_table_can_be_asked_about),
		TEST(the_table_can_be_set_up),
		TEST(what_is_not_offered_does_not_exist),
	};

	return cmocka_run_group_tests_name("grant_table_op", tests, NULL,
					   NULL);
}
