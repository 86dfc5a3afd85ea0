/* SPDX-License-Identifier: MIT */
/*
 * Building a VM: what the new guest finds in its memory, byte for byte, when
 * RAM was full of rubbish or of what the VM's last life left there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/mock/mock.h"
#include "core/arch.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/p2m.h"
#include "core/platform.h"
#include "core/world.h"
#include "launch/launch.h"
#include "launch_fixture.h"
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>

#define RAM		(16u << 20)
#define START		0x10a000u	/* the page behind the kernel */
#define RAMDISK		0x10b000u

static uint8_t ram[RAM], want[RAM];

static struct domain *launched(void)
{
	const struct fixture_domain one = { .vcpus = 2, .ramdisk = true,
					    .cmdline = "console=hvc0 quiet" };

	fixture_start(64, true);
	if (fixture_launch(&one, 1))
		fail_msg("refused: %s", fixture_text);
	return domain_at(1);
}

static void audit_is_clean(void)
{
	struct audit audit;

	partition_audit(&audit);
	if (audit.errors)
		fail_msg("audit: %s", audit.first);
}

/* What RAM must hold, apart from start_info's page. */
static void expect(void)
{
	memset(want, 0, RAM);
	for (unsigned int i = 0; i < KERNEL_LOADS; i++) {
		const Elf64_Phdr *s = &fixture_kernel.segment[i];

		memcpy(want + s->p_paddr, fixture_kernel.bytes + s->p_offset,
		       s->p_filesz);
	}
	memcpy(want + RAMDISK, fixture_ramdisk, sizeof(fixture_ramdisk));
}

static void memory_is_as_expected(const struct domain *d)
{
	expect();
	fixture_read(d, 0, ram, RAM);
	memcpy(want + START, ram + START, PAGE_SIZE);
	for (uint32_t i = 0; i < RAM; i++)
		if (ram[i] != want[i])
			fail_msg("0x%x holds 0x%02x, not 0x%02x", i, ram[i],
				 want[i]);
}

static void memory_holds_kernel_ramdisk_and_zeroes(void **state)
{
	struct domain *d = launched();

	(void)state;
	fixture_build(d);
	memory_is_as_expected(d);
	audit_is_clean();
}

static void segments_that_meet_in_a_page_are_whole(void **state)
{
	struct domain *d;

	(void)state;
	fixture_start(64, true);
	/* Both end inside pages; the third begins where the second ends. */
	fixture_kernel.segment[1].p_paddr = 0x100000 + 2500;
	fixture_kernel.segment[2].p_paddr = 0x100000 + 2500 + 9000;
	fixture_kernel.segment[2].p_offset = 2048;
	fixture_kernel.segment[2].p_filesz = 0x1233;
	if (fixture_launch(&(struct fixture_domain){ .vcpus = 1 }, 1))
		fail_msg("refused: %s", fixture_text);
	d = domain_at(1);
	fixture_build(d);
	expect();
	memset(want + RAMDISK, 0, sizeof(fixture_ramdisk));
	fixture_read(d, 0, ram, RAM);
	assert_memory_equal(ram, want, 0x104000);
}

static void start_info_leads_to_everything(void **state)
{
	struct domain *d = launched();
	struct hvm_start_info info;
	struct hvm_modlist_entry module;
	struct hvm_memmap_table_entry map[8];
	char cmdline[64];

	(void)state;
	fixture_build(d);
	assert_int_equal(d->vcpu[0].regs.rip, 0x100010);
	assert_int_equal(d->vcpu[0].regs.rbx, START);
	fixture_read(d, START, &info, sizeof(info));
	assert_int_equal(info.magic, XEN_HVM_START_MAGIC_VALUE);
	assert_int_equal(info.version, 1);
	assert_int_equal(info.flags, 0);
	assert_int_equal(info.rsdp_paddr, GPA_ACPI);
	assert_int_equal(info.nr_modules, 1);
	fixture_read(d, info.modlist_paddr, &module, sizeof(module));
	assert_int_equal(module.paddr, RAMDISK);
	assert_int_equal(module.size, sizeof(fixture_ramdisk));
	fixture_read(d, info.cmdline_paddr, cmdline, sizeof(cmdline));
	assert_string_equal(cmdline, "console=hvc0 quiet");
	assert_int_equal(info.memmap_entries, 4);
	fixture_read(d, info.memmap_paddr, map, 4 * sizeof(map[0]));
	assert_int_equal(map[0].addr, 0);
	assert_int_equal(map[0].size, RAM);
	assert_int_equal(map[0].type, XEN_HVM_MEMMAP_TYPE_RAM);
	assert_int_equal(map[1].addr, GPA_ACPI);
	assert_int_equal(map[1].type, XEN_HVM_MEMMAP_TYPE_ACPI);
	for (unsigned int i = 2; i < 4; i++)
		assert_int_equal(map[i].type, XEN_HVM_MEMMAP_TYPE_RESERVED);
	for (unsigned int i = 1; i < 4; i++)
		assert_true(map[i - 1].addr + map[i - 1].size <= map[i].addr);
}

