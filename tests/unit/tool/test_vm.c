/* SPDX-License-Identifier: MIT */
/*
 * One VM's settings: values, defaults, ranges, and the sentences.
 */
#include "vm.h"
#include "tool_test.h"

#include <stdlib.h>
#include <string.h>

#define GOOD "name='a'\ntype='pvh'\nkernel='k'\nmemory=64\n"

static struct vm read_vm(const char *text, struct faults *f)
{
	struct cfg c;
	struct vm vm;

	*f = (struct faults){ 0 };
	cfg_parse("d/a.cfg", text, strlen(text), &c, f);
	vm_from_cfg(&c, &vm, f);
	cfg_free(&c);
	return vm;
}

static void refused(const char *text, unsigned int line, const char *part)
{
	struct faults f;
	struct vm vm = read_vm(text, &f);

	assert_one_fault(&f, line, part);
	vm_free(&vm);
}

static void defaults_are_the_documented_ones(void **state)
{
	struct faults f;
	struct vm vm = read_vm(GOOD, &f);

	(void)state;
	assert_no_fault(&f);
	assert_string_equal(vm.name, "a");
	assert_string_equal(vm.kernel, "d/k");
	assert_null(vm.ramdisk);
	assert_null(vm.cmdline);
	assert_int_equal(vm.memory, 64);
	assert_int_equal(vm.vcpus, 1);
	assert_int_equal(vm.weight, 256);
	assert_int_equal(vm.cap, 0);
	assert_null(vm.affinity);
	assert_int_equal(vm.on_poweroff, VM_DESTROY);
	assert_int_equal(vm.on_reboot, VM_RESTART);
	assert_int_equal(vm.on_crash, VM_DESTROY);
	/* Left for the machine, which knows the devices. */
	assert_int_equal(vm.event_ports, 0);
	assert_int_equal(vm.grant_frames, 0);
	assert_true(vm.grant_maps == VM_UNSET);
	assert_int_equal(vm.pool, 0);
	assert_int_equal(vm.store_arena, 0);
	assert_false(vm.paused);
	vm_free(&vm);
}

static void every_setting_arrives(void **state)
{
	struct faults f;
	struct vm vm = read_vm(
		"name='b'\ntype='pvh'\nkernel='/k'\nramdisk='r'\n"
		"extra='x y'\nroot='/dev/xvda1'\nmaxmem=0x80\nmaxvcpus=3\n"
		"vcpus=3\ncpu_weight=\"512\"\ncap=50\non_poweroff='preserve'\n"
		"on_reboot='destroy'\non_crash='restart'\ndriver_domain=1\n"
		"bulkhead_grant_maps=100\nbulkhead_grant_frames=64\n"
		"bulkhead_event_ports=4096\nbulkhead_pool=2001\n"
		"bulkhead_paused=1\nbulkhead_deny=[12,'20']\n"
		"bulkhead_peers=['x','y']\nchannels=['z']\n"
		"start_after=['s']\nbulkhead_store_arena=100\n",
		&f);

	(void)state;
	assert_no_fault(&f);
	assert_string_equal(vm.kernel, "/k");
	assert_string_equal(vm.ramdisk, "d/r");
	assert_string_equal(vm.cmdline, "root=/dev/xvda1 x y");
	assert_int_equal(vm.memory, 128);
	assert_int_equal(vm.vcpus, 3);
	assert_int_equal(vm.weight, 512);
	assert_int_equal(vm.cap, 50);
	assert_int_equal(vm.on_poweroff, VM_PRESERVE);
	assert_int_equal(vm.on_reboot, VM_DESTROY);
	assert_int_equal(vm.on_crash, VM_RESTART);
	assert_true(vm.driver_domain);
	assert_int_equal(vm.grant_maps, 100);
	assert_int_equal(vm.grant_frames, 64);
	assert_int_equal(vm.event_ports, 4096);
	assert_int_equal(vm.pool, 2004);
	assert_true(vm.paused);
	assert_int_equal(vm.deny_count, 2);
	assert_int_equal(vm.deny[1], 20);
	assert_int_equal(vm.peer_count, 3);
	assert_string_equal(vm.peer[0], "z");
	assert_string_equal(vm.peer[2], "y");
	assert_int_equal(vm.after_count, 1);
	assert_string_equal(vm.after[0], "s");
	assert_int_equal(vm.store_arena, 100);
	vm_free(&vm);
}

