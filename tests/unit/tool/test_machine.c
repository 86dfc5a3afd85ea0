/* SPDX-License-Identifier: MIT */
/*
 * A folder as a machine: what belongs together does, what does not fit is
 * refused, and the launch description says what docs/binding.md says.
 */
#include "tree.h"
#include "tool_world.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void numbers_follow_order_then_names(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "c", "");
	test_vm_file(w.folder, "a", "");
	test_vm_file(w.folder, "b", "");
	world_read(&w, "order = [ 'c' ]\n");
	assert_no_fault(&w.f);
	assert_int_equal(w.m.vm_count, 3);
	assert_string_equal(w.m.vm[0].name, "c");
	assert_string_equal(w.m.vm[1].name, "a");
	assert_string_equal(w.m.vm[2].name, "b");
	assert_int_equal(w.m.vm[2].domid, 3);
	world_end(&w);
}

static void equal_files_are_one_module(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", "ramdisk='r'\n");
	test_vm_file(w.folder, "b", "ramdisk='r'\n");
	test_text_file(w.folder, "c.cfg",
		       "name='c'\ntype='pvh'\n"
		       "kernel='k2'\nmemory=64\n");
	world_read(&w, "");
	assert_no_fault(&w.f);
	assert_int_equal(w.m.module_count, 2);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(w.m.vm[i].kernel_module, 1);
	assert_int_equal(w.m.vm[0].ramdisk_module, 2);
	assert_int_equal(w.m.vm[1].ramdisk_module, 2);
	assert_int_equal(w.m.vm[2].ramdisk_module, 0);
	world_end(&w);
}

static void settings_of_the_machine_arrive(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", "");
	world_read(&w, "name='m'\nmemory=512\ncpus=4\ncommands=0\n"
		       "when_done='poweroff'\naudit_on_end=1\n"
		       "exit_port=0xf4\niommu='intel'\n");
	assert_no_fault(&w.f);
	assert_true(w.m.intel_iommu);
	assert_string_equal(w.m.name, "m");
	assert_int_equal(w.m.memory, 512);
	assert_int_equal(w.m.cpus, 4);
	assert_false(w.m.commands);
	assert_true(w.m.poweroff_when_done);
	assert_true(w.m.audit_on_end);
	assert_int_equal(w.m.exit_port, 0xf4);
	world_end(&w);
}

static void memory_defaults_to_what_is_needed(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", "");
	test_vm_file(w.folder, "b", "");
	world_read(&w, "");
	assert_no_fault(&w.f);
	assert_true(w.m.memory >= 128 + 2 + 8);
	assert_int_equal(w.m.memory % 64, 0);
	assert_true(machine_need(&w.m) <= w.m.memory);
	world_end(&w);
}

static void missing_memory_is_told_in_mib(void **state)
{
	struct world w = world_make();
	unsigned int missing, suggested;

	(void)state;
	test_vm_file(w.folder, "a", "");
	test_vm_file(w.folder, "b", "");
	world_read(&w, "cpus=2\nmemory=128\n");
	assert_int_equal(w.f.bad, 1);
	assert_fault(&w.f, 2, "the VMs take 128 MiB");
	assert_int_equal(sscanf(w.f.at[0].words,
				"'memory' is 128 MiB and %u MiB are missing",
				&missing),
			 1);
	const char *write = strstr(w.f.at[0].words, "write memory = ");

	assert_int_equal(sscanf(write, "write memory = %u", &suggested), 1);
	assert_true(suggested >= 128 + missing);
	/* What the sentence says to write is enough. */
	machine_free(&w.m);
	faults_free(&w.f);
	char *conf = text_format("memory=%u\n", suggested);

	world_read(&w, conf);
	assert_no_fault(&w.f);
	free(conf);
	world_end(&w);
}

static void refused(const char *conf, const char *a, const char *b,
		    const char *part)
{
	struct world w = world_make();
	char *path = path_join(w.folder, MACHINE_FILE);

	if (!conf)
		assert_int_equal(remove(path), 0);
	free(path);
	test_vm_file(w.folder, "a", a);
	if (b)
		test_vm_file(w.folder, "b", b);
	world_read(&w, conf);
	assert_int_equal(w.f.bad, 1);
	if (!strstr(w.f.at[0].words, part))
		fail_msg("says '%s', should say '%s'", w.f.at[0].words, part);
	world_end(&w);
}