/* Every leaf outside of RAM lies in a reserved or ACPI entry of the map. */
static void special_pages_are_mapped_where_the_map_says(void **state)
{
	struct domain *d = launched();
	char rsdp[8];

	(void)state;
	fixture_build(d);
	for (uint64_t n = RAM >> PAGE_SHIFT; n < 1 << 20; n++) {
		struct p2m_entry e = p2m_lookup(d, GFN(n));
		uint64_t gpa = n << PAGE_SHIFT;

		if (gpa == GPA_ACPI) {
			assert_int_equal(e.kind, P2M_RAM);
		} else if (gpa == GPA_XENSTORE) {
			assert_int_equal(e.kind, P2M_SHARED);
			assert_int_equal(e.mfn.n, d->xenstore_mfn.n);
		} else if (gpa == GPA_CONSOLE) {
			assert_int_equal(e.kind, P2M_SHARED);
			assert_int_equal(e.mfn.n, d->console.ring.n);
		} else {
			assert_int_equal(e.kind, P2M_NONE);
		}
	}
	fixture_read(d, GPA_ACPI, rsdp, 8);
	assert_memory_equal(rsdp, "RSD PTR ", 8);
	assert_int_equal(d->param[HVM_PARAM_CONSOLE_PFN],
			 GPA_CONSOLE >> PAGE_SHIFT);
	assert_int_equal(d->param[HVM_PARAM_STORE_PFN], 0);
}

static void console_port_reaches_the_vmm(void **state)
{
	struct domain *d = launched();
	uint64_t port;

	(void)state;
	fixture_build(d);
	port = d->param[HVM_PARAM_CONSOLE_EVTCHN];
	assert_int_equal(d->port[port].state, PORT_DEVICE);
	assert_int_equal(event_send(d, (evtchn_port_t)port), 0);
	assert_int_equal(d->device_pending, BIT64(PORT_DEVICE_CONSOLE));
}

/* Grant 1 and port 1 of all but the store are offered to the store. */
static void ring_is_offered_to_the_store_and_to_no_other(void **state)
{
	static const struct fixture_domain two[2] = { { .mib = 4 },
						      { .mib = 4 } };
	const uint32_t store = be(1);

	(void)state;
	fixture_start(64, true);
	fixture_change = (struct fixture_change){
		"machine", "bulkhead,store", &store, 4, false };
	assert_int_equal(fixture_launch(two, 2), 0);
	for (uint32_t id = 1; id <= 2; id++) {
		struct domain *d = domain_at(id);
		const struct grant_entry_v1 *grant;

		fixture_build(d);
		grant = grant_entry(d, GNTTAB_RESERVED_XENSTORE);
		if (id == 1) {
			assert_int_equal(d->param[HVM_PARAM_STORE_PFN], 0);
			assert_int_equal(grant->flags, 0);
			assert_int_equal(d->port[STORE_PORT].state, PORT_FREE);
			continue;
		}
		assert_int_equal(d->param[HVM_PARAM_STORE_PFN],
				 GPA_XENSTORE >> PAGE_SHIFT);
		assert_int_equal(d->param[HVM_PARAM_STORE_EVTCHN], STORE_PORT);
		assert_int_equal(grant->domid, 1);
		assert_int_equal(grant->frame, GPA_XENSTORE >> PAGE_SHIFT);
		assert_int_equal(d->port[STORE_PORT].state, PORT_UNBOUND);
		assert_int_equal(d->port[STORE_PORT].peer_dom, 1);
	}
	audit_is_clean();
}

