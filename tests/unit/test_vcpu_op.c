/* SPDX-License-Identifier: MIT */
/* Claims about vcpu_op and set_timer_op: timers and registered areas. */
#include "abi_fixture.h"
#include <xen/vcpu.h>
#include "abi/hypercall.h"
#include "core/event.h"

static int setup(void **state)
{
	int result = abi_setup(state);

	set_time(1000000);
	return result;
}

static evtchn_port_t timer_port(struct vcpu *v)
{
	evtchn_port_t port;

	assert_int_equal(event_bind_virq(v->domain, VIRQ_TIMER, v->id, &port),
			 0);
	return port;
}

static int64_t op(struct vcpu *v, uint64_t number, uint64_t vcpu, uint64_t va)
{
	return call(v, 24, number, vcpu, va);
}

/* The argument is put into scratch memory. */
#define op_with(v, number, vcpu, argument) ({ \
	guest_write((v), scratch((v), 64), &(argument), sizeof(argument)); \
	op((v), (number), (vcpu), scratch((v), 64)); })

static void a_vcpu_that_is_not_there_is_not_found(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 20; n++) {
		assert_int_equal(op(vm(1, 0), n, 4, 0), -XEN_ENOENT);
		assert_int_equal(op(vm(1, 0), n, UINT64_MAX, 0), -XEN_ENOENT);
		assert_int_equal(op(vm(1, 0), n, 1ull << 31, 0), -XEN_ENOENT);
	}
}

static void up_is_who_runs_or_sleeps(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	vm(1, 1)->state = VCPU_DOWN;
	vm(1, 2)->state = VCPU_BLOCKED;
	assert_int_equal(op(v, VCPUOP_is_up, 0, 0), 1);
	assert_int_equal(op(v, VCPUOP_is_up, 1, 0), 0);
	assert_int_equal(op(v, VCPUOP_is_up, 2, 0), 1);
	assert_int_equal(op(v, VCPUOP_up, 1, 0), -XEN_EINVAL);
	assert_int_equal(op(v, VCPUOP_up, 2, 0), 0);
	assert_int_equal(op(v, VCPUOP_down, 2, 0), -XEN_ENOSYS);
	assert_int_equal(op(v, VCPUOP_initialise, 1, 0), -XEN_ENOSYS);
	assert_int_equal(op(v, VCPUOP_get_physid, 0, 0), -XEN_ENOSYS);
	assert_int_equal(op(v, 14, 0, 0), -XEN_ENOSYS);
	/* What C leaves in the upper half of an int's register is noise. */
	assert_int_equal(op(v, 1ull << 32 | 3, 1ull << 63, 0), 1);
}

static void one_shot_timer_fires_at_its_time(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port = timer_port(v);
	struct vcpu_set_singleshot_timer set = { .timeout_abs_ns = 1500000 };

	(void)state;
	assert_int_equal(op_with(v, VCPUOP_set_singleshot_timer, 0, set), 0);
	assert_false(event_is_pending(v->domain, port));
	set_time(1499999);
	assert_int_equal(fire_timers(v), 0);
	set_time(1500000);
	assert_int_equal(fire_timers(v), 1u << TIMER_SINGLESHOT);
}

static void one_shot_in_the_past_fires_at_once(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port = timer_port(v);
	struct vcpu_set_singleshot_timer set = { .timeout_abs_ns = 1000000 };

	(void)state;
	set.flags = VCPU_SSHOTTMR_future;
	assert_int_equal(op_with(v, VCPUOP_set_singleshot_timer, 0, set),
			 -XEN_ETIME);
	assert_false(event_is_pending(v->domain, port));
	set.flags = 0;
	assert_int_equal(op_with(v, VCPUOP_set_singleshot_timer, 0, set), 0);
	assert_true(event_is_pending(v->domain, port));
	assert_false(timer_is_armed(&v->timer[TIMER_SINGLESHOT]));
	assert_true(v->pending & VCPU_PENDING_UPCALL);
}

