/* SPDX-License-Identifier: MIT */
/* Nested tables: lookups, splits, parking, and what the pool pays for. */
#include "world_fixture.h"
#include <xen/errno.h>
#include "core/p2m.h"

#define BIG	1024u		/* frames: two 2 MiB leaves */

static int setup(void **state)
{
	(void)state;
	world_start(2, (struct vm_spec[]){ { 0 }, { .ram_frames = BIG } });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static mfn_t ram(unsigned int domid, uint64_t gfn)
{
	return MFN(vm_at(domid)->extent->mfn.n + gfn);
}

static void ram_is_where_launch_put_it(void **state)
{
	(void)state;
	for (unsigned int vm = 1; vm <= 2; vm++)
		for (uint64_t i = 0; i < vm_at(vm)->ram_frames; i++) {
			struct p2m_entry e = p2m_lookup(vm_at(vm), GFN(i));

			assert_int_equal(e.kind, P2M_RAM);
			assert_true(e.writable);
			assert_int_equal(e.mfn.n, ram(vm, i).n);
			assert_int_equal(e.level, vm);
		}
}

static void nothing_is_beyond_ram_nor_beyond_the_address_width(void **state)
{
	static const uint64_t gfn[] = { 32, 33, 511, 512, BIT64(18), BIT64(27),
					BIT64(28) - 1, BIT64(28), BIT64(36),
					BIT64(52), UINT64_MAX };
	struct p2m_entry old;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(gfn); i++) {
		assert_int_equal(p2m_lookup(vm_at(1), GFN(gfn[i])).kind,
				 P2M_NONE);
		assert_null(p2m_ram_ptr(vm_at(1), GFN(gfn[i])));
	}
	assert_int_equal(p2m_may_replace(vm_at(1), GFN(BIT64(28)), 0, &old),
			 -XEN_EINVAL);
}

static void only_ram_can_be_used_for_copies(void **state)
{
	struct domain *d = vm_at(1);

	(void)state;
	assert_non_null(p2m_ram_ptr(d, GFN(0)));
	assert_null(p2m_ram_ptr(d, d->console.ring_gfn));
	assert_null(p2m_ram_ptr(d, d->xenstore_gfn));
}

static void a_split_changes_no_other_translation(void **state)
{
	struct domain *d = vm_at(2);
	uint32_t used = d->pool.used;
	struct p2m_entry old;

	(void)state;
	assert_int_equal(p2m_may_replace(d, GFN(700), 0, &old), 0);
	p2m_replace(d, GFN(700), P2M_NONE, false, MFN_NONE);
	assert_int_equal(d->pool.used, used + 1);
	for (uint64_t i = 0; i < BIG; i++) {
		struct p2m_entry e = p2m_lookup(d, GFN(i));

		assert_int_equal(e.level, i < 512 ? 2 : 1);
		assert_int_equal(e.kind, i == 700 ? P2M_NONE : P2M_RAM);
		if (i != 700)
			assert_int_equal(e.mfn.n, ram(2, i).n);
	}
}

static void a_gib_leaf_is_split_all_the_way(void **state)
{
	struct domain *d = vm_at(1);
	uint32_t used = d->pool.used;
	gfn_t gfn = GFN(BIT64(18) * 5);
	struct snapshot *before = world_save();

	(void)state;
	/* Not real RAM: the leaf is looked at only. */
	p2m_map_ram(d, gfn, 3, MFN(0));
	assert_int_equal(d->pool.used, used);
	assert_int_equal(p2m_lookup(d, GFN(gfn.n + 5)).level, 3);
	assert_int_equal(p2m_lookup(d, GFN(gfn.n + 4711)).mfn.n, 4711);
	p2m_set(d, GFN(gfn.n + 4711), P2M_NONE, false, MFN_NONE);
	assert_int_equal(d->pool.used, used + 2);
	assert_int_equal(p2m_lookup(d, GFN(gfn.n + 4710)).mfn.n, 4710);
	assert_int_equal(p2m_lookup(d, GFN(gfn.n + 4711)).kind, P2M_NONE);
	assert_int_equal(p2m_lookup(d, GFN(gfn.n + 9999)).level, 2);
	assert_int_equal(p2m_lookup(d, GFN(gfn.n + BIT64(18) - 1)).mfn.n,
			 BIT64(18) - 1);
	world_restore(before);
	world_forget(before);
}

