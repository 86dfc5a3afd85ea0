/* SPDX-License-Identifier: MIT */
/* Claims about the dispatcher, and about the small calls beside it. */
#include "abi_fixture.h"
#include <xen/arch-x86/cpuid.h>
#include <xen/features.h>
#include <xen/version.h>
#include <xen/vcpu.h>
#include "abi/hypercall.h"
#include "abi/table.h"

static int setup(void **state)
{
	return abi_setup(state);
}

static void every_number_answers_and_unknown_ones_say_so(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	static const uint8_t known[] = { 12, 13, 15, 17, 18, 20, 21, 24, 29,
					 32, 34 };
	for (uint64_t n = 0; n < 300; n++) {
		if (memchr(known, (int)n, sizeof(known)) && n < 256)
			continue;
		assert_int_equal(call(v, n, 0, 0, 0), -XEN_ENOSYS);
	}
	assert_int_equal(call(v, UINT64_MAX, 0, 0, 0), -XEN_ENOSYS);
	assert_int_equal(call(v, 1ull << 32 | 17, 0, 0, 0), -XEN_ENOSYS);
	assert_int_equal(call(v, 17, 0, 0, 0), 0x40011);
}

static void denied_call_is_refused_also_in_a_list(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct multicall_entry entry = { .op = 17 };

	(void)state;
	v->domain->deny[0] |= BIT64(17);
	assert_int_equal(call(v, 17, 0, 0, 0), -XEN_EPERM);
	assert_int_equal(call(vm(2, 0), 17, 0, 0, 0), 0x40011);
	guest_write(v, scratch(v, 0), &entry, sizeof(entry));
	assert_int_equal(call(v, 13, scratch(v, 0), 1, 0), 0);
	guest_read(v, scratch(v, 0), &entry, sizeof(entry));
	assert_int_equal((int64_t)entry.result, -XEN_EPERM);
	v->domain->deny[0] = 0;
}

static void only_ring_0_and_64_bit_code_may_call(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	for (unsigned int cpl = 1; cpl < 4; cpl++) {
		mock_vcpu(v)->cpl = cpl;
		assert_int_equal(call(v, 17, 0, 0, 0), -XEN_EPERM);
	}
	mock_vcpu(v)->cpl = 0;
	mock_vcpu(v)->is_64bit = false;
	assert_int_equal(call(v, 17, 0, 0, 0), -XEN_ENOSYS);
	mock_vcpu(v)->is_64bit = true;
	assert_int_equal(call(v, 17, 0, 0, 0), 0x40011);
}

static void a_call_changes_no_register_but_rax(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct guest_regs before;

	(void)state;
	memset(&v->regs, 0x5a, sizeof(v->regs));
	v->regs.rax = 17;
	v->regs.rdi = XENVER_pagesize;
	v->regs.rsi = 0;
	before = v->regs;
	assert_true(hypercall_dispatch(v));
	assert_int_equal(v->regs.rax, 4096);
	before.rax = 4096;
	assert_memory_equal(&before, &v->regs, sizeof(before));
}

static void version_and_features_are_what_guests_need(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct xen_feature_info info = { .submap_idx = 0 };
	char text[1024];

	(void)state;
	assert_int_equal(call_with(v, 17, XENVER_get_features, info), 0);
	guest_read(v, scratch(v, 0), &info, sizeof(info));
	assert_true(info.submap & BIT32(XENFEAT_auto_translated_physmap));
	assert_true(info.submap & BIT32(XENFEAT_hvm_callback_vector));
	assert_true(info.submap & BIT32(XENFEAT_hvm_safe_pvclock));
	assert_false(info.submap & BIT32(XENFEAT_hvm_pirqs));
	assert_false(info.submap & BIT32(XENFEAT_dom0));
	info.submap_idx = 1;
	assert_int_equal(call_with(v, 17, XENVER_get_features, info),
			 -XEN_EINVAL);
	assert_int_equal(call(v, 17, XENVER_get_features, NOWHERE, 0),
			 -XEN_EFAULT);
	assert_int_equal(call(v, 17, XENVER_extraversion, scratch(v, 0), 0),
			 0);
	guest_read(v, scratch(v, 0), text, 16);
	assert_string_equal(text, "-bulkhead");
	assert_int_equal(call(v, 17, XENVER_extraversion, NOWHERE, 0),
			 -XEN_EFAULT);
	assert_int_equal(call(v, 17, XENVER_capabilities, scratch(v, 4000), 0),
			 0);
	guest_read(v, scratch(v, 4000), text, sizeof(text));
	assert_non_null(strstr(text, "hvm-3.0-x86_64"));
	assert_int_equal(call(v, 17, XENVER_pagesize, scratch(v, 0), 0),
			 -XEN_EINVAL);
	assert_int_equal(call(v, 17, XENVER_commandline, scratch(v, 0), 0),
			 -XEN_EPERM);
	assert_int_equal(call(v, 17, XENVER_build_id, scratch(v, 0), 0),
			 -XEN_ENOSYS);
}

