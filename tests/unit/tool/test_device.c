/* SPDX-License-Identifier: MIT */
/*
 * What strings of disk, vif and pci mean, on examples and against Xen's own
 * parser, libxlutil: whatever we accept it accepts, with the same meaning.
 */
#include "device.h"
#include "device_spec.h"
#include "tool_test.h"

#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libxlutil leaks after a parse error; it is not what is tested here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static const struct place here = { "f", 1 };

static struct disk disk(const char *text)
{
	struct faults f = { 0 };
	struct disk d;

	disk_parse(text, here, &d, &f);
	if (f.bad)
		fail_msg("%s: %s", text, f.at[0].words);
	faults_free(&f);
	return d;
}

static struct vif vif(const char *text)
{
	struct faults f = { 0 };
	struct vif v;

	vif_parse(text, here, &v, &f);
	if (f.bad)
		fail_msg("%s: %s", text, f.at[0].words);
	faults_free(&f);
	return v;
}

static void positions_and_names_mean_the_same(void **state)
{
	static const char *const same[] = {
		"/a,raw,xvdb,r,backend=b",
		"backend=b,/a,raw,xvdb,ro",
		"vdev=xvdb, access=r, format=raw, backend=b, target=/a",
		"phy:/a,xvdb,r,backend=b",
		"/a,,xvdb,r,backend=b,",
		"tap:aio:/a,xvdb,r,backend=b",
		"access=r,/a,,xvdb,backend=b,backendtype=phy",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
		struct disk d = disk(same[i]);

		assert_string_equal(d.target, "/a");
		assert_string_equal(d.vdev, "xvdb");
		assert_int_equal(d.number, 51728);
		assert_string_equal(d.backend, "b");
		assert_true(d.readonly);
		assert_false(d.cdrom);
		assert_int_equal(d.discard, DISCARD_DEFAULT);
		disk_free(&d);
	}
}

static void flags_of_a_disk_arrive(void **state)
{
	struct disk d = disk("/a,raw,xvda,w,direct-io-safe,no-discard");

	(void)state;
	assert_true(d.direct_io_safe);
	assert_int_equal(d.discard, DISCARD_OFF);
	assert_false(d.readonly);
	assert_null(d.backend);
	assert_null(d.script);
	disk_free(&d);
	d = disk("/a,raw,hdc:cdrom,discard,script=s");
	assert_true(d.cdrom);
	assert_true(d.readonly);
	assert_int_equal(d.discard, DISCARD_ON);
	assert_string_equal(d.script, "s");
	disk_free(&d);
	d = disk("vdev=sda,target=/a,b=c, d");
	assert_string_equal(d.target, "/a,b=c, d");
	disk_free(&d);
}

/* The numbers of xen-vbd-interface(7). */
static void vdevs_have_the_numbers_of_the_interface(void **state)
{
	static const struct {
		const char *name;
		unsigned int number;
	} table[] = {
		{ "xvda", 51712 },
		{ "xvda1", 51713 },
		{ "xvdp15", 202 << 8 | 15 << 4 | 15 },
		{ "xvdq", 1 << 28 | 16 << 8 },
		{ "xvda16", 1 << 28 | 16 },
		{ "xvdaa3", 1 << 28 | 26 << 8 | 3 },
		{ "d0p0", 51712 },
		{ "d536p37", 1 << 28 | 536 << 8 | 37 },
		{ "hda", 3 << 8 },
		{ "hdb1", 3 << 8 | 65 },
		{ "hdd63", 22 << 8 | 64 | 63 },
		{ "sda", 8 << 8 },
		{ "sdp15", 8 << 8 | 15 << 4 | 15 },
		{ "51712", 51712 },
		{ "0xca10", 51728 },
	};
	static const char *const bad[] = {
		"",	"xvd",	 "xvd1",   "hde",     "hda64",	   "sdq",
		"sda16", "usb",	 "vda",	   "xvdA",    "xvda1x",	   "d1",
		"d1p",	"xvda256", "0",	   "d0p256", "xvdzzzzzz", "1x",
		"xvda00000000001",
	};
	unsigned int n;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		if (!vdev_number(table[i].name, &n))
			fail_msg("%s is refused", table[i].name);
		assert_int_equal(n, table[i].number);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (vdev_number(bad[i], &n))
			fail_msg("'%s' is taken for %u", bad[i], n);
}