static void only_the_first_vcpu_runs(void **state)
{
	struct domain *d = launched();

	(void)state;
	fixture_build(d);
	assert_int_equal(d->vcpu[0].state, VCPU_RUNNABLE);
	assert_int_equal(d->vcpu[1].state, VCPU_DOWN);
	for (unsigned int i = 0; i < 2; i++)
		assert_ptr_equal(d->vcpu[i].info, &d->shared->vcpu_info[i]);
}

/* A guest that wrote everywhere and left holes, ports and grants behind. */
static void live(struct domain *d)
{
	evtchn_port_t port;

	for (uint32_t i = 0; i < d->extent_count; i++)
		memset(arch_frame_ptr(d->extent[i].mfn), 0x5a,
		       d->extent[i].count * PAGE_SIZE);
	memset(arch_frame_ptr(d->shared_mfn), 0x5a, PAGE_SIZE);
	memset(arch_frame_ptr(d->console.ring), 0x5a, PAGE_SIZE);
	memset(arch_frame_ptr(d->xenstore_mfn), 0x5a, PAGE_SIZE);
	assert_int_equal(event_alloc_unbound(d, 1, &port), 0);
	for (uint64_t gfn = 100; gfn < 2000; gfn += 700) {
		mfn_t mfn = p2m_lookup(d, GFN(gfn)).mfn;

		p2m_set(d, GFN(gfn), P2M_NONE, false, MFN(0));
		p2m_park(d, mfn);
	}
	d->vcpu[1].state = VCPU_RUNNABLE;
	d->vcpu[1].pending = VCPU_PENDING_NMI;
	d->vcpu[1].runstate_area.size[0] = 8;
	d->vcpu[0].regs.rax = 1;
	d->param[HVM_PARAM_CALLBACK_IRQ] = 77;
	d->callback_vector = 0xf3;
}

static void rebuild_leaves_nothing_of_the_last_life(void **state)
{
	struct domain *d = launched();

	(void)state;
	fixture_build(d);
	live(d);
	audit_is_clean();
	d->state = DOMAIN_BUILDING;
	fixture_build(d);
	memory_is_as_expected(d);
	audit_is_clean();
	assert_int_equal(d->p2m.parked_count, 0);
	assert_int_equal(d->param[HVM_PARAM_CALLBACK_IRQ], 0);
	assert_int_equal(d->callback_vector, 0);
	assert_int_equal(d->vcpu[1].state, VCPU_DOWN);
	assert_int_equal(d->vcpu[1].pending, 0);
	assert_int_equal(d->vcpu[1].runstate_area.size[0], 0);
	assert_int_equal(d->vcpu[0].regs.rax, 0);
	for (uint32_t i = 1; i < d->port_count; i++)
		assert_int_equal(d->port[i].state, i == CONSOLE_PORT ?
				 PORT_DEVICE : PORT_FREE);
	fixture_read(d, GPA_CONSOLE, ram, PAGE_SIZE);
	fixture_read(d, GPA_XENSTORE, ram + PAGE_SIZE, PAGE_SIZE);
	for (uint32_t i = 0; i < 2 * PAGE_SIZE; i++)
		assert_int_equal(ram[i], 0);
}

/* Its NUL is the first byte of a page: the ramdisk goes to the next one. */
static void command_line_that_fills_its_page_ends(void **state)
{
	static char cmdline[PAGE_SIZE - 512 + 1];
	const struct fixture_domain one = { .ramdisk = true,
					    .cmdline = cmdline };
	static char seen[sizeof(cmdline)];

	(void)state;
	memset(cmdline, 'x', sizeof(cmdline) - 1);
	fixture_start(64, true);
	assert_int_equal(fixture_launch(&one, 1), 0);
	fixture_build(domain_at(1));
	fixture_read(domain_at(1), START + 512, seen, sizeof(seen));
	assert_memory_equal(seen, cmdline, sizeof(cmdline));
	fixture_read(domain_at(1), RAMDISK + PAGE_SIZE, ram,
		     sizeof(fixture_ramdisk));
	assert_memory_equal(ram, fixture_ramdisk, sizeof(fixture_ramdisk));
}

