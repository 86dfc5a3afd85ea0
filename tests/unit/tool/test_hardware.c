/* SPDX-License-Identifier: MIT */
/*
 * The devices of QEMU's machine: what machine.conf says of them arrives, ends
 * in QEMU's words, and what cannot be is told in one sentence each.
 */
#include "machine.h"
#include "tool_test.h"

#include <stdlib.h>
#include <string.h>

static const struct place here = { "f", 1 };

static void strings_say_what_qemu_gets(void **state)
{
	struct faults f = { 0 };
	struct hardware nic, disk;

	(void)state;
	hardware_parse("virtio-net, bdf=00:02.0, forward=8080:10.0.2.11:80, "
		       "forward=22:10.0.2.12:2222",
		       here, "box", &nic, &f);
	hardware_parse("nvme,bdf=00:1e.0,file=a b.img,size=64", here, "box",
		       &disk, &f);
	assert_no_fault(&f);
	assert_int_equal(nic.forward_count, 2);
	assert_int_equal(disk.size, 64);
	char *words[] = { hardware_device(&nic, 0), hardware_back(&nic, 0),
			  hardware_device(&disk, 1), hardware_back(&disk, 1) };

	assert_string_equal(words[0], "virtio-net-pci,disable-legacy=on,"
				      "iommu_platform=on,romfile=,addr=2,"
				      "netdev=net0");
	assert_string_equal(words[1],
			    "user,id=net0,restrict=on,"
			    "hostfwd=tcp:127.0.0.1:8080-10.0.2.11:80,"
			    "hostfwd=tcp:127.0.0.1:22-10.0.2.12:2222");
	assert_string_equal(words[2], "nvme,addr=1e,drive=disk1,serial=1");
	assert_string_equal(words[3],
			    "if=none,id=disk1,format=raw,file=box/a b.img");
	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		free(words[i]);
	hardware_free(&nic);
	hardware_free(&disk);
}

