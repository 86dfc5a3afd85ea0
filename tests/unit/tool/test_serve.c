/* SPDX-License-Identifier: MIT */
/*
 * The serving graph: what the configuration of devices implies for numbers,
 * pairs, tables and the xenstore VM, and the sentence for each mistake.
 */
#include "serve.h"
#include "store_vm.h"
#include "tool_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool pair(const struct world *w, const char *a, const char *b)
{
	uint32_t one = world_at(w, a)->domid, other = world_at(w, b)->domid;
	bool there = serve_may_share(&w->m, one, other);

	assert_int_equal(there, serve_may_share(&w->m, other, one));
	return there;
}

static void pairs_are_exactly_those_of_the_devices(void **state)
{
	struct world w = world_demo();
	unsigned int count = 0;

	(void)state;
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_true(pair(&w, "web1", "blk0"));
	assert_true(pair(&w, "web1", "net0"));
	assert_true(pair(&w, "web2", "net0"));
	assert_false(pair(&w, "web1", "web2"));
	assert_false(pair(&w, "web2", "blk0"));
	assert_false(pair(&w, "blk0", "net0"));
	for (unsigned int a = 1; a <= 5; a++) {
		assert_false(serve_may_share(&w.m, a, a));
		for (unsigned int b = 1; b <= 5; b++)
			count += serve_are_peers(&w.m, a, b);
		if (a != w.m.store_domid)
			assert_true(serve_may_share(&w.m, a, w.m.store_domid));
	}
	assert_int_equal(count, 2 * 3);
	assert_false(serve_may_share(&w.m, 0, 1));
	assert_false(serve_may_share(&w.m, 1, 6));
	world_end(&w);
}

static void the_store_is_added_once_and_first(void **state)
{
	struct world w = world_demo();

	(void)state;
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 5);
	assert_int_equal(w.m.store_domid, 1);
	assert_string_equal(w.m.vm[0].name, "store");
	assert_true(w.m.vm[0].is_store);
	assert_in_range(w.m.vm[0].memory, 4, 8);
	assert_true(w.m.vm[0].grant_maps >= 4);
	assert_int_not_equal(w.m.vm[0].ramdisk_module, 0);
	world_end(&w);
}

static void without_devices_there_is_no_store(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", DRIVER);
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 1);
	assert_int_equal(w.m.store_domid, 0);
	assert_int_equal(world_at(&w, "a")->grant_maps, 0);
	world_end(&w);
	/* Unless machine.conf wants it. */
	w = world_make();
	test_vm_file(w.folder, "a", "");
	test_text_file(w.folder, MACHINE_FILE, "store='store'\n");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 2);
	assert_int_equal(w.m.store_domid, 1);
	world_end(&w);
}

static void a_store_of_ones_own_is_taken(void **state)
{
	struct world w = world_demo();

	(void)state;
	test_vm_file(w.folder, "xs", "memory=32\n");
	test_text_file(w.folder, "xs.cfg",
		       "name='xs'\ntype='pvh'\nkernel='k'\nmemory=32\n");
	test_text_file(w.folder, MACHINE_FILE, "store='xs'\n");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 5);
	assert_int_equal(w.m.store_domid, world_at(&w, "xs")->domid);
	assert_int_equal(world_at(&w, "xs")->memory, 32);
	assert_int_not_equal(world_at(&w, "xs")->ramdisk_module, 0);
	world_end(&w);
}

static void what_a_vm_needs_has_a_lower_number(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", "vif=['backend=fw']\nstart_after=['z']\n");
	test_vm_file(w.folder, "fw", DRIVER "vif=['backend=net']\n");
	test_vm_file(w.folder, "net", DRIVER);
	test_vm_file(w.folder, "z", "");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_true(world_at(&w, "net")->domid < world_at(&w, "fw")->domid);
	assert_true(world_at(&w, "fw")->domid < world_at(&w, "a")->domid);
	assert_true(world_at(&w, "z")->domid < world_at(&w, "a")->domid);
	assert_int_equal(world_at(&w, "a")->vif[0].back,
			 world_at(&w, "fw")->domid);
	assert_int_equal(world_at(&w, "fw")->vif[0].back,
			 world_at(&w, "net")->domid);
	world_end(&w);
	/* machine.conf has the last word. */
	w = world_demo();
	test_text_file(w.folder, MACHINE_FILE, "order=['web1','net0']\n");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_int_equal(world_at(&w, "web1")->domid, 1);
	assert_int_equal(world_at(&w, "net0")->domid, 2);
	assert_int_equal(w.m.store_domid, 3);
	assert_int_equal(world_at(&w, "web1")->vif[0].back, 2);
	world_end(&w);
}

/* The only fault is about this file and line, and says this. */
static void refused(struct world *w, const char *file, unsigned int line,
		    const char *part)
{
	world_read(w, NULL);
	if (w->f.bad != 1) {
		faults_print(&w->f, stderr);
		fail_msg("%zu faults instead of '%s'", w->f.bad, part);
	}
	assert_true(text_ends(w->f.at[0].file, file));
	assert_int_equal(w->f.at[0].line, line);
	if (!strstr(w->f.at[0].words, part))
		fail_msg("says '%s', should say '%s'", w->f.at[0].words, part);
	world_end(w);
}

