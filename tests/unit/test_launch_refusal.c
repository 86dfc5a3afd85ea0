/* SPDX-License-Identifier: MIT */
/*
 * What a launch refuses: each thing that a description can have wrong, by the
 * sentence that says so. Nothing is sealed then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core/world.h"
#include "launch_fixture.h"

static int start(void **state)
{
	(void)state;
	fixture_start(64, true);
	return 0;
}

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
		{ "domain", "bulkhead,grant-maps", 0x100001 },
		{ "domain", "bulkhead,pool", 6 },
		{ "kernel", "mb-index", 0 },
		{ "kernel", "mb-index", 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char say[64];
		int err = launch_number(bad[i].kind, bad[i].name,
					bad[i].value);

		snprintf(say, sizeof(say), "%s = %u is not ", bad[i].name,
			 bad[i].value);
		refused(err, say);
	}
	refused(launch_number("domain", "cpus", 33),
		DOMAIN_PATH "cpus = 33 is not in 1..32");
	refused(launch_number("domain", "bulkhead,affinity", 2),
		"bulkhead,affinity: 2 is more than 1");
	fixture_boot.cpu_first = 1;
	refused(launch_number("domain", "bulkhead,affinity", 1),
		"bulkhead,affinity: 1 is more than 0");
	refused(launch_number("domain", "bulkhead,deny", 64),
		"bulkhead,deny: 64 is more than 63");
	refused(launch_number("domain", "bulkhead,peers", 2),
		"bulkhead,peers: 2 is more than 1");
	refused(launch_number("domain", "bulkhead,peers", 1),
		"bulkhead,peers names 0 or the domain itself");
	refused(launch_number("machine", "bulkhead,store", 2),
		"bulkhead,store = 2 is no domain of the 1 here");
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
		  "memory = 16386 is not a multiple of 4" },
		{ "domain", "memory", "\0\0\0\0\0\0\0\0", 8,
		  "memory = 0 is not in 1024..805306368" },
		{ "domain", "memory", "\0\0\0\1\0\0\x40\0", 8,
		  "is not in 1024..805306368" },
		{ "domain", "memory", "\377\377\377\377\377\377\377\374", 8,
		  "is not in 1024..805306368" },
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
			refused(fixture_launch(&fixture_one, 1),
				"is there twice");
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
	err = fixture_try();
	refused(err, "there is no boot module");
	fixture_launch(&fixture_one, 1);
	memset(&world, 0, sizeof(world));
	fixture_boot.module[0].size--;
	err = fixture_try();
	refused(err, "is malformed: the size in the header is wrong, at");
	fixture_boot.module_count = 1;
	fixture_launch(&fixture_one, 1);
	memset(&world, 0, sizeof(world));
	refused(fixture_launch(&fixture_one, 1),
		"no module but the description");
}

static void a_refusal_is_told_to_the_exit_port(void **state)
{
	const uint32_t port = be(0xf4);
	struct fixture_domain bad = { .name = "a b" };

	(void)state;
	fixture_change = (struct fixture_change){
		"machine", "bulkhead,exit-port", &port, 4, false };
	assert_int_not_equal(fixture_launch(&bad, 1), 0);
	assert_int_equal(world.exit_port, 0xf4);
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_out_of_range_are_refused),
		TEST(values_of_a_wrong_shape_are_refused),
		TEST(missing_double_and_unknown_ones_are_refused),
		TEST(domains_that_contradict_each_other_are_refused),
		TEST(what_does_not_fit_is_refused),
		TEST(no_tree_at_all_is_refused),
		TEST(a_refusal_is_told_to_the_exit_port),
	};

	return cmocka_run_group_tests_name("launch_refusal", tests, NULL, NULL);
}
