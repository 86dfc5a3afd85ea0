/* SPDX-License-Identifier: MIT */
/*
 * A launch as a whole on the mock machine: the world that it makes, and what
 * it refuses. Every accepted launch must pass the audit of all frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/mock/mock.h"
#include "core/partition.h"
#include "core/world.h"
#include "launch/boot_alloc.h"
#include "launch/launch.h"
#include "launch_fixture.h"

#define ONE	((struct fixture_domain){ 0 })

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
	assert_string_equal(d->kernel.cmdline, "console=hvc0");
	assert_int_equal(d->ramdisk.size, sizeof(fixture_ramdisk));
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
	/* 2 pages each for kernel and ramdisk, 1 for the tree */
	assert_int_equal(frames_of(0, FRAME_MODULE), 5);
	assert_int_equal(frames_of(0, FRAME_SPARE), world.spare_frames);
}

static uint32_t be(uint32_t n)
{
	return __builtin_bswap32(n);
}

/* Launches ONE with one property of a node changed. */
static int launch_changed(const char *kind, const char *name,
			  const void *data, size_t size)
{
	fixture_change = (struct fixture_change){ kind, name, data, size,
						  false };
	return fixture_launch(&ONE, 1);
}

static int launch_number(const char *kind, const char *name, uint32_t value)
{
	value = be(value);
	return launch_changed(kind, name, &value, 4);
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
	assert_int_equal(launch_number("domain", "bulkhead,grant-maps", 77),
			 0);
	assert_int_equal(domain_at(1)->map_count, 77);
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
	assert_true(domain_may_share(domain_at(1), domain_at(2)));
	assert_true(domain_may_share(domain_at(2), domain_at(1)));
	assert_false(domain_may_share(domain_at(1), domain_at(3)));
	assert_false(domain_may_share(domain_at(3), domain_at(2)));
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
	with_one = frames_of(0, FRAME_VMM);
	start(NULL);
	launches(d, 9);
	assert_in_range((frames_of(0, FRAME_VMM) - with_one) * 4 / 8, 16, 64);
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

static void memory_in_pieces_is_put_together(void **state)
{
	const struct fixture_domain one = { .mib = 16 };

	(void)state;
	/* Holes at odd places; no aligned 2 MiB above 10 MiB. */
	fixture_boot.ram_count = 1;
	fixture_boot.ram[0] = (struct boot_range){ 0, 10 << 20 };
	for (uint64_t at = 10 << 20; at < 40 << 20; at += 1 << 20)
		fixture_boot.ram[fixture_boot.ram_count++] =
			(struct boot_range){ at + 0x3000, at + (1 << 20) };
	launches(&one, 1);
	assert_true(domain_at(1)->extent_count > 5);
	fixture_build(domain_at(1));
	audit_is_clean();
}

/* --- what is refused --- */

static void refused(int err, const char *because)
{
	assert_int_not_equal(err, 0);
	assert_false(world.sealed);
	if (!strstr(fixture_text, because))
		fail_msg("'%s' does not say '%s'", fixture_text, because);
	start(NULL);
}

#define DOMAIN_PATH "/chosen/hypervisor/domain@1: "

static void numbers_out_of_range_are_refused(void **state)
{
	static const struct {
		const char *kind, *name;
		uint32_t value;
	} bad[] = {
		{ "machine", "bulkhead,version", 2 },
		{ "machine", "bulkhead,exit-port", 0x10000 },
		{ "domain", "domid", 0 },
		{ "domain", "domid", 2 },
		{ "domain", "cpus", 0 },
		{ "domain", "cpus", 33 },
		{ "domain", "bulkhead,cpu-weight", 0 },
		{ "domain", "bulkhead,cpu-weight", 65536 },
		{ "domain", "bulkhead,cap", 3201 },
		{ "domain", "bulkhead,event-ports", 0 },
		{ "domain", "bulkhead,event-ports", 100 },
		{ "domain", "bulkhead,event-ports", 4160 },
		{ "domain", "bulkhead,grant-frames", 0 },
		{ "domain", "bulkhead,grant-frames", 65 },
		{ "domain", "bulkhead,grant-maps", 65536 },
		{ "domain", "bulkhead,pool", 6 },
		{ "kernel", "mb-index", 0 },
		{ "kernel", "mb-index", 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char say[64];
		int err = launch_number(bad[i].kind, bad[i].name,
					bad[i].value);

		snprintf(say, sizeof(say), "%s = %u is not in ", bad[i].name,
			 bad[i].value);
		refused(err, say);
	}
	refused(launch_number("domain", "cpus", 33),
		DOMAIN_PATH "cpus = 33 is not in 1..32");
	refused(launch_number("domain", "bulkhead,affinity", 2),
		"bulkhead,affinity: 2 is more than 1");
	refused(launch_number("domain", "bulkhead,deny", 64),
		"bulkhead,deny: 64 is more than 63");
	refused(launch_number("domain", "bulkhead,peers", 2),
		"bulkhead,peers: 2 is more than 1");
	refused(launch_number("domain", "bulkhead,peers", 1),
		"bulkhead,peers names 0 or the domain itself");
	refused(launch_number("domain", "bulkhead,pool", 4),
		"bulkhead,pool = 4 KiB is too small");
}

static void values_of_a_wrong_shape_are_refused(void **state)
{
	static const struct {
		const char *kind, *name, *data;
		size_t size;
		const char *because;
	} bad[] = {
		{ "machine", "compatible", "bulkhead,vm", 12,
		  "is not compatible with bulkhead,vmm" },
		{ "machine", "bulkhead,version", "\0\0\0\1\0", 5,
		  "is not one 32-bit number" },
		{ "machine", "bulkhead,when-done", "now", 4,
		  "is not one of its words" },
		{ "machine", "bulkhead,when-done", "stay", 4,
		  "is not one of its words" },
		{ "machine", "bulkhead,no-commands", "x", 2,
		  "takes no value" },
		{ "domain", "compatible", "xen,dom", 8,
		  "is not compatible with xen,domain" },
		{ "domain", "domid", "\0\0\1", 3, "is not one 32-bit number" },
		{ "domain", "memory", "\0\0\0\4", 4,
		  "memory is not one 64-bit number" },
		{ "domain", "memory", "\0\0\0\0\0\0\x40\2", 8,
		  "is not a multiple of 4" },
		{ "domain", "memory", "\0\0\0\0\0\0\0\0", 8,
		  "from 1 MiB to" },
		{ "domain", "memory", "\377\377\377\377\377\377\377\374", 8,
		  "from 1 MiB to" },
		{ "domain", "bulkhead,name", "", 1, "is not one name" },
		{ "domain", "bulkhead,name", "ab", 2, "is not one name" },
		{ "domain", "bulkhead,name", "a b", 4, "holds more than" },
		{ "domain", "bulkhead,name",
		  "12345678901234567890123456789012", 33,
		  "at most 31 characters" },
		{ "domain", "bulkhead,affinity", "\0\0\0\0\0\0\0\0", 8,
		  "has 2 entries for 1 vCPUs" },
		{ "domain", "bulkhead,peers", "\0\0\0", 3,
		  "is not a list of 32-bit numbers" },
		{ "domain", "bulkhead,on-reboot", "reboot", 7,
		  "is not one of its words" },
		{ "domain", "bulkhead,paused", "yes", 4, "takes no value" },
		{ "kernel", "compatible", "multiboot,kernel", 17,
		  "is not compatible with multiboot,module" },
		{ "kernel", "compatible", "multiboot,module", 17,
		  "is neither a kernel nor a ramdisk" },
		{ "kernel", "compatible",
		  "multiboot,ramdisk\0multiboot,module", 35, "has no kernel" },
		{ "kernel", "bootargs", "console=hvc0", 12,
		  "bootargs is not one string" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused(launch_changed(bad[i].kind, bad[i].name, bad[i].data,
				       bad[i].size), bad[i].because);
}

static void missing_double_and_unknown_ones_are_refused(void **state)
{
	static const char *const needed[][2] = {
		{ "machine", "compatible" }, { "machine", "bulkhead,version" },
		{ "domain", "compatible" }, { "domain", "domid" },
		{ "domain", "bulkhead,name" }, { "domain", "memory" },
		{ "domain", "cpus" }, { "kernel", "compatible" },
		{ "kernel", "mb-index" },
	};
	static const char *const kinds[] = { "root", "chosen", "machine",
					     "domain", "kernel" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		bool name = strcmp(needed[i][1], "compatible");
		uint32_t one = be(1);

		refused(launch_changed(needed[i][0], needed[i][1], NULL, 0),
			name ? "is missing" : "is not compatible with");
		fixture_change = (struct fixture_change){
			needed[i][0], needed[i][1], &one, 4, true };
		if (name)
			refused(fixture_launch(&ONE, 1), "is there twice");
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		refused(launch_number(kinds[i], "bulkhead,mystery", 1),
			"bulkhead,mystery is not known here");
}

static void domains_that_contradict_each_other_are_refused(void **state)
{
	static const uint32_t two = 2;
	struct fixture_domain d[3] = { { .mib = 4 }, { .mib = 4 },
				       { .mib = 4 } };

	(void)state;
	refused(fixture_launch(d, 0), "has 0 domains");
	d[1].domid = 1;
	refused(fixture_launch(d, 3), "domid 1 is there twice");
	d[1].domid = 4;
	refused(fixture_launch(d, 3), "domid = 4 is not in 1..3");
	d[1].domid = 2;
	d[2].name = "vm1";
	refused(fixture_launch(d, 3), "bulkhead,name vm1 is taken already");
	d[2].name = NULL;
	d[0].list = "bulkhead,peers";
	d[0].cells = &two;
	d[0].cell_count = 1;
	refused(fixture_launch(d, 3),
		"bulkhead,peers names 2, which does not name it");
}

static void what_does_not_fit_is_refused(void **state)
{
	struct fixture_domain one = { .mib = 63 };

	(void)state;
	refused(fixture_launch(&one, 1), "memory = 64512 KiB does not fit");
	one.mib = 62;
	refused(fixture_launch(&one, 1), "memory = 63488 KiB does not fit");
	one.mib = 16;
	kernel_move(&fixture_kernel, 0xf00000);
	refused(fixture_launch(&one, 1), "kernel and ramdisk need 16428 KiB of"
		" memory, 16384 KiB are there");
	fixture_kernel.header.e_machine = EM_ARM;
	refused(fixture_launch(&one, 1), "the kernel (boot module 1) cannot "
		"be used: it is no 64-bit x86 executable");
	fixture_boot.ram_count = 1;
	refused(fixture_launch(&one, 1), "there is no memory for");
}

static void no_tree_at_all_is_refused(void **state)
{
	int err;

	(void)state;
	fixture_boot.module_count = 0;
	err = launch_try(&fixture_boot, fixture_text, sizeof(fixture_text));
	refused(err, "there is no boot module");
	fixture_launch(&ONE, 1);
	memset(&world, 0, sizeof(world));
	fixture_boot.module[0].size--;
	err = launch_try(&fixture_boot, fixture_text, sizeof(fixture_text));
	refused(err, "is malformed: the size in the header is wrong, at");
	fixture_boot.module_count = 1;
	fixture_launch(&ONE, 1);
	memset(&world, 0, sizeof(world));
	refused(fixture_launch(&ONE, 1), "no module but the description");
}

/* --- the seal --- */

static void allocation_after_the_seal_is_a_bug(void **state)
{
	jmp_buf panic;

	(void)state;
	launches(&ONE, 1);
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
		TEST(peers_may_share_and_others_may_not),
		TEST(order_in_the_tree_does_not_matter),
		TEST(sixty_four_domains_of_four_vcpus_launch),
		TEST(an_idle_domain_costs_64_kib_beside_its_pool),
		TEST(large_memory_gets_large_aligned_runs),
		TEST(memory_in_pieces_is_put_together),
		TEST(numbers_out_of_range_are_refused),
		TEST(values_of_a_wrong_shape_are_refused),
		TEST(missing_double_and_unknown_ones_are_refused),
		TEST(domains_that_contradict_each_other_are_refused),
		TEST(what_does_not_fit_is_refused),
		TEST(no_tree_at_all_is_refused),
		TEST(allocation_after_the_seal_is_a_bug),
	};

	return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