static void the_check_knows_what_the_pool_must_pay(void **state)
{
	struct domain *d = vm_at(1);
	gfn_t far = GFN(BIT64(27) + 5);
	struct p2m_entry old;

	(void)state;
	d->pool.used = d->pool.count - 2;
	assert_int_equal(p2m_may_replace(d, far, 0, &old), -XEN_ENOMEM);
	assert_int_equal(p2m_may_replace(d, GFN(5), 0, &old), 0);
	d->pool.used = d->pool.count - 3;
	assert_int_equal(p2m_may_replace(d, far, 0, &old), 0);
	assert_int_equal(p2m_may_replace(d, far, 1, &old), -XEN_ENOMEM);
	p2m_set(d, far, P2M_BLANK, true, d->p2m.blank);
	assert_int_equal(pool_free_count(&d->pool), 0);
	assert_int_equal(p2m_may_replace(d, GFN(far.n + 1), 0, &old), 0);
	assert_panics(p2m_set(d, GFN(BIT64(26)), P2M_BLANK, true,
			      d->p2m.blank));
}

static void parked_frames_come_back_last_first_and_zeroed(void **state)
{
	struct domain *d = vm_at(1);

	(void)state;
	assert_int_equal(p2m_unpark(d).n, MFN_NONE.n);
	memset(vm_ptr(1, 0x3000), 0xab, PAGE_SIZE);
	assert_true(p2m_replace(d, GFN(2), P2M_NONE, false, MFN_NONE));
	assert_true(p2m_replace(d, GFN(3), P2M_NONE, false, MFN_NONE));
	assert_int_equal(d->p2m.parked_count, 2);
	assert_int_equal(world_audit(), 0);
	p2m_set(d, GFN(2), P2M_RAM, true, p2m_unpark(d));
	assert_int_equal(p2m_lookup(d, GFN(2)).mfn.n, ram(1, 3).n);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((uint8_t *)vm_ptr(1, 0x2000))[i], 0);
	p2m_set(d, GFN(3), P2M_RAM, true, p2m_unpark(d));
	assert_int_equal(d->p2m.parked_count, 0);
}

static void what_may_be_replaced_is_holes_and_free_ram(void **state)
{
	struct domain *d = vm_at(1);
	struct p2m_entry old;

	(void)state;
	assert_int_equal(p2m_may_replace(d, GFN(4), 0, &old), 0);
	assert_int_equal(old.kind, P2M_RAM);
	assert_int_equal(p2m_may_replace(d, GFN(40), 0, &old), 0);
	assert_int_equal(old.kind, P2M_NONE);
	assert_int_equal(p2m_may_replace(d, d->xenstore_gfn, 0, &old),
			 -XEN_EBUSY);
	assert_int_equal(p2m_may_replace(d, GFN(UINT64_MAX), 0, &old),
			 -XEN_EINVAL);
	frame_at(ram(1, 4))->loans = 1;
	assert_int_equal(p2m_may_replace(d, GFN(4), 0, &old), -XEN_EBUSY);
	frame_at(ram(1, 4))->loans = 0;
	assert_int_equal(p2m_may_replace(d, GFN(40), d->pool.count, &old),
			 -XEN_ENOMEM);
}

static void a_reset_gives_the_whole_pool_back_and_flushes(void **state)
{
	struct domain *d = vm_at(1);
	uint64_t flushes = mock.flush_count;
	struct snapshot *before = world_save();

	(void)state;
	p2m_replace(d, GFN(2), P2M_NONE, false, MFN_NONE);
	p2m_reset(d);
	assert_int_equal(d->pool.used, 0);
	assert_int_equal(d->p2m.parked_count, 0);
	assert_int_equal(mock.flush_count, flushes + 1);
	for (uint64_t i = 0; i < 64; i++)
		assert_int_equal(p2m_lookup(d, GFN(i)).kind, P2M_NONE);
	world_restore(before);
	world_forget(before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(ram_is_where_launch_put_it),
		TEST(nothing_is_beyond_ram_nor_beyond_the_address_width),
		TEST(only_ram_can_be_used_for_copies),
		TEST(a_split_changes_no_other_translation),
		TEST(a_gib_leaf_is_split_all_the_way),
		TEST(the_check_knows_what_the_pool_must_pay),
		TEST(parked_frames_come_back_last_first_and_zeroed),
		TEST(what_may_be_replaced_is_holes_and_free_ram),
		TEST(a_reset_gives_the_whole_pool_back_and_flushes),
	};

	return cmocka_run_group_tests_name("p2m", tests, NULL, NULL);
}