static void cpuid_says_xen_4_17_and_who_one_is(void **state)
{
	struct cpuid_regs r;

	(void)state;
	upcall_cpuid(vm(2, 3), 0x40000000, 0, &r);
	assert_true(r.eax >= 0x40000002);
	assert_memory_equal(&r.ebx, "XenVMMXenVMM", 12);
	upcall_cpuid(vm(2, 3), 0x40000001, 0, &r);
	assert_int_equal(r.eax, 0x40011);
	upcall_cpuid(vm(2, 3), 0x40000002, 0, &r);
	assert_int_equal(r.eax, 1);
	assert_int_equal(r.ebx, 0x40000000);
	upcall_cpuid(vm(2, 3), 0x40000004, 0, &r);
	assert_int_equal(r.eax, XEN_HVM_CPUID_VCPU_ID_PRESENT |
				XEN_HVM_CPUID_DOMID_PRESENT);
	assert_int_equal(r.ebx, 3);
	assert_int_equal(r.ecx, 2);
	upcall_cpuid(vm(2, 3), 0x400000ff, 0, &r);
	assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
}

static void assist_is_the_runstate_flag_only(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	assert_int_equal(call(v, 21, VMASST_CMD_enable,
			      VMASST_TYPE_runstate_update_flag, 0), 0);
	assert_true(v->domain->runstate_update_flag);
	assert_int_equal(call(v, 21, VMASST_CMD_disable,
			      VMASST_TYPE_runstate_update_flag, 0), 0);
	assert_false(v->domain->runstate_update_flag);
	assert_int_equal(call(v, 21, VMASST_CMD_enable, 0, 0), -XEN_EINVAL);
	assert_int_equal(call(v, 21, VMASST_CMD_enable, 37, 0), -XEN_EINVAL);
	assert_int_equal(call(v, 21, 2, 5, 0), -XEN_ENOSYS);
}

static void hypercall_page_is_written_to_own_ram_only(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t gpa = gpa_of(v, scratch(v, 4096));
	uint8_t page[4096];

	(void)state;
	assert_int_equal(gpa % 4096, 0);
	assert_true(hypercall_page_write(v, gpa));
	guest_read(v, scratch(v, 4096), page, sizeof(page));
	for (unsigned int n = 0; n < 128; n++) {
		const uint8_t *slot = page + n * 32;

		if (n == 23) {
			assert_memory_equal(slot, "\x0f\x0b", 2);
			continue;
		}
		assert_memory_equal(slot, "\xb8", 1);
		assert_int_equal(slot[1], n);
		assert_memory_equal(slot + 2, "\0\0\0\x0f\x01\xd9\xc3", 7);
	}
	assert_false(hypercall_page_write(v, gpa + 1));
	assert_false(hypercall_page_write(v, 1ull << 39));
	assert_false(hypercall_page_write(v, UINT64_MAX << 12));
}

