/* SPDX-License-Identifier: MIT */
/* HYPERVISOR_memory_op: a fixed partition, whatever the guest asks for. */
#include "world_fixture.h"
#include <xen/errno.h>
#include <xen/memory.h>
#include "core/p2m.h"
#include "core/platform.h"

#define LIST_GPA	0x2000ull	/* of gfns */
#define HOLE_GFN	0x100ull

static int setup(void **state)
{
	(void)state;
	world_start(2, (struct vm_spec[]){
		{ .ram_frames = 128, .grant_frames = 20 },
		{ .ram_frames = 1024 } });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

#define op(vm, cmd, arg) \
	world_call(vcpu_at(vm, 0), do_memory_op, XENMEM_##cmd, &(arg), \
		   sizeof(arg), 0)

static int64_t place(unsigned int vm, unsigned int space, uint64_t index,
		     uint64_t gfn)
{
	struct xen_add_to_physmap add = { .domid = DOMID_SELF, .space = space,
					  .idx = index, .gpfn = gfn };

	return op(vm, add_to_physmap, add);
}

static int64_t take_out(unsigned int vm, uint64_t gfn)
{
	struct xen_remove_from_physmap out = { .domid = DOMID_SELF,
					       .gpfn = gfn };

	return op(vm, remove_from_physmap, out);
}

/* Decrease or populate count gfns from first on. */
static int64_t change(unsigned int vm, uint64_t cmd, uint64_t first,
		      uint64_t count)
{
	struct xen_memory_reservation r = { .domid = DOMID_SELF,
					    .nr_extents = count };
	uint64_t *list = vm_ptr(vm, LIST_GPA), saved[512];
	int64_t result;

	memcpy(saved, list, sizeof(saved));
	for (uint64_t i = 0; i < MIN(count, 512ull); i++)
		list[i] = first + i;
	r.extent_start.p = (void *)LIST_GPA;
	result = world_call(vcpu_at(vm, 0), do_memory_op, cmd, &r, sizeof(r),
			    0);
	memcpy(list, saved, sizeof(saved));
	return result;
}

static enum p2m_kind kind(unsigned int vm, uint64_t gfn)
{
	return p2m_lookup(vm_at(vm), GFN(gfn)).kind;
}

/* --- shared_info --- */

static void shared_info_takes_the_place_of_ram_and_gives_it_back(void **state)
{
	struct domain *d = vm_at(1);

	(void)state;
	assert_int_equal(place(1, XENMAPSPACE_shared_info, 0, 40), 0);
	assert_ptr_equal(vm_ptr(1, 40 * PAGE_SIZE), d->shared);
	assert_int_equal(kind(1, 40), P2M_SHARED);
	assert_int_equal(d->p2m.parked_count, 1);
	world_check();
	assert_int_equal(place(1, XENMAPSPACE_shared_info, 0, 41), 0);
	assert_int_equal(kind(1, 40), P2M_RAM);
	assert_ptr_equal(vm_ptr(1, 41 * PAGE_SIZE), d->shared);
	assert_int_equal(d->p2m.parked_count, 1);
	world_check();
	assert_int_equal(place(1, XENMAPSPACE_shared_info, 0, HOLE_GFN), 0);
	assert_int_equal(kind(1, 41), P2M_RAM);
	assert_int_equal(d->p2m.parked_count, 0);
	assert_int_equal(place(1, XENMAPSPACE_shared_info, 0, 41), 0);
	assert_int_equal(kind(1, HOLE_GFN), P2M_NONE);
	assert_refused(place(1, XENMAPSPACE_shared_info, 0, 41), 0);
}

static void shared_info_cannot_go_just_anywhere(void **state)
{
	static const uint64_t bad[] = { BIT64(28), BIT64(40), UINT64_MAX };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(place(1, XENMAPSPACE_shared_info, 0, bad[i]),
			       -XEN_EINVAL);
	assert_refused(place(1, XENMAPSPACE_shared_info, 1, 40), -XEN_EINVAL);
	assert_refused(place(1, XENMAPSPACE_shared_info, 0,
			     vm_at(1)->console.ring_gfn.n), -XEN_EBUSY);
	frame_at(MFN(vm_at(1)->extent->mfn.n + 40))->loans = 1;
	assert_refused(place(1, XENMAPSPACE_shared_info, 0, 40), -XEN_EBUSY);
	frame_at(MFN(vm_at(1)->extent->mfn.n + 40))->loans = 0;
	vm_at(1)->pool.used = vm_at(1)->pool.count;
	assert_refused(place(1, XENMAPSPACE_shared_info, 0, BIT64(27)),
		       -XEN_ENOMEM);
}

static void shared_info_splits_a_large_page(void **state)
{
	(void)state;
	assert_int_equal(p2m_lookup(vm_at(2), GFN(1)).level, 2);
	assert_int_equal(place(2, XENMAPSPACE_shared_info, 0, 3), 0);
	assert_int_equal(p2m_lookup(vm_at(2), GFN(4)).level, 1);
	assert_int_equal(p2m_lookup(vm_at(2), GFN(600)).level, 2);
	assert_ptr_equal(vm_ptr(2, 3 * PAGE_SIZE), vm_at(2)->shared);
}

static void a_changed_translation_is_flushed(void **state)
{
	uint64_t flushes = mock.flush_count;

	(void)state;
	place(1, XENMAPSPACE_shared_info, 0, 40);
	assert_int_equal(mock.flush_count, ++flushes);
	place(1, XENMAPSPACE_grant_table, 0, 41);
	assert_int_equal(mock.flush_count, ++flushes);
	change(1, XENMEM_decrease_reservation, 50, 1);
	assert_int_equal(mock.flush_count, ++flushes);
	take_out(1, 51);
	assert_int_equal(mock.flush_count, ++flushes);
}

/* --- grant table --- */

static void grant_frames_appear_highest_first(void **state)
{
	struct domain *d = vm_at(1);

	(void)state;
	for (uint64_t i = 20; i-- > 0;) {
		assert_int_equal(place(1, XENMAPSPACE_grant_table, i,
				       HOLE_GFN + i), 0);
		assert_ptr_equal(vm_ptr(1, (HOLE_GFN + i) * PAGE_SIZE),
				 arch_frame_ptr(d->grants.frame[i]));
	}
	assert_int_equal(d->grants.frame_count, 20);
	assert_refused(place(1, XENMAPSPACE_grant_table, 7, HOLE_GFN + 7), 0);
}

static void the_table_grows_in_slices(void **state)
{
	(void)state;
	assert_int_equal(place(1, XENMAPSPACE_grant_table, 19, HOLE_GFN), 0);
	assert_int_equal(world_slices, 3);
	assert_int_equal(vm_at(1)->grants.frame_count, 20);
}

static void grant_frames_beyond_the_limits_are_refused(void **state)
{
	struct pool *pool = &vm_at(1)->pool;

	(void)state;
	assert_refused(place(1, XENMAPSPACE_grant_table, 20, HOLE_GFN),
		       -XEN_EINVAL);
	assert_refused(place(1, XENMAPSPACE_grant_table, UINT64_MAX, HOLE_GFN),
		       -XEN_EINVAL);
	assert_refused(place(1, XENMAPSPACE_grant_table,
			     XENMAPIDX_grant_table_status, HOLE_GFN),
		       -XEN_EINVAL);
	assert_refused(place(1, XENMAPSPACE_grant_table, 0, BIT64(28)),
		       -XEN_EINVAL);
	/* All that it needs, or nothing: 19 frames and 3 tables. */
	pool->used = pool->count - 21;
	assert_refused(place(1, XENMAPSPACE_grant_table, 19, BIT64(27)),
		       -XEN_ENOMEM);
	pool->used = pool->count - 22;
	assert_int_equal(place(1, XENMAPSPACE_grant_table, 19, BIT64(27)), 0);
	assert_int_equal(pool_free_count(pool), 0);
}

/* --- giving up and taking back --- */

static void memory_can_be_given_up_and_taken_back(void **state)
{
	uint64_t now[2] = { 0, 0 };
	struct xen_memory_domain self = { .domid = DOMID_SELF };

	(void)state;
	memset(vm_ptr(1, 50 * PAGE_SIZE), 0x33, PAGE_SIZE);
	assert_int_equal(change(1, XENMEM_decrease_reservation, 50, 60), 60);
	assert_int_equal(world_slices, 4);
	assert_int_equal(op(1, current_reservation, self), 128 - 60);
	assert_int_equal(op(1, maximum_reservation, self), 128);
	for (uint64_t i = 50; i < 110; i++)
		assert_int_equal(kind(1, i), P2M_NONE);
	world_check();
	/* At other places, and no more than was given up. */
	assert_int_equal(change(1, XENMEM_populate_physmap, HOLE_GFN, 100), 60);
	for (uint64_t i = 0; i < 60; i++)
		assert_memory_equal(vm_ptr(1, (HOLE_GFN + i) * PAGE_SIZE), now,
				    sizeof(now));
	assert_int_equal(op(1, current_reservation, self), 128);
}

static void a_list_is_done_up_to_the_first_that_cannot_be(void **state)
{
	struct gnttab { int unused; };

	(void)state;
	assert_int_equal(change(1, XENMEM_decrease_reservation, 120, 20), 8);
	assert_refused(change(1, XENMEM_decrease_reservation, HOLE_GFN, 3), 0);
	assert_refused(change(1, XENMEM_decrease_reservation, 0xfefff, 1), 0);
	assert_refused(change(1, XENMEM_decrease_reservation, UINT64_MAX, 1),
		       0);
	assert_int_equal(change(1, XENMEM_populate_physmap, 118, 3), 0);
	assert_int_equal(change(1, XENMEM_populate_physmap, 120, 3), 3);
	frame_at(MFN(vm_at(1)->extent->mfn.n + 60))->loans = 1;
	assert_int_equal(change(1, XENMEM_decrease_reservation, 58, 5), 2);
	frame_at(MFN(vm_at(1)->extent->mfn.n + 60))->loans = 0;
}

static void orders_above_0_and_others_memory_are_refused(void **state)
{
	struct xen_memory_reservation r = { .domid = DOMID_SELF,
					    .nr_extents = 1,
					    .extent_order = 9 };

	(void)state;
	*(uint64_t *)vm_ptr(1, LIST_GPA) = 0;
	r.extent_start.p = (void *)LIST_GPA;
	assert_refused(op(1, decrease_reservation, r), 0);
	assert_refused(op(1, populate_physmap, r), 0);
	r.extent_order = 0;
	r.domid = 2;
	assert_refused(op(1, decrease_reservation, r), -XEN_EPERM);
	assert_refused(op(1, populate_physmap, r), -XEN_EPERM);
	r.domid = DOMID_SELF;
	r.nr_extents = UINT64_MAX;
	assert_refused(op(1, decrease_reservation, r), -XEN_EINVAL);
	r.nr_extents = 0;
	assert_refused(op(1, decrease_reservation, r), 0);
	r.nr_extents = 1;
	r.extent_start.p = (void *)BIT64(41);
	assert_refused(op(1, decrease_reservation, r), 0);
}

static void a_split_ends_the_slice(void **state)
{
	(void)state;
	assert_int_equal(change(2, XENMEM_decrease_reservation, 505, 20), 20);
	assert_int_equal(world_slices, 3);
	assert_int_equal(p2m_lookup(vm_at(2), GFN(525)).level, 1);
	assert_int_equal(change(2, XENMEM_populate_physmap, 505, 20), 20);
}

static void progress_is_not_the_guests_to_say(void **state)
{
	struct vcpu *v = vcpu_at(1, 0);
	struct xen_memory_reservation r = { .domid = DOMID_SELF,
					    .nr_extents = 40 };
	uint64_t *list = vm_ptr(1, LIST_GPA);

	(void)state;
	for (unsigned int i = 0; i < 40; i++)
		list[i] = 60 + i;
	r.extent_start.p = (void *)LIST_GPA;
	/* Xen's encoding of a start extent in the command. */
	assert_refused(world_call(v, do_memory_op,
				  XENMEM_decrease_reservation | 16 << 6, &r,
				  sizeof(r), 0), -XEN_ENOSYS);
	memcpy(vm_ptr(1, WORLD_ARG_GPA), &r, sizeof(r));
	v->regs.rdi = XENMEM_decrease_reservation;
	v->regs.rsi = WORLD_ARG_GPA;
	assert_int_equal(do_memory_op(v), HYPERCALL_AGAIN);
	assert_int_equal(v->batch.done, 16);
	/* Another call from elsewhere starts from the beginning. */
	v->regs.rip += 2;
	assert_int_equal(do_memory_op(v), 0);
	assert_int_equal(v->batch.done, 0);
}

/* --- taking out --- */

static void pages_can_be_taken_out(void **state)
{
	struct domain *d = vm_at(1);

	(void)state;
	assert_int_equal(take_out(1, 30), 0);
	assert_int_equal(d->p2m.parked_count, 1);
	assert_refused(take_out(1, 30), -XEN_EINVAL);
	place(1, XENMAPSPACE_shared_info, 0, HOLE_GFN);
	place(1, XENMAPSPACE_grant_table, 0, HOLE_GFN + 1);
	assert_int_equal(take_out(1, HOLE_GFN), 0);
	assert_int_equal(d->shared_gfn.n, UINT64_MAX);
	assert_int_equal(take_out(1, HOLE_GFN + 1), 0);
	assert_refused(take_out(1, HOLE_GFN), -XEN_EINVAL);
	assert_refused(take_out(1, UINT64_MAX), -XEN_EINVAL);
	assert_int_equal(place(1, XENMAPSPACE_shared_info, 0, HOLE_GFN), 0);
	p2m_set(d, GFN(HOLE_GFN + 5), P2M_BLANK, true, d->p2m.blank);
	assert_refused(take_out(1, HOLE_GFN + 5), -XEN_EBUSY);
}

/* --- the rest --- */

static void nobody_acts_for_others(void **state)
{
	struct xen_add_to_physmap add = { .domid = 2, .gpfn = 40 };
	struct xen_remove_from_physmap out = { .domid = 2, .gpfn = 3 };
	struct xen_memory_domain other = { .domid = 2 };

	(void)state;
	assert_refused(op(1, add_to_physmap, add), -XEN_EPERM);
	assert_refused(op(1, remove_from_physmap, out), -XEN_EPERM);
	assert_refused(op(1, current_reservation, other), -XEN_EPERM);
	add.domid = other.domid = 999;
	assert_refused(op(1, add_to_physmap, add), -XEN_EPERM);
	assert_refused(op(1, maximum_reservation, other), -XEN_EPERM);
}

static void other_spaces_and_commands_do_not_exist(void **state)
{
	(void)state;
	for (unsigned int space = 2; space < 8; space++)
		assert_refused(place(1, space, 0, 40), -XEN_ENOSYS);
	for (uint64_t cmd = 0; cmd < 64; cmd++) {
		int64_t result = world_call_at(vcpu_at(1, 0), do_memory_op, cmd,
					       BIT64(41), 0);

		switch (cmd) {
		case XENMEM_decrease_reservation:
		case XENMEM_populate_physmap:
		case XENMEM_current_reservation:
		case XENMEM_maximum_reservation:
		case XENMEM_add_to_physmap:
		case XENMEM_remove_from_physmap:
		case XENMEM_memory_map:
			assert_int_equal(result, -XEN_EFAULT);
			break;
		default:
			assert_int_equal(result, -XEN_ENOSYS);
		}
	}
}

static void the_memory_map_is_that_of_launch(void **state)
{
	struct xen_memory_map map = { .nr_entries = 100 };
	struct { uint64_t address, size; uint32_t type; }
		__attribute__((packed)) *entry = vm_ptr(1, LIST_GPA);

	(void)state;
	map.buffer.p = (void *)LIST_GPA;
	vm_at(1)->ram_frames++;		/* that of the ACPI tables */
	assert_int_equal(op(1, memory_map, map), 0);
	assert_int_equal(map.nr_entries, 4);
	assert_int_equal(entry[0].size, 128 * PAGE_SIZE);
	assert_int_equal(entry[1].address, GPA_ACPI);
	map.nr_entries = 1;
	assert_int_equal(op(1, memory_map, map), 0);
	assert_int_equal(map.nr_entries, 1);
	map.buffer.p = (void *)BIT64(41);
	assert_refused(op(1, memory_map, map), -XEN_EFAULT);
	vm_at(1)->ram_frames--;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(shared_info_takes_the_place_of_ram_and_gives_it_back),
		TEST(shared_info_cannot_go_just_anywhere),
		TEST(shared_info_splits_a_large_page),
		TEST(a_changed_translation_is_flushed),
		TEST(grant_frames_appear_highest_first),
		TEST(the_table_grows_in_slices),
		TEST(grant_frames_beyond_the_limits_are_refused),
		TEST(memory_can_be_given_up_and_taken_back),
		TEST(a_list_is_done_up_to_the_first_that_cannot_be),
		TEST(orders_above_0_and_others_memory_are_refused),
		TEST(a_split_ends_the_slice),
		TEST(progress_is_not_the_guests_to_say),
		TEST(pages_can_be_taken_out),
		TEST(nobody_acts_for_others),
		TEST(other_spaces_and_commands_do_not_exist),
		TEST(the_memory_map_is_that_of_launch),
	};

	return cmocka_run_group_tests_name("memory_op", tests, NULL, NULL);
}
