/* SPDX-License-Identifier: MIT */
/*
 * The inventory of a machine: what is printed is what is read again, and
 * what a configuration cannot have there is refused in one sentence each.
 */
#include "inventory.h"
#include "tool_world.h"

#include <stdlib.h>
#include <string.h>

#define SAVED                                                       \
	"cpus 2\nmemory 1023 MiB\niommu AMD-Vi\n"                   \
	"# function, group, class, vendor:device, registers\n"      \
	"00:00.0   0 060000 8086:29c0 # bridge\n"                   \
	"00:05.0   1 010802 1b36:0010 1fe000000 # storage\n"        \
	"00:06.0   2 060400 1b36:000c header 1 buses 01-02 # bridge\n" \
	"00:07.0   3 020000 8086:10c9 # network\n"                  \
	"00:07.1   3 020000 8086:10c9 # network\n"                  \
	"00:1f.0   4 060100 8086:2918 # bridge\n"                   \
	"00:1f.2   4 010601 8086:2922 port:c080 febd1000 # storage\n" \
	"00:1f.4   4 080600 1022:1451 # system\n"                   \
	"02:00.0   2 020000 8086:10d3 # network\n"

struct checked {
	struct world w;
	struct inventory v;
};

/* Two VMs with these functions, on the machine of this inventory. */
static struct checked check(const char *saved, const char *conf,
			    const char *one, const char *two)
{
	struct checked c = { .w = world_make() };
	char *path = path_join(c.w.folder, "saved");

	test_text_file(c.w.folder, "saved", saved);
	test_vm_file(c.w.folder, "one", one);
	test_vm_file(c.w.folder, "two", two);
	world_read(&c.w, conf);
	if (inventory_read(path, &c.v, &c.w.f))
		inventory_check(&c.v, &c.w.m, &c.w.f);
	free(path);
	return c;
}

static void check_end(struct checked *c)
{
	inventory_free(&c->v);
	world_end(&c->w);
}

static void what_is_printed_is_read_again(void **state)
{
	struct checked c = check(SAVED, "", "", "");
	struct text t = { 0 };

	(void)state;
	assert_no_fault(&c.w.f);
	assert_int_equal(c.v.count, 9);
	assert_int_equal(c.v.function[2].last, 2);
	inventory_print(&c.v, &t);
	assert_string_equal(t.at, SAVED);
	text_free(&t);
	check_end(&c);
}

static void groups_are_devices_and_what_is_behind_a_bridge(void **state)
{
	static const struct {
		uint16_t bdf;
		uint32_t header, buses;
		unsigned int group;
	} table[] = {
		{ 0x300, 0, 0, 1 },	       /* behind two bridges */
		{ 0x0a0, 0x800000, 0, 0 },     { 0x0a1, 0x800000, 0, 0 },
		{ 0x0a8, 1 << 16, 0x050200, 1 }, /* to buses 2 to 5 */
		{ 0x200, 1 << 16, 0x030302, 1 }, { 0x0b0, 0, 0, 2 },
		{ 0x0b3, 0, 0, 99 },	       /* an echo of that */
		{ 0x0b8, 1 << 16, 0x000000, 3 }, /* a bridge to nowhere */
	};
	struct inventory v = { 0 };
	struct text t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		const uint32_t config[16] = { 0x12345678, 0, 0x02000000,
					      table[i].header, 0, 0,
					      table[i].buses };

		inventory_add(&v, table[i].bdf, config);
	}
	inventory_finish(&v);
	assert_int_equal(v.count, ARRAY_COUNT(table) - 1);
	for (size_t i = 0; i < v.count; i++)
		for (size_t k = 0; k < ARRAY_COUNT(table); k++)
			if (table[k].bdf == v.function[i].bdf)
				assert_int_equal(v.function[i].group,
						 table[k].group);
	v.iommu = text_copy("none: \"\\\n");
	inventory_json(&v, &t);
	assert_non_null(strstr(t.at, "\"none: \\u0022\\u005c\\u000a\""));
	text_free(&t);
	inventory_free(&v);
}

static void good_owners_are_taken(void **state)
{
	struct checked c = check(SAVED, "", "pci=['00:05.0']",
				    "pci=['00:07.0','00:07.1']");

	(void)state;
	assert_no_fault(&c.w.f);
	check_end(&c);
	/* The rest of a device may be nobody's. */
	c = check(SAVED, "", "pci=['00:07.1']", "");
	assert_no_fault(&c.w.f);
	check_end(&c);
}

/* The configuration is refused with this alone, at line 5 of a VM. */
static void refused(const char *one, const char *two, const char *part)
{
	struct checked c = check(SAVED, "", one, two);

	assert_int_equal(c.w.f.bad, 1);
	assert_fault(&c.w.f, 5, part);
	check_end(&c);
}

