/* SPDX-License-Identifier: MIT */
/*
 * The serving graph: what the configuration of devices implies for numbers,
 * pairs, tables and the xenstore VM, and the sentence for each mistake.
 */
#include "serve.h"
#include "store_vm.h"
#include "tool_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	char *folder;
	struct machine m;
	struct faults f;
};

#define DRIVER "driver_domain=1\n"

static struct world world_make(void)
{
	struct world w = { .folder = test_folder() };
	struct blob k = test_kernel();
	char *store = path_join(w.folder, "s");

	test_file(w.folder, "k", k.at, k.size);
	/* The store's is loaded at 1 MiB: two segments and the entry. */
	put_le32(k.at + 64 + 24, 1u << 20);
	put_le32(k.at + 120 + 24, (1u << 20) + 8192);
	put_le32(k.at + 528, (1u << 20) + 16);
	test_file(w.folder, "s", k.at, k.size);
	setenv("BULKHEAD_STORE", store, 1);
	test_text_file(w.folder, MACHINE_FILE, "");
	free(store);
	blob_free(&k);
	return w;
}

static void world_vm(struct world *w, const char *name, const char *more)
{
	char *file = text_format("%s.cfg", name);
	char *text = text_format("name='%s'\ntype='pvh'\nkernel='k'\n"
				 "memory=64\n%s",
				 name, more);

	test_text_file(w->folder, file, text);
	free(text);
	free(file);
}

static void world_read(struct world *w)
{
	machine_read(w->folder, &w->m, &w->f);
	machine_load(&w->m, NULL, &w->f);
	machine_plan(&w->m, &w->f);
}

static void world_end(struct world *w)
{
	machine_free(&w->m);
	faults_free(&w->f);
	test_folder_remove(w->folder);
}

static const struct vm *vm(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->m.vm_count; i++)
		if (text_equal(w->m.vm[i].name, name))
			return &w->m.vm[i];
	fail_msg("no VM '%s'", name);
	return NULL;
}

/* The machine of the issue: blk0 and net0 serve web1, net0 serves web2. */
static struct world demo(void)
{
	struct world w = world_make();

	world_vm(&w, "web2", "vif=['backend=net0']\n");
	world_vm(&w, "web1",
		 "disk=['d,raw,xvda,w,backend=blk0']\n"
		 "vif=['backend=net0,bridge=br0']\n");
	world_vm(&w, "net0", DRIVER);
	world_vm(&w, "blk0", DRIVER);
	return w;
}

static bool pair(const struct world *w, const char *a, const char *b)
{
	bool there = serve_may_share(&w->m, vm(w, a)->domid, vm(w, b)->domid);

	assert_int_equal(there, serve_may_share(&w->m, vm(w, b)->domid,
						vm(w, a)->domid));
	return there;
}

static void pairs_are_exactly_those_of_the_devices(void **state)
{
	struct world w = demo();
	unsigned int count = 0;

	(void)state;
	world_read(&w);
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
	struct world w = demo();

	(void)state;
	world_read(&w);
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
	world_vm(&w, "a", DRIVER);
	world_read(&w);
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 1);
	assert_int_equal(w.m.store_domid, 0);
	assert_int_equal(vm(&w, "a")->grant_maps, 0);
	world_end(&w);
	/* Unless machine.conf wants it. */
	w = world_make();
	world_vm(&w, "a", "");
	test_text_file(w.folder, MACHINE_FILE, "store='store'\n");
	world_read(&w);
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 2);
	assert_int_equal(w.m.store_domid, 1);
	world_end(&w);
}

static void a_store_of_ones_own_is_taken(void **state)
{
	struct world w = demo();

	(void)state;
	world_vm(&w, "xs", "memory=32\n");
	test_text_file(w.folder, "xs.cfg",
		       "name='xs'\ntype='pvh'\nkernel='k'\nmemory=32\n");
	test_text_file(w.folder, MACHINE_FILE, "store='xs'\n");
	world_read(&w);
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 5);
	assert_int_equal(w.m.store_domid, vm(&w, "xs")->domid);
	assert_int_equal(vm(&w, "xs")->memory, 32);
	assert_int_not_equal(vm(&w, "xs")->ramdisk_module, 0);
	world_end(&w);
}