static void list_runs_in_order_and_refuses_lists(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct multicall_entry entry[20] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		entry[i].op = i == 7 ? 13 : 17;
		entry[i].args[0] = i % 2 ? XENVER_version : 99;
		entry[i].result = 0x5555;
	}
	guest_write(v, scratch(v, 100), entry, sizeof(entry));
	assert_int_equal(call(v, 13, scratch(v, 100), 20, 0), 0);
	guest_read(v, scratch(v, 100), entry, sizeof(entry));
	for (unsigned int i = 0; i < 20; i++) {
		int64_t want = i % 2 ? 0x40011 : -XEN_ENOSYS;

		assert_int_equal((int64_t)entry[i].result,
				 i == 7 ? -XEN_EINVAL : want);
	}
	assert_int_equal(call(v, 13, NOWHERE, 1, 0), -XEN_EFAULT);
	assert_int_equal(call(v, 13, NOWHERE, 0, 0), 0);
}

static void list_lets_others_run_and_keeps_its_place(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct multicall_entry entry[30] = { 0 };
	unsigned int turns = 1;

	(void)state;
	for (unsigned int i = 0; i < 30; i++)
		entry[i].op = 17;
	guest_write(v, scratch(v, 0), entry, sizeof(entry));
	v->regs.rax = 13;
	v->regs.rdi = scratch(v, 0);
	v->regs.rsi = 30;
	while (!hypercall_dispatch(v)) {
		assert_int_equal(v->regs.rax, 13);
		assert_int_equal(v->regs.rdi, scratch(v, 0) +
				 (30 - v->regs.rsi) * sizeof(entry[0]));
		turns++;
		assert_true(turns < 31);
	}
	assert_true(turns > 3);
	assert_int_equal(v->regs.rax, 0);
	guest_read(v, scratch(v, 0), entry, sizeof(entry));
	for (unsigned int i = 0; i < 30; i++)
		assert_int_equal(entry[i].result, 0x40011);
}

/* A long console write inside a list is resumed through its entry. */
static void call_of_a_list_may_go_on_later(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct multicall_entry entry[2] = {
		{ .op = 18, .args = { 0, 1200, scratch(v, 4096) } },
		{ .op = 17 },
	};
	char text[1200];
	uint64_t before = v->domain->console.produced;

	(void)state;
	memset(text, 'x', sizeof(text));
	guest_write(v, scratch(v, 4096), text, sizeof(text));
	guest_write(v, scratch(v, 0), entry, sizeof(entry));
	assert_int_equal(call(v, 13, scratch(v, 0), 2, 0), 0);
	guest_read(v, scratch(v, 0), entry, sizeof(entry));
	assert_int_equal(entry[0].result, 0);
	assert_int_equal(entry[1].result, 0x40011);
	assert_int_equal(v->domain->console.produced, before + 1200);
}

static void a_vcpu_asleep_does_no_more_of_its_list(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct multicall_entry entry[2] = {
		{ .op = 29, .args = { 1 } }, { .op = 17 },
	};

	(void)state;
	v->info->evtchn_upcall_pending = 0;
	v->pending = 0;
	guest_write(v, scratch(v, 0), entry, sizeof(entry));
	v->regs.rax = 13;
	v->regs.rdi = scratch(v, 0);
	v->regs.rsi = 2;
	assert_false(hypercall_dispatch(v));
	assert_int_equal(v->state, VCPU_BLOCKED);
	assert_int_equal(v->regs.rsi, 1);
	v->state = VCPU_RUNNABLE;
	assert_true(hypercall_dispatch(v));
	guest_read(v, scratch(v, 0), entry, sizeof(entry));
	assert_int_equal(entry[0].result, 0);
	assert_int_equal(entry[1].result, 0x40011);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_number_answers_and_unknown_ones_say_so),
		T(denied_call_is_refused_also_in_a_list),
		T(only_ring_0_and_64_bit_code_may_call),
		T(a_call_changes_no_register_but_rax),
		T(version_and_features_are_what_guests_need),
		T(cpuid_says_xen_4_17_and_who_one_is),
		T(assist_is_the_runstate_flag_only),
		T(hypercall_page_is_written_to_own_ram_only),
		T(list_runs_in_order_and_refuses_lists),
		T(list_lets_others_run_and_keeps_its_place),
		T(call_of_a_list_may_go_on_later),
		T(a_vcpu_asleep_does_no_more_of_its_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