static void each_mistake_has_its_sentence(void **state)
{
	(void)state;
	refused(NULL, "", "", "the file is missing: a machine is a folder");
	refused("memroy=1\n", "", NULL, "did you mean 'memory'?");
	refused("memory=1\n", "", NULL, "from 64 to");
	refused("when_done='x'\n", "", NULL, "write \"stay\" or \"poweroff\"");
	refused("iommu='vtd'\n", "", NULL, "write \"amd\" or \"intel\"");
	refused("iommu=1\n", "", NULL, "write \"amd\" or \"intel\"");
	refused("store='xyz'\n", "", NULL, "'store' names \"xyz\", which is");
	refused("order=['aa']\n", "", NULL, "is no VM here or was named");
	refused("order=['a','a']\n", "", NULL, "or was named before");
	refused("name='/'\n", "", NULL, "'name' is \"/\"");
	refused("", "bulkhead_peers=['b']\n", "",
		"does not name \"a\": write channels = [ \"a\" ]");
	refused("", "bulkhead_peers=['xyz']\n", "", "is no VM here: remove it");
	refused("", "bulkhead_peers=['a']\n", "", "names the VM itself");
	refused("", "cpus='2'\n", NULL, "names CPU 2 and the machine has 2");
	refused("", "ramdisk='nosuch'\n", NULL, "No such file");
	refused("", "ramdisk='.'\n", NULL, "it is not a file");
}

static void kernel_mistakes_name_file_and_line(void **state)
{
	struct world w = world_make();

	(void)state;
	test_text_file(w.folder, "a.cfg",
		       "name='a'\ntype='pvh'\nkernel='nosuch'\nmemory=64\n");
	test_text_file(w.folder, "b.cfg",
		       "name='b'\ntype='pvh'\nmemory=16\n\nkernel='k'\n");
	test_text_file(w.folder, "c.cfg",
		       "name='b'\ntype='pvh'\nmemory=64\nkernel='r'\n");
	world_read(&w, "");
	assert_int_equal(w.f.bad, 4);
	assert_fault(&w.f, 3, "cannot be read (No such file");
	assert_fault(&w.f, 3, "memory up to 18 MiB and the VM has 16 MiB");
	assert_fault(&w.f, 4, "neither an ELF file, nor a Linux bzImage");
	assert_fault(&w.f, 1, "'name' is \"b\", which");
	world_end(&w);
}

static void empty_folder_and_no_folder_are_told(void **state)
{
	struct world w = { .folder = test_folder() };

	(void)state;
	world_read(&w, "");
	assert_int_equal(w.f.bad, 1);
	assert_fault(&w.f, 0, "there is no VM");
	world_end(&w);

	struct faults f = { 0 };
	struct machine m;

	assert_false(machine_read("/nonexistent", &m, &f));
	assert_one_fault(&f, 0, "give the folder of a machine");
	machine_free(&m);
}

static void a_pci_function_has_one_owner(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "a", "pci=['03:00.0','03:00.1']\n");
	test_vm_file(w.folder, "b", "pci=['0000:03:00.1']\n");
	world_read(&w, "");
	assert_true(machine_has_pci(&w.m));
	assert_int_equal(w.f.bad, 1);
	assert_fault(&w.f, 5, "'pci' names 03:00.1, a function that VM 'a'");
	world_end(&w);
}

static uint32_t cell(const void *fdt, const char *path, const char *name)
{
	int length, node = fdt_path_offset(fdt, path);

	assert_true(node >= 0);
	const fdt32_t *p = fdt_getprop(fdt, node, name, &length);

	if (!p)
		fail_msg("%s has no %s", path, name);
	assert_int_equal(length, 4);
	return fdt32_to_cpu(*p);
}

static const char *string(const void *fdt, const char *path, const char *name)
{
	int length, node = fdt_path_offset(fdt, path);
	const char *s = fdt_getprop(fdt, node, name, &length);

	if (!s)
		fail_msg("%s has no %s", path, name);
	assert_int_equal(s[length - 1], 0);
	return s;
}

#define HV "/chosen/hypervisor"