static void what_a_vm_needs_has_a_lower_number(void **state)
{
	struct world w = world_make();

	(void)state;
	world_vm(&w, "a", "vif=['backend=fw']\nstart_after=['z']\n");
	world_vm(&w, "fw", DRIVER "vif=['backend=net']\n");
	world_vm(&w, "net", DRIVER);
	world_vm(&w, "z", "");
	world_read(&w);
	assert_no_fault(&w.f);
	assert_true(vm(&w, "net")->domid < vm(&w, "fw")->domid);
	assert_true(vm(&w, "fw")->domid < vm(&w, "a")->domid);
	assert_true(vm(&w, "z")->domid < vm(&w, "a")->domid);
	assert_int_equal(vm(&w, "a")->vif[0].back, vm(&w, "fw")->domid);
	assert_int_equal(vm(&w, "fw")->vif[0].back, vm(&w, "net")->domid);
	world_end(&w);
	/* machine.conf has the last word. */
	w = demo();
	test_text_file(w.folder, MACHINE_FILE, "order=['web1','net0']\n");
	world_read(&w);
	assert_no_fault(&w.f);
	assert_int_equal(vm(&w, "web1")->domid, 1);
	assert_int_equal(vm(&w, "net0")->domid, 2);
	assert_int_equal(w.m.store_domid, 3);
	assert_int_equal(vm(&w, "web1")->vif[0].back, 2);
	world_end(&w);
}

/* The only fault is about this file and line, and says this. */
static void refused(struct world *w, const char *file, unsigned int line,
		    const char *part)
{
	world_read(w);
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

	world_vm(&w, "a", a);
	world_vm(&w, "b", DRIVER);
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
	world_vm(&w, "a", "vif=['backend=nte0']\n");
	world_vm(&w, "net0", DRIVER);
	refused(&w, "a.cfg", 5, "did you mean \"net0\"?");
	w = world_make();
	world_vm(&w, "a", "vif=['backend=b']\n");
	world_vm(&w, "b", "");
	refused(&w, "a.cfg", 5, "backend=b serves no devices: write "
				"driver_domain = 1 in");
	/* The same address in two VMs. */
	w = world_make();
	world_vm(&w, "a", "vif=['backend=b,mac=00:16:3e:00:00:01']\n");
	world_vm(&w, "b", DRIVER);
	world_vm(&w, "c", "vif=['backend=b,mac=00:16:3e:00:00:01']\n");
	refused(&w, "c.cfg", 5, "a.cfg:5");
	w = world_make();
	world_vm(&w, "a", "vif=['backend=b']\n");
	world_vm(&w, "b", DRIVER);
	world_vm(&w, "store", "");
	refused(&w, "store.cfg", 1, "which the xenstore VM of this machine");
	w = world_make();
	world_vm(&w, "a", "vif=['backend=b']\n");
	world_vm(&w, "b", DRIVER);
	test_text_file(w.folder, MACHINE_FILE, "store='a'\n");
	refused(&w, "a.cfg", 0, "the xenstore VM cannot use devices");
	w = world_make();
	world_vm(&w, "a", "vif=['backend=b']\n");
	world_vm(&w, "b", DRIVER);
	setenv("BULKHEAD_STORE", "/nonexistent", 1);
	refused(&w, MACHINE_FILE, 0, "\"/nonexistent\": it cannot be read");
}

static void circles_are_told_whole(void **state)
{
	struct world w = world_make();

	(void)state;
	world_vm(&w, "a", DRIVER "vif=['backend=b']\n");
	world_vm(&w, "b", DRIVER "disk=['d,raw,xvda,backend=a']\n");
	refused(&w, "a.cfg", 0, "a needs b, b needs a: a circle");
	w = world_make();
	world_vm(&w, "a", "start_after=['b']\n");
	world_vm(&w, "b", DRIVER "vif=['backend=c']\n");
	world_vm(&w, "c", DRIVER "vif=['backend=d']\n");
	world_vm(&w, "d", DRIVER "start_after=['b']\n");
	refused(&w, "b.cfg", 0, "b needs c, c needs d, d needs b: a circle");
}

