/* SPDX-License-Identifier: MIT */
/*
 * A launch as a whole on the mock machine: the world that it makes. Every one
 * must pass the audit of all frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/mock/mock.h"
#include "core/partition.h"
#include "core/world.h"
#include "launch/boot_alloc.h"
#include "launch/launch.h"
#include "launch_fixture.h"

static int start(void **state)
{
	(void)state;
	fixture_start(64, true);
	return 0;
}

static void audit_is_clean(void)
{
	struct audit audit;

	partition_audit(&audit);
	if (audit.errors)
		fail_msg("audit: %s", audit.first);
	assert_int_equal(audit.frames, world.partition.frame_count);
}

static void launches(const struct fixture_domain *domain, uint32_t count)
{
	if (fixture_launch(domain, count))
		fail_msg("refused: %s", fixture_text);
	assert_true(world.sealed);
	audit_is_clean();
}

static uint64_t frames_of(uint16_t owner, enum frame_kind kind)
{
	uint64_t count = 0;

	for (uint64_t n = 0; n < world.partition.frame_count; n++) {
		const struct frame *f = &world.partition.frame[n];

		count += f->owner == owner && f->kind == kind;
	}
	return count;
}

/* --- what is made --- */

static void one_domain_is_made_as_described(void **state)
{
	const struct fixture_domain one = { .vcpus = 3, .ramdisk = true };
	struct domain *d;

	(void)state;
	launches(&one, 1);
	assert_int_equal(world.domain_count, 2);
	assert_int_equal(world.live_count, 1);
	assert_null(world.domain[0]);
	d = domain_at(1);
	assert_string_equal(d->name, "vm1");
	assert_int_equal(d->state, DOMAIN_BUILDING);
	assert_int_equal(d->shutdown_reason, SHUTDOWN_NONE);
	assert_int_equal(d->vcpu_count, 3);
	assert_int_equal(d->weight, 256);
	assert_int_equal(d->port_count, 1024);
	assert_int_equal(d->grants.frame_max, 4);
	assert_int_equal(d->on_poweroff, ACTION_DESTROY);
	assert_int_equal(d->on_reboot, ACTION_RESTART);
	assert_int_equal(d->on_crash, ACTION_DESTROY);
	assert_int_equal(d->ramdisk_size, sizeof(fixture_ramdisk));
	assert_int_equal(d->ram_frames, 16 * 256 + 1);
	assert_int_equal(frames_of(1, FRAME_RAM), d->ram_frames);
	assert_int_equal(frames_of(1, FRAME_SHARED), 3);
	assert_int_equal(frames_of(1, FRAME_POOL), d->pool.count + 2);
	for (uint32_t i = 0; i < 3; i++) {
		assert_ptr_equal(d->vcpu[i].domain, d);
		assert_int_equal(d->vcpu[i].id, i);
		assert_int_equal(d->vcpu[i].cpu, i % 2);
		assert_false(d->vcpu[i].pinned);
	}
	assert_false(world.poweroff_when_done);
	assert_true(world.commands_allowed);
	assert_int_equal(world.exit_port, 0);
}

static void every_frame_is_accounted_for(void **state)
{
	const struct fixture_domain two[2] = { { .mib = 8 }, { .mib = 16 } };
	uint64_t sum = 0;

	(void)state;
	launches(two, 2);
	for (uint16_t owner = 0; owner <= 2; owner++)
		for (int kind = FRAME_VMM; kind <= FRAME_SHARED; kind++)
			sum += frames_of(owner, (enum frame_kind)kind);
	assert_int_equal(sum, 0x9f + 63 * 256);
	assert_int_equal(sum, world.ram_frames);
	assert_int_equal(frames_of(0, FRAME_HOLE), 256 - 0x9f);
	assert_true(frames_of(0, FRAME_VMM) > world.spare_frames);
}