static void networks_outside_are_reached_when_asked_for(void **state)
{
	static const char *const cases[][2] = {
		{ "virtio-net,bdf=00:02.0", "restrict=on" },
		{ "virtio-net,bdf=00:02.0,outside=0", "restrict=on" },
		{ "virtio-net,bdf=00:02.0,outside=1", "restrict=off" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct faults f = { 0 };
		struct hardware h;

		hardware_parse(cases[i][0], here, ".", &h, &f);
		assert_no_fault(&f);
		char *words = hardware_back(&h, 3);

		assert_non_null(strstr(words, cases[i][1]));
		free(words);
		hardware_free(&h);
	}
}

static void a_comma_in_a_path_stays_in_it(void **state)
{
	struct faults f = { 0 };
	struct hardware h;

	(void)state;
	hardware_parse("nvme,bdf=00:02.0,file=disk", here, "a,b", &h, &f);
	assert_no_fault(&f);
	char *words = hardware_back(&h, 0);

	assert_non_null(strstr(words, "file=a,,b/disk"));
	free(words);
	hardware_free(&h);
}

static void each_mistake_has_its_sentence(void **state)
{
	static const char *const cases[][2] = {
		{ "e1000,bdf=00:02.0", "begin with virtio-net or nvme" },
		{ "", "begin with virtio-net or nvme" },
		{ "virtio-net", "bdf=00:02.0" },
		{ "nvme,bdf=00:02.0", "write file=IMAGE" },
		{ "nvme,bdf=00:02.0,file=", "names no file" },
		{ "nvme,bdf=00:02.0,file=x,size=0", "a number of MiB" },
		{ "nvme,bdf=00:02.0,file=x,size=5G", "a number of MiB" },
		{ "nvme,bdf=00:02.0,file=x,forward=1:10.0.2.15:1",
		  "'forward' in" },
		{ "nvme,bdf=00:02.0,fil=x", "did you mean 'file'" },
		{ "virtio-net,bdf=00:02.0,nonsense", "write NAME=VALUE" },
		{ "virtio-net,bdf=00:01.0", "00:02.0 to 00:1e.0" },
		{ "virtio-net,bdf=00:1f.0", "00:02.0 to 00:1e.0" },
		{ "virtio-net,bdf=00:02.1", "00:02.0 to 00:1e.0" },
		{ "virtio-net,bdf=01:02.0", "00:02.0 to 00:1e.0" },
		{ "virtio-net,bdf=2", "00:02.0 to 00:1e.0" },
		{ "virtio-net,bdf=00:02.0,forward=8080", "forwards no port" },
		{ "virtio-net,bdf=00:02.0,forward=0:10.0.2.15:80",
		  "forwards no port" },
		{ "virtio-net,bdf=00:02.0,forward=80:10.0.2.15:65536",
		  "forwards no port" },
		{ "virtio-net,bdf=00:02.0,forward=80:10.0.2:80",
		  "forwards no port" },
		{ "virtio-net,bdf=00:02.0,forward=80:10.0.2.15:80,x",
		  "'x' in" },
		{ "virtio-net,bdf=00:02.0,outside=2", "neither 0 nor 1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct faults f = { 0 };
		struct hardware h;

		hardware_parse(cases[i][0], here, ".", &h, &f);
		assert_fault(&f, 1, cases[i][1]);
		hardware_free(&h);
		faults_free(&f);
	}
}

/* machine.conf `conf` beside a VM that owns 00:02.0 and 00:03.0. */
static void machine_with(const char *conf, struct machine *m, struct faults *f)
{
	char *folder = test_folder();
	struct blob k = test_kernel();

	test_file(folder, "k", k.at, k.size);
	blob_free(&k);
	test_text_file(folder, "a.cfg",
		       "name='a'\ntype='pvh'\nkernel='k'\nmemory=64\n"
		       "pci=['00:02.0', '00:03.0']\n");
	test_text_file(folder, MACHINE_FILE, conf);
	machine_read(folder, m, f);
	test_folder_remove(folder);
}

static void devices_must_fit_together(void **state)
{
	static const char *const cases[][2] = {
		{ "qemu_devices=['virtio-net,bdf=00:04.0']\n",
		  "write pci = [ '00:04.0' ]" },
		{ "qemu_devices=['virtio-net,bdf=00:02.0',\n"
		  "'virtio-net,bdf=00:02.0']\n",
		  "another device" },
		{ "qemu_devices=['virtio-net,bdf=00:02.0,forward=1:10.0.2.1:1'"
		  ",\n'virtio-net,bdf=00:03.0,forward=1:10.0.2.2:1']\n",
		  "second of this host port" },
		{ "qemu_devices='virtio-net'\n", "should be a list" },
		{ "qemu_devices=[ ['virtio-net'] ]\n", "should be a string" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct faults f = { 0 };
		struct machine m;

		machine_with(cases[i][0], &m, &f);
		assert_fault(&f, strchr(cases[i][0], '\n')[1] ? 2 : 1,
			     cases[i][1]);
		machine_free(&m);
		faults_free(&f);
	}
}

static void ports_are_numbered_from_the_one_given(void **state)
{
	struct faults f = { 0 };
	struct machine m;

	(void)state;
	machine_with("qemu_devices=['virtio-net,bdf=00:02.0,"
		     "forward=8080:10.0.2.11:80,forward=80:10.0.2.12:80',"
		     "'virtio-net,bdf=00:03.0,forward=22:10.0.2.13:22']\n",
		     &m, &f);
	assert_no_fault(&f);
	assert_int_equal(m.hardware_count, 2);
	assert_true(hardware_renumber(&m, 0));
	assert_int_equal(m.hardware[0].forward[0].host, 8080);
	assert_true(hardware_renumber(&m, 9000));
	assert_int_equal(m.hardware[0].forward[0].host, 9000);
	assert_int_equal(m.hardware[0].forward[1].host, 9001);
	assert_int_equal(m.hardware[1].forward[0].host, 9002);
	assert_string_equal(m.hardware[1].forward[0].address, "10.0.2.13");
	machine_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_say_what_qemu_gets),
		cmocka_unit_test(networks_outside_are_reached_when_asked_for),
		cmocka_unit_test(a_comma_in_a_path_stays_in_it),
		cmocka_unit_test(each_mistake_has_its_sentence),
		cmocka_unit_test(devices_must_fit_together),
		cmocka_unit_test(ports_are_numbered_from_the_one_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