static void settings_of_a_vif_arrive(void **state)
{
	struct vif v = vif("mac=00:16:3E:01:02:0f, bridge=br1,ip=10.0.0.1,"
			   "backend=n,script=s,vifname=w0,gatewaydev=eth0,"
			   "rate=10Mb/s@20ms,devid=7,mtu=9000,trusted=0,"
			   "model=e1000,type=vif");
	static const uint8_t mac[6] = { 0, 0x16, 0x3e, 1, 2, 15 };

	(void)state;
	assert_true(v.has_mac);
	assert_memory_equal(v.mac, mac, 6);
	assert_string_equal(v.bridge, "br1");
	assert_string_equal(v.ip, "10.0.0.1");
	assert_string_equal(v.backend, "n");
	assert_string_equal(v.script, "s");
	assert_string_equal(v.vifname, "w0");
	assert_string_equal(v.gateway, "eth0");
	assert_int_equal(v.rate, 25000);
	assert_int_equal(v.rate_interval, 20000);
	assert_true(v.has_id);
	assert_int_equal(v.id, 7);
	assert_int_equal(v.mtu, 9000);
	assert_true(v.untrusted);
	char *text = mac_text(v.mac);

	assert_string_equal(text, "00:16:3e:01:02:0f");
	free(text);
	vif_free(&v);
	v = vif("");
	assert_false(v.has_mac);
	assert_false(v.has_id);
	assert_false(v.untrusted);
	assert_int_equal(v.rate, 0);
	assert_null(v.bridge);
	assert_null(v.backend);
	vif_free(&v);
}

static void refused(const char *key, const char *text, const char *part)
{
	struct faults f = { 0 };
	struct disk d = { 0 };
	struct vif v = { 0 };

	if (text_equal(key, "disk"))
		disk_parse(text, here, &d, &f);
	else if (text_equal(key, "vif"))
		vif_parse(text, here, &v, &f);
	else
		pci_parse(text, here, &f);
	if (f.bad != 1)
		fail_msg("%s: %zu faults", text, f.bad);
	assert_one_fault(&f, 1, part);
	disk_free(&d);
	vif_free(&v);
}

static void each_mistake_has_its_sentence(void **state)
{
	(void)state;
	refused("disk", "/x,raw", "'vdev' in disk \"/x,raw\" is missing");
	refused("disk", ",raw,xvda", "'target' in disk");
	refused("disk", "/x,foo,xvda,w", "'foo' in disk");
	refused("disk", "/x,raw,xvda,rx", "is no kind of access");
	refused("disk", "/x,raw,usb,w", "is no name of a disk");
	refused("disk", "/x,raw,xvda,w,more", "one position too many");
	refused("disk", "/x,raw,xvda,w,bakend=x", "did you mean 'backend'?");
	refused("disk", "/x,raw,xvda,w,vdev=xvdb", "for the second time");
	refused("disk", "/x,raw,xvda,w,target=/y", "for the second time");
	refused("disk", "/x,qcow2,xvda,w", "qemu-img convert");
	refused("disk", "vhd:/x,xvda,w", "qemu-img convert");
	refused("disk", "/x,raw,xvda,w,devtype=tape", "no kind of device");
	refused("disk", "/x,raw,xvda,w,backendtype=qdisk", "device model");
	refused("disk", "/x,raw,xvda,w,specification=virtio", "device model");
	refused("disk", "/\tx,raw,xvda", "control characters");
	refused("vif", "mac=00:16:3e:01:02", "is no MAC address");
	refused("vif", "mac=00:16:3e:01:02:0g", "is no MAC address");
	refused("vif", "mac=01:16:3e:01:02:03", "address of a group");
	refused("vif", "brigde=x", "did you mean 'bridge'?");
	refused("vif", "bridge", "has no value");
	refused("vif", "bridge=a,bridge=b", "for the second time");
	refused("vif", "rate=10", "is no rate");
	refused("vif", "rate=0Mb/s", "is no rate");
	refused("vif", "devid=-1", "from 0 to 4095");
	refused("vif", "mtu=67", "from 68 to 65535");
	refused("vif", "trusted=2", "neither 0 nor 1");
	refused("vif", "type=ioemu", "device model");
	refused("vif", "netdev=x", "has no effect here");
	refused("pci", "03:00.8", "is no PCI device");
	refused("pci", "03:00.*", "is no PCI device");
	refused("pci", "0001:03:00.0", "is no PCI device");
	refused("pci", "03:20.0", "is no PCI device");
	refused("pci", "03:00", "is no PCI device");
	refused("pci", "003:00.0", "is no PCI device");
	refused("pci", "03:00.0@", "is no PCI device");
	refused("pci", "03:00.0,sieze=1", "did you mean 'seize'?");
	refused("pci", "03:00.0,seize", "has no value");
}

static void good_pci_strings_are_taken(void **state)
{
	struct faults f = { 0 };

	(void)state;
	assert_int_equal(pci_parse("03:00.0", here, &f), 0x300);
	assert_int_equal(pci_parse("0000:03:1f.7,permissive=1", here, &f),
			 0x3ff);
	assert_int_equal(pci_parse("bdf=0a:05.0@1f", here, &f), 0xa28);
	assert_no_fault(&f);
}

/* --- against libxlutil --- */

static FILE *quiet;