static void each_mistake_has_its_sentence(void **state)
{
	(void)state;
	refused("type='pvh'\nkernel='k'\nmemory=64\n", 0, "'name' is missing");
	refused("name='a'\nkernel='k'\nmemory=64\n", 0, "'type' is missing");
	refused("name='a'\ntype='pvh'\nmemory=64\n", 0, "'kernel' is missing");
	refused("name='a'\ntype='pvh'\nkernel='k'\n", 0, "'memory' is missing");
	refused("name='a b'\ntype='pvh'\nkernel='k'\nmemory=64\n", 1,
		"'name' is \"a b\"");
	refused("name='a'\ntype='hvm'\nkernel='k'\nmemory=64\n", 2,
		"'type' is \"hvm\", and Bulkhead runs PVH guests only");
	refused(GOOD "memroy=3\n", 5, "did you mean 'memory'?");
	refused(GOOD "vnc=1\n", 5, "is a setting of xl that Bulkhead does not");
	refused(GOOD "zzzzzz=1\n", 5, "'zzzzzz' is not a setting of a VM");
	refused(GOOD "vcpus=33\n", 5,
		"'vcpus' is 33: write a number from 1 "
		"to 32");
	refused(GOOD "vcpus='two'\n", 5,
		"'vcpus' is \"two\" and should be a "
		"number");
	refused(GOOD "vcpus=[2]\n", 5, "'vcpus' is a list and should be");
	refused(GOOD "extra=['x']\n", 5,
		"'extra' is a list and should be a "
		"string");
	refused(GOOD "cmdline='x'\nextra='y'\n", 6,
		"'extra' would be ignored "
		"beside 'cmdline'");
	refused(GOOD "maxmem=128\n", 5, "a VM's memory never changes");
	refused(GOOD "maxvcpus=2\nvcpus=1\n", 5, "vCPUs are not added later");
	refused(GOOD "on_crash='coredump-restart'\n", 5,
		"(nearest: \"restart\")");
	refused(GOOD "on_reboot='rename-restart'\n", 5,
		"(nearest: \"restart\")");
	refused(GOOD "on_poweroff='soft-reset'\n", 5, "write \"destroy\"");
	refused(GOOD "driver_domain=2\n", 5, "write a number from 0 to 1");
	refused(GOOD "bulkhead_event_ports=100\n", 5, "a multiple of 64");
	refused(GOOD "bulkhead_deny=[64]\n", 5, "from 0 to 63");
	refused(GOOD "bulkhead_peers='x'\n", 5,
		"write bulkhead_peers = [ \"x\" ]");
	refused(GOOD "disk='x'\n", 5, "should be a list");
}

static void a_broken_value_is_not_called_missing(void **state)
{
	(void)state;
	refused("name=a\ntype='pvh'\nkernel='k'\nmemory=64\n", 1,
		"'a' has no quotes");
	refused("name='a'\ntype='pvh'\nkernel='k'\nmemory=64MB\n", 4,
		"'64MB' is not a number");
}

static void long_command_line_is_refused(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_add(&t, GOOD "cmdline='");
	for (unsigned int i = 0; i < 2048; i++)
		text_add(&t, "x");
	text_add(&t, "'\n");
	refused(t.at, 5, "has 2048 characters");
	text_free(&t);
}

static void cpus_give_one_cpu_to_each_vcpu(void **state)
{
	static const struct {
		const char *text;
		unsigned int cpu[4];
	} table[] = {
		{ "cpus='2'", { 2, 2, 2, 2 } },
		{ "cpus=2", { 2, 2, 2, 2 } },
		{ "cpus='0-3'", { 0, 1, 2, 3 } },
		{ "cpus='0-4,^1'", { 0, 2, 3, 4 } },
		{ "cpus='1,5'", { 1, 5, 1, 5 } },
		{ "cpus='all,^0'", { 1, 2, 3, 4 } },
		{ "cpus=['3','2',1,'0']", { 3, 2, 1, 0 } },
	};
	struct faults f;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		char *text = text_format(GOOD "vcpus=4\n%s\n", table[i].text);
		struct vm vm = read_vm(text, &f);

		assert_no_fault(&f);
		for (unsigned int j = 0; j < 4; j++)
			assert_int_equal(vm.affinity[j], table[i].cpu[j]);
		vm_free(&vm);
		free(text);
	}
	struct vm vm = read_vm(GOOD "cpus='all'\n", &f);

	assert_no_fault(&f);
	assert_null(vm.affinity);
	vm_free(&vm);
	refused(GOOD "cpus='x'\n", 5, "\"x\", which names no CPU");
	refused(GOOD "cpus='3-1'\n", 5, "names no CPU");
	refused(GOOD "cpus='1,^1'\n", 5, "names no CPU");
	refused(GOOD "cpus='4096'\n", 5, "names no CPU");
	refused(GOOD "cpus='99999999999999999999'\n", 5, "names no CPU");
	refused(GOOD "cpus=[['1']]\n", 5, "names no CPU");
	refused(GOOD "vcpus=2\ncpus=['1']\n", 6, "1 CPUs for 2 vCPUs");
}

static void devices_are_kept_with_their_lines(void **state)
{
	struct faults f;
	struct vm vm = read_vm(GOOD "disk=['/a,raw,xvda,w,backend=b',\n"
				    "'/c,raw,xvdb,r,backend=d']\n"
				    "vif=['backend=e']\npci=[]\n",
			       &f);

	(void)state;
	assert_no_fault(&f);
	assert_int_equal(vm.disk_count, 2);
	assert_int_equal(vm.disk[0].line, 5);
	assert_int_equal(vm.disk[1].line, 6);
	assert_string_equal(vm.disk[1].target, "/c");
	assert_int_equal(vm.vif_count, 1);
	assert_string_equal(vm.vif[0].backend, "e");
	assert_int_equal(vm.vif[0].line, 7);
	assert_true(vm_is_client(&vm));
	assert_int_equal(vm.pci_count, 0);
	vm_free(&vm);
	vm = read_vm(GOOD "vif=[]\npci=['03:00.0']\n", &f);
	assert_no_fault(&f);
	assert_false(vm_is_client(&vm));
	assert_int_equal(vm.pci_count, 1);
	assert_int_equal(vm.pci[0], 0x300);
	assert_int_equal(vm.pci_line, 6);
	vm_free(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_documented_ones),
		cmocka_unit_test(every_setting_arrives),
		cmocka_unit_test(each_mistake_has_its_sentence),
		cmocka_unit_test(a_broken_value_is_not_called_missing),
		cmocka_unit_test(long_command_line_is_refused),
		cmocka_unit_test(cpus_give_one_cpu_to_each_vcpu),
		cmocka_unit_test(devices_are_kept_with_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