static void what_cannot_be_given_is_refused(void **state)
{
	(void)state;
	refused("pci=['00:05.0']", "pci=['00:05.0']",
		"'pci' names 00:05.0, a function that VM 'one' has already: "
		"give each to one VM, once");
	refused("pci=['00:05.0']", "pci=['00:09.0']",
		"does not have: write one that it has, for example 00:07.0, "
		"00:07.1");
	refused("pci=['00:00.0']", "",
		"'pci' names 00:00.0, which is a bridge or belongs to the "
		"machine: remove it");
	refused("pci=['00:06.0']", "", "00:06.0, which is a bridge");
	refused("", "pci=['02:00.0']",
		"'pci' names 02:00.0, which is behind a bridge: only "
		"functions of bus 00 can be given, remove it");
	refused("pci=['00:1f.2']", "",
		"'pci' names 00:1f.2, which shares its IOMMU group with "
		"00:1f.0, a bridge or a function of the machine: remove it, "
		"or move the device to a slot of its own");
	refused("pci=['00:1f.4']", "", "00:1f.4, which is a bridge");
}

static void one_group_is_not_split(void **state)
{
	struct checked c = check(SAVED, "", "pci=['00:07.0']",
				    "pci=['00:07.1']");

	(void)state;
	assert_int_equal(c.w.f.bad, 2);
	assert_fault(&c.w.f, 5, "'pci' names 00:07.0, which shares its IOMMU "
			      "group with 00:07.1 of VM 'two': give both to "
			      "one VM");
	assert_fault(&c.w.f, 5, "'pci' names 00:07.1, which shares its IOMMU "
			      "group with 00:07.0 of VM 'one'");
	check_end(&c);
}

static void a_machine_must_be_large_enough(void **state)
{
	static const char small[] =
		"cpus 1\nmemory 100 MiB\niommu none: it has no IOMMU\n"
		"00:05.0 0 010802 1b36:0010\n";
	struct checked c = check(small, "memory=1024\n", "pci=['00:05.0']",
				    "cpus=['1']");

	(void)state;
	assert_int_equal(c.w.f.bad, 3);
	assert_fault(&c.w.f, 5, "has none: it has no IOMMU: remove it, or "
			      "accept that its owner can reach all memory by "
			      "unprotected_dma = 1");
	assert_fault(&c.w.f, 5, "'cpus' names CPU 1 and the machine of");
	assert_fault(&c.w.f, 1, "MiB and the machine of");
	check_end(&c);
	c = check(small, "unprotected_dma=1\n", "pci=['00:05.0']", "");
	assert_int_equal(c.w.f.bad, 1);
	assert_fault(&c.w.f, 0, "write smaller 'memory' in VMs");
	check_end(&c);
}

static void a_bad_file_is_named_by_line(void **state)
{
	static const char *const bad[] = {
		"00:05.0 1 010802 1b36", "00:25.0 1 010802 1b36:0010",
		"00:05.9 1 010802 1b36:0010", "cpus many", "cpus 2 and more",
		"memory 5 KiB", "\x01", "00:05.0 1 010802 1b36:0010 what",
		"00:05.0 1 010802 1b36:0010 header 300",
		"00:05.0 1 060400 1b36:0010 header 1 buses 00-01",
	};
	struct checked c;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		char *text = text_format("cpus 2\n%s\nmemory 500 MiB\n"
					 "iommu AMD-Vi\n"
					 "00:05.0 0 010802 1b36:0010\n",
					 bad[i]);

		c = check(text, "", "", "");
		assert_int_equal(c.w.f.bad, 1);
		assert_fault(&c.w.f, 2, "is no line of an inventory: remove");
		check_end(&c);
		free(text);
	}
	c = check("cpus 2\n", "", "", "");
	assert_int_equal(c.w.f.bad, 1);
	assert_fault(&c.w.f, 0, "lacks cpus, memory, iommu or functions");
	check_end(&c);

	struct faults f = { 0 };
	struct inventory v;

	assert_false(inventory_read("/nonexistent", &v, &f));
	assert_one_fault(&f, 0, "bulkhead inventory --save /nonexistent");
	inventory_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_is_read_again),
		cmocka_unit_test(
			groups_are_devices_and_what_is_behind_a_bridge),
		cmocka_unit_test(good_owners_are_taken),
		cmocka_unit_test(what_cannot_be_given_is_refused),
		cmocka_unit_test(one_group_is_not_split),
		cmocka_unit_test(a_machine_must_be_large_enough),
		cmocka_unit_test(a_bad_file_is_named_by_line),
	};

	return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
