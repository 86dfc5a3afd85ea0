/* SPDX-License-Identifier: MIT */
/* Claims about areas that the VMM keeps up to date: runstate and time. */
#include "abi_fixture.h"
#include <xen/vcpu.h>
#include "abi/hypercall.h"
#include "abi/table.h"
#include "core/arch.h"

static int setup(void **state)
{
	int result = abi_setup(state);

	set_time(1000);
	hypercall_reset(vm(1, 0)->domain);
	return result;
}

static int64_t register_area(struct vcpu *v, uint64_t op, uint64_t va)
{
	guest_write(v, scratch(v, 3 * PAGE_SIZE), &va, sizeof(va));
	return call(v, __HYPERVISOR_vcpu_op, op, v->id,
		    scratch(v, 3 * PAGE_SIZE));
}

static int64_t runstate_register(struct vcpu *v, uint64_t va)
{
	return register_area(v, VCPUOP_register_runstate_memory_area, va);
}

static int64_t time_register(struct vcpu *v, uint64_t va)
{
	return register_area(v, VCPUOP_register_vcpu_time_memory_area, va);
}

static struct vcpu_runstate_info in_guest(struct vcpu *v, uint64_t va)
{
	struct vcpu_runstate_info info;

	guest_read(v, va, &info, sizeof(info));
	return info;
}

static void time_is_booked_on_the_state_that_ends(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	runstate_change(v, RUNSTATE_running, 1100);
	runstate_change(v, RUNSTATE_blocked, 1500);
	runstate_change(v, RUNSTATE_runnable, 2500);
	runstate_change(v, RUNSTATE_running, 2600);
	assert_int_equal(v->runstate.time[RUNSTATE_offline], 100);
	assert_int_equal(v->runstate.time[RUNSTATE_running], 400);
	assert_int_equal(v->runstate.time[RUNSTATE_blocked], 1000);
	assert_int_equal(v->runstate.time[RUNSTATE_runnable], 100);
	assert_int_equal(v->runstate.state_entry_time, 2600);
	/* A clock that stands still or goes back books nothing. */
	runstate_change(v, RUNSTATE_runnable, 2000);
	assert_int_equal(v->runstate.time[RUNSTATE_running], 400);
}

static void guests_copy_follows_wherever_it_lies(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	/* Across the page end at every offset, flag byte included. */
	for (uint64_t at = 4096 - 50; at <= 4096 + 2; at++) {
		uint64_t va = scratch(v, at);
		struct vcpu_runstate_info info;

		assert_int_equal(runstate_register(v, va), 0);
		for (unsigned int flag = 0; flag < 2; flag++) {
			v->domain->runstate_update_flag = flag;
			runstate_change(v, RUNSTATE_running, 5000 + at);
			runstate_change(v, RUNSTATE_blocked, 6000 + at);
			info = in_guest(v, va);
			assert_memory_equal(&info, &v->runstate, sizeof(info));
			assert_int_equal(info.state_entry_time, 6000 + at);
		}
	}
	assert_int_equal(runstate_register(v, 0), 0);
	runstate_change(v, RUNSTATE_running, 99999);
	assert_int_not_equal(in_guest(v, scratch(v, 4098)).state_entry_time,
			     99999);
}

static void area_survives_a_change_of_page_tables(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t va = scratch(v, 256);

	(void)state;
	assert_int_equal(runstate_register(v, va), 0);
	mock.fault_va = va;	/* user mode under KPTI */
	runstate_change(v, RUNSTATE_blocked, 7777);
	assert_int_equal(in_guest(v, va).state_entry_time, 7777);
}

static void registration_through_the_call_shows_the_present(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t va = scratch(v, 512);
	struct vcpu_register_runstate_memory_area reg;

	(void)state;
	memset(&reg, 0, sizeof(reg));
	reg.addr.p = va;
	runstate_change(v, RUNSTATE_running, 4321);
	guest_write(v, scratch(v, 0), &reg, sizeof(reg));
	assert_int_equal(call(v, 24, VCPUOP_register_runstate_memory_area, 0,
			      scratch(v, 0)), 0);
	assert_int_equal(in_guest(v, va).state, RUNSTATE_running);
	assert_int_equal(in_guest(v, va).state_entry_time, 4321);
	set_time(5321);
	assert_int_equal(call(v, 24, VCPUOP_get_runstate_info, 0,
			      scratch(v, 1024)), 0);
	assert_int_equal(in_guest(v, scratch(v, 1024)).time[RUNSTATE_running],
			 1000);
}

static void clock_is_ready_in_vcpu_info_and_shared_page(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct vcpu_time_info clock = arch_clock();
	const struct vcpu_time_info *t = &v->info->time;

	(void)state;
	v->info->time.version = 7;	/* a guest may have written this */
	time_fill(v);
	assert_int_equal(t->version % 2, 0);
	assert_int_not_equal(t->version, 0);
	assert_int_equal(t->tsc_to_system_mul, clock.tsc_to_system_mul);
	assert_int_equal(t->tsc_shift, clock.tsc_shift);
	assert_int_equal(t->tsc_timestamp, clock.tsc_timestamp);
	assert_int_equal(t->system_time, clock.system_time);
	assert_int_equal(t->flags, XEN_PVCLOCK_TSC_STABLE_BIT);
	assert_int_equal(v->domain->shared->wc_version % 2, 0);
	assert_int_equal(v->domain->shared->wc_sec,
			 (uint32_t)arch_wallclock_base());
}

static void second_clock_is_a_copy_of_the_first(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct vcpu_time_info copy;

	(void)state;
	time_fill(v);
	assert_int_equal(time_register(v, scratch(v, 2048)), 0);
	guest_read(v, scratch(v, 2048), &copy, sizeof(copy));
	assert_int_equal(copy.version % 2, 0);
	copy.version = v->info->time.version;
	assert_memory_equal(&copy, &v->info->time, sizeof(copy));
	assert_int_equal(time_register(v, 0), 0);
	assert_int_equal(v->time_area.size[0], 0);
}

static void reset_forgets_everything(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	assert_int_equal(runstate_register(v, scratch(v, 0)), 0);
	assert_int_equal(time_register(v, scratch(v, 100)), 0);
	v->domain->callback_vector = 0xf3;
	v->domain->runstate_update_flag = true;
	hypercall_reset(v->domain);
	assert_int_equal(v->runstate_area.size[0] | v->time_area.size[0], 0);
	assert_int_equal(v->domain->callback_vector, 0);
	assert_false(v->domain->runstate_update_flag);
	assert_int_equal(v->runstate.state, RUNSTATE_offline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(time_is_booked_on_the_state_that_ends),
		T(guests_copy_follows_wherever_it_lies),
		T(area_survives_a_change_of_page_tables),
		T(registration_through_the_call_shows_the_present),
		T(clock_is_ready_in_vcpu_info_and_shared_page),
		T(second_clock_is_a_copy_of_the_first),
		T(reset_forgets_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