static void stopping_is_always_allowed(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct vcpu_set_singleshot_timer set = { .timeout_abs_ns = 9000000 };

	(void)state;
	assert_int_equal(op(v, VCPUOP_stop_singleshot_timer, 0, 0), 0);
	assert_int_equal(op(v, VCPUOP_stop_periodic_timer, 0, 0), 0);
	assert_int_equal(op(v, VCPUOP_stop_periodic_timer, 1, 0), 0);
	assert_int_equal(op_with(v, VCPUOP_set_singleshot_timer, 0, set), 0);
	assert_int_equal(op(v, VCPUOP_stop_singleshot_timer, 0, 0), 0);
	assert_false(timer_is_armed(&v->timer[TIMER_SINGLESHOT]));
}

static void what_belongs_to_a_cpu_is_changed_by_its_vcpu_only(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t address = scratch(v, 0);
	struct vcpu_set_singleshot_timer set = { .timeout_abs_ns = 9000000 };

	(void)state;
	assert_int_equal(op_with(v, VCPUOP_set_singleshot_timer, 1, set),
			 -XEN_EINVAL);
	assert_int_equal(op(v, VCPUOP_stop_singleshot_timer, 1, 0),
			 -XEN_EINVAL);
	assert_int_equal(op_with(v, VCPUOP_register_runstate_memory_area, 1,
				 address), -XEN_EINVAL);
	assert_int_equal(op_with(v, VCPUOP_register_vcpu_time_memory_area, 1,
				 address), -XEN_EINVAL);
	assert_int_equal(op(v, VCPUOP_get_runstate_info, 1, address),
			 -XEN_EINVAL);
}

static void unreadable_arguments_fault(void **state)
{
	struct vcpu *v = vm(1, 0);
	static const uint8_t ops[] = { 4, 5, 8, 10, 13 };

	(void)state;
	v->regs.rsi = 0;
	v->regs.rdx = NOWHERE;
	for (size_t i = 0; i < sizeof(ops); i++) {
		v->regs.rdi = ops[i];
		assert_refused(do_vcpu_op(v), -XEN_EFAULT);
	}
	uint64_t address = NOWHERE;
	assert_int_equal(op_with(v, VCPUOP_register_runstate_memory_area, 0,
				 address), -XEN_EFAULT);
	assert_int_equal(op_with(v, VCPUOP_register_vcpu_time_memory_area, 0,
				 address), -XEN_EFAULT);
	assert_int_equal(v->runstate_area.size[0], 0);
	assert_int_equal(v->time_area.size[0], 0);
}

static void nmi_reaches_the_vcpu(void **state)
{
	(void)state;
	vm(1, 2)->pending = 0;
	assert_int_equal(op(vm(1, 0), VCPUOP_send_nmi, 2, 0), 0);
	assert_true(vm(1, 2)->pending & VCPU_PENDING_NMI);
	assert_int_equal(vm(2, 2)->pending & VCPU_PENDING_NMI, 0);
}

static void moved_vcpu_info_loses_no_event(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct vcpu_info *old = v->info, now;
	uint64_t va = scratch(v, 4096 + 128);
	evtchn_port_t port;
	struct vcpu_register_vcpu_info reg = {
		.mfn = gpa_of(v, va) >> 12, .offset = 128,
	};

	(void)state;
	time_fill(v);
	assert_int_equal(event_bind_ipi(v->domain, 0, &port), 0);
	v->pending = 0;
	assert_int_equal(op_with(v, VCPUOP_register_vcpu_info, 0, reg), 0);
	assert_ptr_not_equal(v->info, old);
	assert_true(v->pending & VCPU_PENDING_UPCALL);
	guest_read(v, va, &now, sizeof(now));
	assert_int_equal(now.evtchn_upcall_pending, 1);
	assert_int_equal(now.evtchn_pending_sel, ~0ul);
	assert_int_not_equal(now.time.tsc_to_system_mul, 0);
	assert_int_equal(now.time.version % 2, 0);
	/* New events go to the new place. */
	v->info->evtchn_pending_sel = 0;
	v->info->evtchn_upcall_pending = 0;
	event_raise(v->domain, port);
	guest_read(v, va, &now, sizeof(now));
	assert_int_equal(now.evtchn_upcall_pending, 1);
	assert_int_equal(now.evtchn_pending_sel, 1);
	/* Once is enough. */
	assert_int_equal(op_with(v, VCPUOP_register_vcpu_info, 0, reg),
			 -XEN_EINVAL);
}