static bool same(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static enum disk_discard discard_of(const libxl_device_disk *d)
{
	if (libxl_defbool_is_default(d->discard_enable))
		return DISCARD_DEFAULT;
	return libxl_defbool_val(d->discard_enable) ? DISCARD_ON : DISCARD_OFF;
}

/* 1: both accept and mean the same; 0: we refuse. */
static int judge_disk(const char *text)
{
	XLU_Config *x = xlu_cfg_init(quiet, "oracle");
	struct faults f = { 0 };
	libxl_device_disk theirs;
	struct disk mine;

	libxl_device_disk_init(&theirs);
	bool taken = xlu_disk_parse(x, 1, &text, &theirs) == 0;

	disk_parse(text, here, &mine, &f);
	bool good = !f.bad;

	if (good && !taken)
		fail_msg("we accept '%s', libxlutil does not", text);
	if (good && (!same(mine.target, theirs.pdev_path) ||
		     !same(mine.vdev, theirs.vdev) ||
		     !same(mine.backend, theirs.backend_domname) ||
		     !same(mine.script, theirs.script) ||
		     mine.readonly == (theirs.readwrite != 0) ||
		     mine.cdrom != (theirs.is_cdrom != 0) ||
		     theirs.format != LIBXL_DISK_FORMAT_RAW ||
		     mine.direct_io_safe != theirs.direct_io_safe ||
		     mine.discard != discard_of(&theirs)))
		fail_msg("'%s' means something else to libxlutil", text);
	disk_free(&mine);
	faults_free(&f);
	libxl_device_disk_dispose(&theirs);
	xlu_cfg_destroy(x);
	return good;
}

static uint32_t seed = 4711;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

static void disks_mean_what_xen_takes_them_for(void **state)
{
	static const char *const part[] = {
		"/a",	      "raw",	    "",		 "xvda",     "w",
		"r",	      "ro",	    "rw",	 "hdc:cdrom", "cdrom",
		"discard",    "no-discard", "backend=b", "script=s", "vdev=sdb",
		"format=raw", "access=r",   "access=w",	 "phy:/b",   "file:/c",
		"tap:aio:/d", "iscsi:e",    "target=/f", "x=y",	     "a=b/c",
		"devtype=disk", "devtype=cdrom", "backendtype=phy", " /g",
		"direct-io-safe", "qcow2", "1", "51712",
	};
	unsigned int good = 0, bad = 0;

	(void)state;
	for (unsigned int i = 0; i < 40000; i++) {
		struct text t = { 0 };
		uint32_t count = 2 + random_below(6);

		for (uint32_t k = 0; k < count; k++)
			text_add(&t, "%s%s", k ? "," : "",
				 part[random_below(ARRAY_COUNT(part))]);
		if (judge_disk(t.at))
			good++;
		else
			bad++;
		text_free(&t);
	}
	assert_true(good > 300);
	assert_true(bad > 300);
}

static void rates_mean_what_xen_takes_them_for(void **state)
{
	static const char *const unit[] = { "b/s",  "B/s",  "Kb/s", "KB/s",
					    "Mb/s", "MB/s", "Gb/s", "GB/s",
					    "mb/s", "MB",   "B/h" };
	static const char *const every[] = { "",     "@20ms", "@50us", "@1s",
					     "@5ms", "@",     "@1h",   "@7" };
	unsigned int good = 0;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		char *text = text_format("%u%s%s", random_below(2000),
					 unit[random_below(ARRAY_COUNT(unit))],
					 every[random_below(
						 ARRAY_COUNT(every))]);
		XLU_Config *x = xlu_cfg_init(quiet, "oracle");
		libxl_device_nic nic;
		uint64_t bytes;
		unsigned int us;

		libxl_device_nic_init(&nic);
		bool taken = xlu_vif_parse_rate(x, text, &nic) == 0;
		bool mine = rate_read(text, &bytes, &us);

		/* We refuse what would let nothing through. */
		if (mine != (taken && nic.rate_bytes_per_interval))
			fail_msg("%s: we %s, libxlutil %s", text,
				 mine ? "accept" : "refuse",
				 taken ? "accepts" : "refuses");
		if (mine) {
			assert_true(bytes == nic.rate_bytes_per_interval);
			assert_true(us == nic.rate_interval_usecs);
			good++;
		}
		libxl_device_nic_dispose(&nic);
		xlu_cfg_destroy(x);
		free(text);
	}
	assert_true(good > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_and_names_mean_the_same),
		cmocka_unit_test(flags_of_a_disk_arrive),
		cmocka_unit_test(vdevs_have_the_numbers_of_the_interface),
		cmocka_unit_test(settings_of_a_vif_arrive),
		cmocka_unit_test(each_mistake_has_its_sentence),
		cmocka_unit_test(good_pci_strings_are_taken),
		cmocka_unit_test(disks_mean_what_xen_takes_them_for),
		cmocka_unit_test(rates_mean_what_xen_takes_them_for),
	};

	quiet = fopen("/dev/null", "w");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