/* Two VMs, the second a driver domain. */
static void refused_pair(const char *a, unsigned int line, const char *part)
{
	struct world w = world_make();

	test_vm_file(w.folder, "a", a);
	test_vm_file(w.folder, "b", DRIVER);
	refused(&w, "a.cfg", line, part);
}

static void each_mistake_has_its_sentence(void **state)
{
	struct world w;

	(void)state;
	refused_pair("disk=['d,raw,xvda']\n", 5,
		     "a disk has no back end: write backend=NAME");
	refused_pair("vif=['']\n", 5, "a vif has no back end");
	refused_pair("vif=['backend=0']\n", 5, "there is no dom0");
	refused_pair("vif=['backend=dom0']\n", 5, "there is no dom0");
	refused_pair("vif=['backend=xyz']\n", 5, "which is no VM here");
	refused_pair("vif=['backend=a']\n", 5, "is the VM itself");
	refused_pair("disk=['d,raw,xvda,backend=b',\n'e,raw,d0p0,backend=b']\n",
		     6, "vdev 'd0p0' is that of another disk (line 5)");
	refused_pair("vif=['backend=b,devid=1',\n'backend=b']\n", 6,
		     "devid 1 is that of another vif");
	refused_pair("vif=['backend=b,mac=00:16:3e:00:00:01',\n"
		     "'backend=b,mac=00:16:3E:00:00:01']\n",
		     6, "is that of another vif");
	refused_pair("start_after=['a']\n", 5, "names the VM itself");
	refused_pair("start_after=['x']\n", 5, "which is no VM here");

	w = world_make();
	test_vm_file(w.folder, "a", "vif=['backend=nte0']\n");
	test_vm_file(w.folder, "net0", DRIVER);
	refused(&w, "a.cfg", 5, "did you mean \"net0\"?");
	w = world_make();
	test_vm_file(w.folder, "a", "vif=['backend=b']\n");
	test_vm_file(w.folder, "b", "");
	refused(&w, "a.cfg", 5, "backend=b serves no devices: write "
				"driver_domain = 1 in");
	/* The same address in two VMs. */
	w = world_make();
	test_vm_file(w.folder, "a",
		     "vif=['backend=b,mac=00:16:3e:00:00:01']\n");
	test_vm_file(w.folder, "b", DRIVER);
	test_vm_file(w.folder, "c",
		     "vif=['backend=b,mac=00:16:3e:00:00:01']\n");
	refused(&w, "c.cfg", 5, "a.cfg:5");
	w = world_make();
	test_vm_file(w.folder, "a", "vif=['backend=b']\n");
	test_vm_file(w.folder, "b", DRIVER);
	test_vm_file(w.folder, "store", "");
	refused(&w, "store.cfg", 1, "which the xenstore VM of this machine");
	w = world_make();
	test_vm_file(w.folder, "a", "vif=['backend=b']\n");
	test_vm_file(w.folder, "b", DRIVER);
	test_text_file(w.folder, MACHINE_FILE, "store='a'\n");
	refused(&w, "a.cfg", 0, "the xenstore VM cannot use devices");
	w = world_make();
	test_vm_file(w.folder, "a", "vif=['backend=b']\n");
	test_vm_file(w.folder, "b", DRIVER);
	setenv("BULKHEAD_STORE", "/nonexistent", 1);
	refused(&w, MACHINE_FILE, 0, "\"/nonexistent\": it cannot be read");
}

static void circles_are_told_whole(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", DRIVER "vif=['backend=b']\n");
	test_vm_file(w.folder, "b", DRIVER "disk=['d,raw,xvda,backend=a']\n");
	refused(&w, "a.cfg", 0, "a needs b, b needs a: a circle");
	w = world_make();
	test_vm_file(w.folder, "a", "start_after=['b']\n");
	test_vm_file(w.folder, "b", DRIVER "vif=['backend=c']\n");
	test_vm_file(w.folder, "c", DRIVER "vif=['backend=d']\n");
	test_vm_file(w.folder, "d", DRIVER "start_after=['b']\n");
	refused(&w, "b.cfg", 0, "b needs c, c needs d, d needs b: a circle");
}