static void options_are_obeyed(void **state)
{
	const uint32_t deny[3] = { be(0), be(12), be(63) };

	(void)state;
	assert_int_equal(launch_changed("domain", "bulkhead,deny", deny, 12),
			 0);
	assert_int_equal(domain_at(1)->deny[0], BIT64(0) | BIT64(12) |
			 BIT64(63));
	start(NULL);
	assert_int_equal(launch_number("domain", "bulkhead,cap", 50), 0);
	assert_int_equal(domain_at(1)->cap, 50);
	start(NULL);
	assert_int_equal(launch_number("domain", "bulkhead,pool", 1024), 0);
	assert_int_equal(domain_at(1)->pool.count, 256);
	start(NULL);
	assert_int_equal(launch_number("domain", "bulkhead,grant-maps", 70656),
			 0);
	assert_int_equal(domain_at(1)->map_count, 70656);
	start(NULL);
	assert_int_equal(launch_changed("domain", "bulkhead,on-crash",
					"preserve", 9), 0);
	assert_int_equal(domain_at(1)->on_crash, ACTION_PRESERVE);
	start(NULL);
	assert_int_equal(launch_changed("domain", "bulkhead,paused", "", 0),
			 0);
	assert_true(domain_at(1)->start_paused);
	start(NULL);
	assert_int_equal(launch_changed("machine", "bulkhead,no-commands", "",
					0), 0);
	assert_false(world.commands_allowed);
	start(NULL);
	assert_int_equal(launch_changed("machine", "bulkhead,when-done",
					"poweroff", 9), 0);
	assert_true(world.poweroff_when_done);
	start(NULL);
	assert_int_equal(launch_number("machine", "bulkhead,exit-port", 0xf4),
			 0);
	assert_int_equal(world.exit_port, 0xf4);
}

static void unknown_properties_of_others_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(launch_number("domain", "xen,something", 5), 0);
	start(NULL);
	assert_int_equal(launch_number("root", "#address-cells", 2), 0);
}

static void affinity_pins_each_vcpu(void **state)
{
	static const uint32_t cpus[3] = { 1, 0, 1 };
	const struct fixture_domain one = { .vcpus = 3, .cells = cpus,
					    .cell_count = 3,
					    .list = "bulkhead,affinity" };

	(void)state;
	launches(&one, 1);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(domain_at(1)->vcpu[i].cpu, cpus[i]);
		assert_true(domain_at(1)->vcpu[i].pinned);
	}
}

static void no_vcpu_is_on_a_cpu_that_runs_no_vm(void **state)
{
	static const uint32_t cpus[3] = { 1, 0, 1 };
	struct fixture_domain one = { .vcpus = 3 };

	(void)state;
	fixture_boot.cpu_count = 3;
	fixture_boot.cpu_first = 1;
	launches(&one, 1);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(domain_at(1)->vcpu[i].cpu, 1 + i % 2);
	assert_int_equal(world.cpu_count, 3);
	start(NULL);
	fixture_boot.cpu_count = 3;
	fixture_boot.cpu_first = 1;
	one.cells = cpus;
	one.cell_count = 3;
	one.list = "bulkhead,affinity";
	launches(&one, 1);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(domain_at(1)->vcpu[i].cpu, 1 + cpus[i]);
}

static void peers_may_share_and_others_may_not(void **state)
{
	static const uint32_t two = 2, one = 1;
	const struct fixture_domain d[3] = {
		{ .mib = 4, .cells = &two, .cell_count = 1,
		  .list = "bulkhead,peers" },
		{ .mib = 4, .cells = &one, .cell_count = 1,
		  .list = "bulkhead,peers" },
		{ .mib = 4 },
	};

	(void)state;
	launches(d, 3);
	assert_non_null(domain_peer(domain_at(1), 2));
	assert_non_null(domain_peer(domain_at(2), 1));
	assert_null(domain_peer(domain_at(1), 3));
	assert_null(domain_peer(domain_at(3), 2));
}

static void order_in_the_tree_does_not_matter(void **state)
{
	const struct fixture_domain d[3] = { { .domid = 3, .mib = 4 },
					     { .domid = 1, .mib = 5 },
					     { .domid = 2, .mib = 6 } };

	(void)state;
	launches(d, 3);
	assert_int_equal(domain_at(3)->ram_frames, 4 * 256 + 1);
	assert_int_equal(domain_at(1)->ram_frames, 5 * 256 + 1);
	assert_int_equal(domain_at(2)->ram_frames, 6 * 256 + 1);
}

static void sixty_four_domains_of_four_vcpus_launch(void **state)
{
	struct fixture_domain d[64];

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		d[i] = (struct fixture_domain){ .mib = 2, .vcpus = 4 };
	fixture_start(192, true);
	launches(d, 64);
	assert_int_equal(world.live_count, 64);
	for (unsigned int i = 0; i < world.cpu_count; i++)
		assert_int_equal(world.cpu[i].run.size, 256);
}

