/* SPDX-License-Identifier: MIT */
/* HYPERVISOR_event_channel_op: layouts, faults, and who is "self". */
#include "world_fixture.h"
#include <xen/errno.h>
#include <xen/event_channel.h>
#include "core/event.h"

static int setup(void **state)
{
	(void)state;
	world_start(2, (struct vm_spec[]){ { .port_count = 1024 }, { 0 } });
	world_allow(1, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

#define op(vm, cmd, arg) \
	world_call(vcpu_at(vm, 0), do_event_channel_op, EVTCHNOP_##cmd, \
		   &(arg), sizeof(arg), 0)

static void results_are_written_where_the_abi_has_them(void **state)
{
	struct evtchn_alloc_unbound offer = { .dom = DOMID_SELF,
					      .remote_dom = 2, .port = 77 };
	struct evtchn_bind_interdomain bind = { .remote_dom = 1 };
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_status status = { .dom = 1 };

	(void)state;
	assert_int_equal(op(1, alloc_unbound, offer), 0);
	assert_int_equal(offer.port, 1);
	bind.remote_port = offer.port;
	assert_int_equal(op(2, bind_interdomain, bind), 0);
	assert_int_equal(bind.local_port, 1);
	assert_int_equal(op(1, bind_virq, virq), 0);
	assert_int_equal(virq.port, 3);	/* 2 is the console's */
	assert_int_equal(op(1, bind_ipi, ipi), 0);
	assert_int_equal(ipi.port, 4);
	status.port = offer.port;
	assert_int_equal(op(1, status, status), 0);
	assert_int_equal(status.status, EVTCHNSTAT_interdomain);
	assert_int_equal(status.u.interdomain.dom, 2);
	assert_int_equal(status.u.interdomain.port, bind.local_port);
}

static void the_whole_life_of_a_channel(void **state)
{
	struct evtchn_alloc_unbound offer = { .dom = 1, .remote_dom = 2 };
	struct evtchn_bind_interdomain bind = { .remote_dom = 1 };
	struct evtchn_bind_vcpu move;
	struct evtchn_unmask unmask;
	struct evtchn_close close;
	struct evtchn_send send;

	(void)state;
	assert_int_equal(op(1, alloc_unbound, offer), 0);
	bind.remote_port = send.port = unmask.port = offer.port;
	assert_int_equal(op(2, bind_interdomain, bind), 0);
	move = (struct evtchn_bind_vcpu){ offer.port, 0 };
	assert_int_equal(op(1, bind_vcpu, move), 0);
	move.vcpu = 1;
	assert_int_equal(op(1, bind_vcpu, move), -XEN_ENOENT);
	vm_at(2)->shared->evtchn_pending[0] = 0;
	assert_int_equal(op(1, send, send), 0);
	assert_true(event_is_pending(vm_at(2), bind.local_port));
	assert_int_equal(op(1, unmask, unmask), 0);
	close.port = offer.port;
	assert_int_equal(op(1, close, close), 0);
	assert_int_equal(op(1, close, close), -XEN_EINVAL);
	assert_int_equal(op(1, unmask, unmask), -XEN_EINVAL);
}

static void nobody_acts_for_others(void **state)
{
	struct evtchn_alloc_unbound offer = { .dom = 2, .remote_dom = 1 };
	struct evtchn_status status = { .dom = 2, .port = 2 };
	struct evtchn_reset reset = { .dom = 2 };

	(void)state;
	assert_refused(op(1, alloc_unbound, offer), -XEN_EPERM);
	assert_refused(op(1, status, status), -XEN_EPERM);
	assert_refused(op(1, reset, reset), -XEN_EPERM);
	offer.dom = status.dom = reset.dom = 999;
	assert_refused(op(1, alloc_unbound, offer), -XEN_EPERM);
	assert_refused(op(1, status, status), -XEN_EPERM);
	assert_refused(op(1, reset, reset), -XEN_EPERM);
}

static void what_is_not_offered_does_not_exist(void **state)
{
	static const uint64_t cmd[] = {
		EVTCHNOP_bind_pirq, EVTCHNOP_init_control,
		EVTCHNOP_expand_array, EVTCHNOP_set_priority, 14, 15, 4711,
		UINT32_MAX, BIT64(32), BIT64(32) | EVTCHNOP_send, UINT64_MAX
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cmd); i++)
		assert_refused(world_call_at(vcpu_at(1, 0), do_event_channel_op,
					     cmd[i], WORLD_ARG_GPA, 0),
			       -XEN_ENOSYS);
}

static void bad_pointers_fault_and_change_nothing(void **state)
{
	static const uint64_t va[] = { 0x20000, 0x1ffff, UINT64_MAX,
				       BIT64(40) };

	(void)state;
	for (uint64_t cmd = 0; cmd <= EVTCHNOP_reset; cmd++)
		for (unsigned int i = 0; i < ARRAY_SIZE(va); i++)
			if (cmd != EVTCHNOP_bind_pirq)
				assert_refused(world_call_at(
					vcpu_at(1, 0), do_event_channel_op,
					cmd, va[i], 0), -XEN_EFAULT);
}

static void a_result_that_cannot_be_written_binds_nothing(void **state)
{
	struct evtchn_alloc_unbound offer = { .dom = DOMID_SELF,
					      .remote_dom = 2 };
	char *guest = vm_ptr(1, 0x2ffc);

	(void)state;
	memcpy(guest, &offer, 4);
	memcpy(vm_ptr(1, 0x3000), (char *)&offer + 4, 4);
	mock.readonly_va = 0x3000;
	assert_refused(world_call_at(vcpu_at(1, 0), do_event_channel_op,
				     EVTCHNOP_alloc_unbound, 0x2ffc, 0),
		       -XEN_EFAULT);
	for (mock.fail_at = 1;; mock.fail_at++) {
		uint64_t at = mock.fail_at;

		mock.readonly_va = MOCK_VA_NONE;
		if (world_call_at(vcpu_at(1, 0), do_event_channel_op,
				  EVTCHNOP_alloc_unbound, 0x2ffc, 0) == 0)
			break;
		assert_int_equal(vm_at(1)->port[1].state, PORT_FREE);
		mock.fail_at = at;
	}
	assert_int_equal(mock.fail_at, 1);	/* 2 pages, 3rd would fail */
	mock.fail_at = 0;
	assert_int_equal(*(uint32_t *)vm_ptr(1, 0x3000), 1);
}

static void arguments_may_be_read_only(void **state)
{
	struct evtchn_send send = { .port = 2 };

	(void)state;
	mock.readonly_va = WORLD_ARG_GPA;
	assert_int_equal(op(1, send, send), 0);
	assert_int_equal(vm_at(1)->device_pending, 1);
}

static void a_reset_closes_everything_in_slices(void **state)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	evtchn_port_t port;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(event_alloc_unbound(vm_at(1), 2, &port), 0);
	for (unsigned int i = 1; i < 60; i++)
		assert_int_equal(event_bind_interdomain(vm_at(2), 1, i * 16,
							&port), 0);
	assert_int_equal(op(1, reset, reset), 0);
	assert_true(world_slices >= 1024 / 64);
	for (unsigned int i = 0; i < 1024; i++)
		assert_int_equal(vm_at(1)->port[i].state,
				 i == 2 ? PORT_DEVICE : PORT_FREE);
	for (unsigned int i = 3; i < 60; i++)
		assert_int_equal(vm_at(2)->port[i].state, PORT_UNBOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(results_are_written_where_the_abi_has_them),
		TEST(the_whole_life_of_a_channel),
		TEST(nobody_acts_for_others),
		TEST(what_is_not_offered_does_not_exist),
		TEST(bad_pointers_fault_and_change_nothing),
		TEST(a_result_that_cannot_be_written_binds_nothing),
		TEST(arguments_may_be_read_only),
		TEST(a_reset_closes_everything_in_slices),
	};

	return cmocka_run_group_tests_name("event_channel_op", tests, NULL,
					   NULL);
}