static void tree_says_what_the_binding_says(void **state)
{
	struct world w = world_make();
	int length;

	(void)state;
	test_vm_file(w.folder, "a",
		 "ramdisk='r'\nextra='x=1'\nvcpus=2\ncpus='0-1'\n"
		 "bulkhead_peers=['b']\nbulkhead_deny=[12,20]\n"
		 "bulkhead_paused=1\non_crash='preserve'\n");
	test_vm_file(w.folder, "b",
		     "bulkhead_peers=['a']\ncap=7\ncpu_weight=9\n");
	world_read(&w, "commands=0\nwhen_done='poweroff'\nexit_port=0xf4\n"
		       "audit_on_end=1\nstore='b'\norder=['a']\n");
	assert_no_fault(&w.f);
	struct blob tree = tree_make(&w.m);
	const void *fdt = tree.at;

	assert_int_equal(fdt_check_full(fdt, tree.size), 0);
	assert_int_equal(fdt_version(fdt), 17);
	assert_int_equal(cell(fdt, "/", "#address-cells"), 2);
	assert_string_equal(string(fdt, "/", "compatible"), "bulkhead,machine");
	int hv = fdt_path_offset(fdt, HV);

	assert_int_equal(fdt_node_check_compatible(fdt, hv, "bulkhead,vmm"), 0);
	assert_int_equal(fdt_node_check_compatible(fdt, hv, "hypervisor,xen"),
			 0);
	assert_int_equal(cell(fdt, HV, "bulkhead,version"), 1);
	assert_int_equal(cell(fdt, HV, "bulkhead,exit-port"), 0xf4);
	assert_int_equal(cell(fdt, HV, "bulkhead,store"), 2);
	assert_string_equal(string(fdt, HV, "bulkhead,when-done"), "poweroff");
	assert_non_null(fdt_getprop(fdt, hv, "bulkhead,no-commands", NULL));
	assert_non_null(fdt_getprop(fdt, hv, "bulkhead,audit-on-end", NULL));

	int a = fdt_path_offset(fdt, HV "/domain@1");

	assert_int_equal(fdt_node_check_compatible(fdt, a, "xen,domain"), 0);
	assert_int_equal(cell(fdt, HV "/domain@1", "domid"), 1);
	assert_string_equal(string(fdt, HV "/domain@1", "bulkhead,name"), "a");
	const uint8_t *memory = fdt_getprop(fdt, a, "memory", &length);
	static const uint8_t mib64[8] = { 0, 0, 0, 0, 0, 1, 0, 0 };

	assert_int_equal(length, 8);
	assert_memory_equal(memory, mib64, 8);
	assert_int_equal(cell(fdt, HV "/domain@1", "cpus"), 2);
	assert_int_equal(cell(fdt, HV "/domain@1", "bulkhead,pool"), 1032);
	assert_int_equal(cell(fdt, HV "/domain@1", "bulkhead,peers"), 2);
	assert_string_equal(string(fdt, HV "/domain@1", "bulkhead,on-crash"),
			    "preserve");
	assert_non_null(fdt_getprop(fdt, a, "bulkhead,paused", NULL));
	fdt_getprop(fdt, a, "bulkhead,affinity", &length);
	assert_int_equal(length, 8);
	fdt_getprop(fdt, a, "bulkhead,deny", &length);
	assert_int_equal(length, 8);
	assert_int_equal(cell(fdt, HV "/domain@1/module@0", "mb-index"), 1);
	assert_string_equal(string(fdt, HV "/domain@1/module@0", "bootargs"),
			    "x=1");
	assert_int_equal(cell(fdt, HV "/domain@1/module@1", "mb-index"), 2);
	int kernel = fdt_path_offset(fdt, HV "/domain@1/module@0");
	int ramdisk = fdt_path_offset(fdt, HV "/domain@1/module@1");

	assert_int_equal(
		fdt_node_check_compatible(fdt, kernel, "multiboot,kernel"), 0);
	assert_int_equal(fdt_node_check_compatible(fdt, ramdisk,
						   "multiboot,ramdisk"),
			 0);
	assert_int_equal(
		fdt_node_check_compatible(fdt, ramdisk, "multiboot,module"), 0);
	assert_int_equal(cell(fdt, HV "/domain@2", "bulkhead,cap"), 7);
	assert_int_equal(cell(fdt, HV "/domain@2", "bulkhead,cpu-weight"), 9);
	/* The xenstore VM has its first contents for a RAM disk. */
	assert_int_equal(cell(fdt, HV "/domain@2/module@1", "mb-index"), 3);
	assert_null(fdt_getprop(fdt,
				fdt_path_offset(fdt, HV "/domain@2/module@0"),
				"bootargs", NULL));
	assert_true(fdt_path_offset(fdt, HV "/domain@3") < 0);
	blob_free(&tree);
	world_end(&w);
}

static void tree_of_many_vms_has_room(void **state)
{
	struct world w = world_make();

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		char *name = text_format("vm%u", i);

		test_vm_file(w.folder, name,
			 "cmdline='a long command line, a long one'\n");
		free(name);
	}
	world_read(&w, "");
	assert_no_fault(&w.f);
	struct blob tree = tree_make(&w.m);

	assert_int_equal(fdt_check_full(tree.at, tree.size), 0);
	assert_int_equal(cell(tree.at, HV "/domain@200", "domid"), 200);
	blob_free(&tree);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_follow_order_then_names),
		cmocka_unit_test(equal_files_are_one_module),
		cmocka_unit_test(settings_of_the_machine_arrive),
		cmocka_unit_test(memory_defaults_to_what_is_needed),
		cmocka_unit_test(missing_memory_is_told_in_mib),
		cmocka_unit_test(each_mistake_has_its_sentence),
		cmocka_unit_test(kernel_mistakes_name_file_and_line),
		cmocka_unit_test(empty_folder_and_no_folder_are_told),
		cmocka_unit_test(a_pci_function_has_one_owner),
		cmocka_unit_test(tree_says_what_the_binding_says),
		cmocka_unit_test(tree_of_many_vms_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