static void addresses_are_stable_and_differ(void **state)
{
	struct world w = world_make(), v = world_make();
	struct world *both[2] = { &w, &v };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		test_text_file(both[i]->folder, MACHINE_FILE, "name='box'\n");
		world_vm(both[i], "a", "vif=['backend=n','backend=n']\n");
		world_vm(both[i], "b", "vif=['backend=n']\n");
		world_vm(both[i], "n", DRIVER);
	}
	/* Another VM changes no address. */
	world_vm(&v, "0", "vif=['backend=n']\n");
	world_read(&w);
	world_read(&v);
	assert_no_fault(&w.f);
	assert_no_fault(&v.f);
	const uint8_t *mac[3] = { vm(&w, "a")->vif[0].mac,
				  vm(&w, "a")->vif[1].mac,
				  vm(&w, "b")->vif[0].mac };

	for (size_t i = 0; i < 3; i++) {
		assert_memory_equal(mac[i], "\x00\x16\x3e", 3);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(mac[i], mac[k], 6);
	}
	assert_memory_equal(mac[0], vm(&v, "a")->vif[0].mac, 6);
	assert_memory_equal(mac[1], vm(&v, "a")->vif[1].mac, 6);
	assert_memory_equal(mac[2], vm(&v, "b")->vif[0].mac, 6);
	assert_int_equal(vm(&w, "a")->vif[1].id, 1);
	world_end(&w);
	world_end(&v);
}

static void tables_grow_with_what_is_served(void **state)
{
	struct world w = world_make();
	uint64_t one, many;

	(void)state;
	world_vm(&w, "c0", "disk=['d,raw,xvda,backend=n']\n"
			   "vif=['backend=n']\n");
	world_vm(&w, "n", DRIVER "vcpus=4\n");
	world_read(&w);
	assert_no_fault(&w.f);
	one = vm(&w, "n")->grant_maps;
	assert_true(one >= 1056 + 256);
	assert_int_equal(vm(&w, "c0")->grant_maps, 0);
	assert_int_equal(vm(&w, "c0")->grant_frames, 16);
	/* Each map can need a page table: a section of 128 MiB has 64. */
	assert_true(vm(&w, "n")->pool >= 1032 + 64 * 4);
	world_end(&w);

	w = world_make();
	for (unsigned int i = 0; i < 20; i++) {
		char *name = text_format("c%u", i);

		world_vm(&w, name, "disk=['d,raw,xvda,backend=n']\n"
				   "vif=['backend=n']\nvcpus=4\n");
		free(name);
	}
	world_vm(&w, "n", DRIVER "vcpus=4\n");
	world_read(&w);
	assert_no_fault(&w.f);
	many = vm(&w, "n")->grant_maps;
	/* 20 clients of four queues each: the limit of the binding. */
	assert_int_equal(many, 65535);
	assert_true(vm(&w, "n")->pool >= 1032 + 3 * 64 * 4);
	assert_true(vm(&w, "c0")->grant_frames > 16);
	assert_true(vm(&w, "n")->store_arena > vm(&w, "c0")->store_arena);
	world_end(&w);

	/* What is written stays. */
	w = world_make();
	world_vm(&w, "c", "disk=['d,raw,xvda,backend=n']\n"
			  "bulkhead_grant_frames=5\n");
	world_vm(&w, "n", DRIVER "bulkhead_grant_maps=0\nbulkhead_pool=2000\n"
				 "bulkhead_event_ports=128\n"
				 "bulkhead_store_arena=99\n");
	world_read(&w);
	assert_no_fault(&w.f);
	assert_int_equal(vm(&w, "c")->grant_frames, 5);
	assert_int_equal(vm(&w, "n")->grant_maps, 0);
	assert_int_equal(vm(&w, "n")->pool, 2000);
	assert_int_equal(vm(&w, "n")->event_ports, 128);
	assert_int_equal(vm(&w, "n")->store_arena, 99);
	world_end(&w);
}

static void channels_join_those_that_name_each_other(void **state)
{
	struct world w = world_make();

	(void)state;
	world_vm(&w, "a", "channels=['b']\n");
	world_vm(&w, "b", "bulkhead_peers=['a']\n");
	world_vm(&w, "c", "");
	world_read(&w);
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
		cmocka_unit_test(channels_join_those_that_name_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