static void an_idle_domain_costs_64_kib_beside_its_pool(void **state)
{
	struct fixture_domain d[9] = { { 0 } };
	uint64_t with_one;

	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		d[i].mib = 2;
	launches(d, 1);
	with_one = frames_of(0, FRAME_VMM) - world.spare_frames;
	start(NULL);
	launches(d, 9);
	assert_in_range((frames_of(0, FRAME_VMM) - world.spare_frames -
			 with_one) * 4 / 8, 16, 64);
}

static void large_memory_gets_large_aligned_runs(void **state)
{
	const struct fixture_domain one = { .mib = 5000 };
	const struct extent *e;

	(void)state;
	fixture_start(7000, false);
	assert_int_equal(fixture_launch(&one, 1), 0);
	e = domain_at(1)->extent;
	for (uint32_t i = 0; i < domain_at(1)->extent_count; i++, e++) {
		if (e->count >= 512)
			assert_int_equal((e->gfn.n ^ e->mfn.n) % 512, 0);
		if (e->count >= 1 << 18)
			assert_int_equal((e->gfn.n ^ e->mfn.n) % (1 << 18), 0);
		if (i)
			assert_true(e[-1].gfn.n + e[-1].count <= e->gfn.n);
	}
	e = domain_at(1)->extent;
	assert_int_equal(e[0].gfn.n, 0);
	assert_in_range(e[0].count, 3 << 18, 4 << 18);
	/* RAM, ACPI in the hole, the rest of RAM from 4 GiB on */
	assert_int_equal(e[domain_at(1)->extent_count - 1].gfn.n >> 20, 1);
	assert_int_equal(domain_at(1)->ram_frames, 5000 * 256 + 1);
}

/* RAM from 10 MiB on in pieces of this stride, each from an odd page on. */
static void launches_in_pieces(uint64_t stride, uint32_t extents)
{
	const struct fixture_domain one = { .mib = 16 };

	start(NULL);
	fixture_boot.ram_count = 1;
	fixture_boot.ram[0] = (struct range){ 0, 10 << 20 };
	for (uint64_t at = 10 << 20; at < 40 << 20; at += stride)
		fixture_boot.ram[fixture_boot.ram_count++] =
			(struct range){ at + 0x3000, at + stride };
	launches(&one, 1);
	assert_true(domain_at(1)->extent_count > extents);
	fixture_build(domain_at(1));
	audit_is_clean();
}

static void memory_in_pieces_is_put_together(void **state)
{
	(void)state;
	/* No aligned 2 MiB in any piece, one in each, one in some. */
	launches_in_pieces(1 << 20, 5);
	launches_in_pieces(5 << 20, 2);
	launches_in_pieces(3 << 20, 2);
	launches_in_pieces(0x251000, 2);
}

/* --- the seal --- */

static void allocation_after_the_seal_is_a_bug(void **state)
{
	jmp_buf panic;

	(void)state;
	launches(&fixture_one, 1);
	for (unsigned int i = 0; i < 3; i++) {
		mock.panic_to = &panic;
		if (setjmp(panic) == 0) {
			if (i == 0)
				boot_alloc(8);
			else if (i == 1)
				boot_alloc_pages(8);
			else
				boot_take(1, 1, 0, 1, FRAME_RAM);
			fail_msg("allocation %u went through", i);
		}
		mock.panic_to = NULL;
	}
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_domain_is_made_as_described),
		TEST(every_frame_is_accounted_for),
		TEST(options_are_obeyed),
		TEST(unknown_properties_of_others_are_passed_over),
		TEST(affinity_pins_each_vcpu),
		TEST(no_vcpu_is_on_a_cpu_that_runs_no_vm),
		TEST(peers_may_share_and_others_may_not),
		TEST(order_in_the_tree_does_not_matter),
		TEST(sixty_four_domains_of_four_vcpus_launch),
		TEST(an_idle_domain_costs_64_kib_beside_its_pool),
		TEST(large_memory_gets_large_aligned_runs),
		TEST(memory_in_pieces_is_put_together),
		TEST(allocation_after_the_seal_is_a_bug),
	};

	return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