static void addresses_are_stable_and_differ(void **state)
{
	struct world w = world_make(), v = world_make();
	struct world *both[2] = { &w, &v };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		test_vm_file(both[i]->folder, "a",
			     "vif=['backend=n','backend=n']\n");
		test_vm_file(both[i]->folder, "b", "vif=['backend=n']\n");
		test_vm_file(both[i]->folder, "n", DRIVER);
	}
	/* Another VM changes no address. */
	test_vm_file(v.folder, "0", "vif=['backend=n']\n");
	world_read(&w, "name='box'\n");
	world_read(&v, "name='box'\n");
	assert_no_fault(&w.f);
	assert_no_fault(&v.f);
	const uint8_t *mac[3] = { world_at(&w, "a")->vif[0].mac,
				  world_at(&w, "a")->vif[1].mac,
				  world_at(&w, "b")->vif[0].mac };

	for (size_t i = 0; i < 3; i++) {
		assert_memory_equal(mac[i], "\x00\x16\x3e", 3);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(mac[i], mac[k], 6);
	}
	assert_memory_equal(mac[0], world_at(&v, "a")->vif[0].mac, 6);
	assert_memory_equal(mac[1], world_at(&v, "a")->vif[1].mac, 6);
	assert_memory_equal(mac[2], world_at(&v, "b")->vif[0].mac, 6);
	assert_int_equal(world_at(&w, "a")->vif[1].id, 1);
	world_end(&w);
	world_end(&v);
}

static void tables_grow_with_what_is_served(void **state)
{
	struct world w = world_make();
	uint64_t one, many;

	(void)state;
	test_vm_file(w.folder, "c0", "disk=['d,raw,xvda,backend=n']\n"
			   "vif=['backend=n']\n");
	test_vm_file(w.folder, "n", DRIVER "vcpus=4\n");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	one = world_at(&w, "n")->grant_maps;
	assert_true(one >= 1056 + 256);
	assert_int_equal(world_at(&w, "c0")->grant_maps, 0);
	assert_int_equal(world_at(&w, "c0")->grant_frames, 16);
	/* Each map can need a page table: a section of 128 MiB has 64. */
	assert_true(world_at(&w, "n")->pool >= 1032 + 64 * 4);
	world_end(&w);

	w = world_make();
	for (unsigned int i = 0; i < 20; i++) {
		char *name = text_format("c%u", i);

		test_vm_file(w.folder, name, "disk=['d,raw,xvda,backend=n']\n"
				   "vif=['backend=n']\nvcpus=4\n");
		free(name);
	}
	test_vm_file(w.folder, "n", DRIVER "vcpus=4\n");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	many = world_at(&w, "n")->grant_maps;
	/* 20 clients of four queues each, all that each may keep mapped. */
	assert_true(many >= 20 * 4 * (1056 + 256));
	assert_true(world_at(&w, "n")->pool >= 1032 + 3 * 64 * 4);
	assert_true(world_at(&w, "c0")->grant_frames > 16);
	assert_true(world_at(&w, "n")->store_arena >
		    world_at(&w, "c0")->store_arena);
	world_end(&w);

	/* What is written stays. */
	w = world_make();
	test_vm_file(w.folder, "c", "disk=['d,raw,xvda,backend=n']\n"
			  "bulkhead_grant_frames=5\n");
	test_vm_file(w.folder, "n",
		     DRIVER "bulkhead_grant_maps=0\nbulkhead_pool=2000\n"
			    "bulkhead_event_ports=128\n"
			    "bulkhead_store_arena=99\n");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_int_equal(world_at(&w, "c")->grant_frames, 5);
	assert_int_equal(world_at(&w, "n")->grant_maps, 0);
	assert_int_equal(world_at(&w, "n")->pool, 2000);
	assert_int_equal(world_at(&w, "n")->event_ports, 128);
	assert_int_equal(world_at(&w, "n")->store_arena, 99);
	world_end(&w);
}

static void the_vmm_has_room_for_what_may_be_mapped(void **state)
{
	uint64_t need[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct world w = world_make();

		test_vm_file(w.folder, "n", i ? "bulkhead_grant_maps=1048576\n"
				      "bulkhead_pool=2000\n"
				    : "bulkhead_pool=2000\n");
		world_read(&w, NULL);
		assert_no_fault(&w.f);
		need[i] = machine_need(&w.m);
		world_end(&w);
	}
	assert_true(need[1] >= need[0] + 24);
}

static void channels_join_those_that_name_each_other(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", "channels=['b']\n");
	test_vm_file(w.folder, "b", "bulkhead_peers=['a']\n");
	test_vm_file(w.folder, "c", "");
	world_read(&w, NULL);
	assert_no_fault(&w.f);
	assert_true(pair(&w, "a", "b"));
	assert_false(pair(&w, "a", "c"));
	assert_int_equal(w.m.store_domid, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_exactly_those_of_the_devices),
		cmocka_unit_test(the_store_is_added_once_and_first),
		cmocka_unit_test(without_devices_there_is_no_store),
		cmocka_unit_test(a_store_of_ones_own_is_taken),
		cmocka_unit_test(what_a_vm_needs_has_a_lower_number),
		cmocka_unit_test(each_mistake_has_its_sentence),
		cmocka_unit_test(circles_are_told_whole),
		cmocka_unit_test(addresses_are_stable_and_differ),
		cmocka_unit_test(tables_grow_with_what_is_served),
		cmocka_unit_test(the_vmm_has_room_for_what_may_be_mapped),
		cmocka_unit_test(channels_join_those_that_name_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