/* The smallest pool that is accepted is enough for the build. */
static void smallest_pool_is_enough(void **state)
{
	static const uint32_t mib[] = { 2, 3, 16, 37 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mib); i++) {
		const char *needs;
		uint32_t kib = 4, cell;
		struct fixture_domain one = { .mib = mib[i], .cells = &kib,
					      .cell_count = 1,
					      .list = "bulkhead,pool" };

		fixture_start(64, true);
		assert_int_not_equal(fixture_launch(&one, 1), 0);
		needs = strstr(fixture_text, "too small: ");
		assert_non_null(needs);
		cell = (uint32_t)strtoul(needs + 11, NULL, 10);
		kib = cell - 4;
		fixture_start(64, true);
		assert_int_not_equal(fixture_launch(&one, 1), 0);
		kib = cell;
		fixture_start(64, true);
		assert_int_equal(fixture_launch(&one, 1), 0);
		fixture_build(domain_at(1));
		assert_int_equal(pool_free_count(&domain_at(1)->pool), 0);
		audit_is_clean();
	}
}

static void rebuild_equals_the_first_build(void **state)
{
	struct domain *d = launched();
	static uint8_t first[RAM];

	(void)state;
	fixture_build(d);
	fixture_read(d, 0, first, RAM);
	live(d);
	d->state = DOMAIN_BUILDING;
	fixture_build(d);
	fixture_read(d, 0, ram, RAM);
	assert_memory_equal(ram, first, RAM);
}

static void scrubbing_zeroes_all_that_the_guest_could_write(void **state)
{
	struct domain *d = launched();
	mfn_t special[3] = { d->shared_mfn, d->xenstore_mfn,
			     d->console.ring };
	unsigned int steps = 1;

	(void)state;
	fixture_build(d);
	live(d);
	d->state = DOMAIN_DYING;
	d->job_cursor = 0;
	while (!scrub_step(d))
		steps++;
	assert_in_range(steps, RAM / PAGE_SIZE / 100, RAM / PAGE_SIZE);
	for (uint32_t i = 0; i < d->extent_count; i++) {
		const uint64_t *p = arch_frame_ptr(d->extent[i].mfn);

		for (uint64_t k = 0; k < d->extent[i].count * 512; k++)
			assert_int_equal(p[k], 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		const uint64_t *p = arch_frame_ptr(special[i]);

		for (unsigned int k = 0; k < 512; k++)
			assert_int_equal(p[k], 0);
	}
}

static void build_of_one_domain_touches_no_other(void **state)
{
	static const struct fixture_domain two[2] = { { .mib = 4 },
						      { .mib = 4 } };
	static uint8_t before[4 << 20], after[4 << 20];

	(void)state;
	fixture_start(64, true);
	assert_int_equal(fixture_launch(two, 2), 0);
	fixture_build(domain_at(1));
	fixture_read(domain_at(1), 0, before, sizeof(before));
	fixture_build(domain_at(2));
	domain_at(2)->state = DOMAIN_BUILDING;
	fixture_build(domain_at(2));
	fixture_read(domain_at(1), 0, after, sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
	audit_is_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_holds_kernel_ramdisk_and_zeroes),
		cmocka_unit_test(segments_that_meet_in_a_page_are_whole),
		cmocka_unit_test(start_info_leads_to_everything),
		cmocka_unit_test(special_pages_are_mapped_where_the_map_says),
		cmocka_unit_test(console_port_reaches_the_vmm),
		cmocka_unit_test(
			ring_is_offered_to_the_store_and_to_no_other),
		cmocka_unit_test(only_the_first_vcpu_runs),
		cmocka_unit_test(rebuild_leaves_nothing_of_the_last_life),
		cmocka_unit_test(command_line_that_fills_its_page_ends),
		cmocka_unit_test(smallest_pool_is_enough),
		cmocka_unit_test(rebuild_equals_the_first_build),
		cmocka_unit_test(
			scrubbing_zeroes_all_that_the_guest_could_write),
		cmocka_unit_test(build_of_one_domain_touches_no_other),
	};

	return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