static void vcpu_info_has_its_place_in_own_ram(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct vcpu_info *old = v->info;
	uint64_t gfn = gpa_of(v, scratch(v, 0)) >> 12;
	struct { uint64_t gfn; uint32_t offset; int64_t err; } bad[] = {
		{ gfn, 4096 - 56, -XEN_ENXIO }, { gfn, 4, -XEN_ENXIO },
		{ gfn, UINT32_MAX - 7, -XEN_ENXIO },
		{ UINT64_MAX, 0, -XEN_EINVAL }, { 1ull << 27, 0, -XEN_EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct vcpu_register_vcpu_info reg = {
			.mfn = bad[i].gfn, .offset = bad[i].offset,
		};

		assert_int_equal(op_with(v, VCPUOP_register_vcpu_info, 0,
					 reg), bad[i].err);
		assert_ptr_equal(v->info, old);
		assert_ptr_equal(v->info, &v->domain->shared->vcpu_info[v->id]);
	}
}

static void info_of_another_vcpu_moves_while_it_is_down(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct vcpu_register_vcpu_info reg = {
		.mfn = gpa_of(v, scratch(v, 0)) >> 12, .offset = 4096 - 64,
	};

	(void)state;
	assert_int_equal(op_with(v, VCPUOP_register_vcpu_info, 1, reg),
			 -XEN_EINVAL);
	vm(1, 1)->state = VCPU_DOWN;
	assert_int_equal(op_with(v, VCPUOP_register_vcpu_info, 1, reg), 0);
	assert_ptr_not_equal(vm(1, 1)->info,
			     &vm(1, 1)->domain->shared->vcpu_info[1]);
}

static void set_timer_op_is_the_old_form(void **state)
{
	struct vcpu *v = vm(1, 0);
	evtchn_port_t port = timer_port(v);

	(void)state;
	assert_int_equal(call(v, 15, 2000000, 0, 0), 0);
	assert_int_equal(v->timer[TIMER_SINGLESHOT].node.key, 2000000);
	assert_int_equal(call(v, 15, 0, 0, 0), 0);
	assert_false(timer_is_armed(&v->timer[TIMER_SINGLESHOT]));
	assert_false(event_is_pending(v->domain, port));
	assert_int_equal(call(v, 15, 1, 0, 0), 0);
	assert_true(event_is_pending(v->domain, port));
	assert_int_equal(call(v, 15, UINT64_MAX - 1, 0, 0), 0);
	assert_int_equal(call(v, 15, UINT64_MAX, 0, 0), 0);
	assert_int_equal(call(v, 15, 0, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vcpu_that_is_not_there_is_not_found),
		T(up_is_who_runs_or_sleeps),
		T(one_shot_timer_fires_at_its_time),
		T(one_shot_in_the_past_fires_at_once),
		T(stopping_is_always_allowed),
		T(what_belongs_to_a_cpu_is_changed_by_its_vcpu_only),
		T(unreadable_arguments_fault),
		T(nmi_reaches_the_vcpu),
		T(moved_vcpu_info_loses_no_event),
		T(vcpu_info_has_its_place_in_own_ram),
		T(info_of_another_vcpu_moves_while_it_is_down),
		T(set_timer_op_is_the_old_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
