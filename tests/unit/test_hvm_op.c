/* SPDX-License-Identifier: MIT */
/* Claims about hvm_op: parameters and callback vectors. */
#include "abi_fixture.h"
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#define VECTOR	(2ull << 56 | 0xf3)

static int setup(void **state)
{
	return abi_setup(state);
}

static int64_t set(struct vcpu *v, uint16_t domid, uint32_t index,
		   uint64_t value)
{
	struct xen_hvm_param param = { .domid = domid, .index = index,
				       .value = value };

	return call_with(v, 34, HVMOP_set_param, param);
}

static int64_t get(struct vcpu *v, uint16_t domid, uint32_t index,
		   uint64_t *value)
{
	struct xen_hvm_param param = { .domid = domid, .index = index };
	int64_t result = call_with(v, 34, HVMOP_get_param, param);

	guest_read(v, scratch(v, 0), &param, sizeof(param));
	*value = param.value;
	return result;
}

static void what_launch_decided_can_be_read_not_written(void **state)
{
	struct vcpu *v = vm(1, 0);
	static const uint8_t index[] = { HVM_PARAM_STORE_PFN,
					 HVM_PARAM_CONSOLE_PFN };
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(index); i++) {
		v->domain->param[index[i]] = 0xfeff0 + i;
		assert_int_equal(get(v, DOMID_SELF, index[i], &value), 0);
		assert_int_equal(value, 0xfeff0 + i);
		assert_int_equal(set(v, DOMID_SELF, index[i], 7), -XEN_EPERM);
		assert_int_equal(v->domain->param[index[i]], 0xfeff0 + i);
	}
}

static void guests_numbers_come_back(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t value;

	(void)state;
	assert_int_equal(set(v, DOMID_SELF, HVM_PARAM_STORE_EVTCHN, 99), 0);
	assert_int_equal(get(v, 1, HVM_PARAM_STORE_EVTCHN, &value), 0);
	assert_int_equal(value, 99);
	assert_int_equal(get(v, 1, HVM_PARAM_VM_GENERATION_ID_ADDR, &value),
			 0);
	assert_int_equal(value, 0);
}

static void every_other_index_is_refused(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t value, before[40];
	static const uint8_t gone[] = { 4, 13, 20, 21, 22, 23, 24, 26, 30 };

	(void)state;
	memcpy(before, v->domain->param, sizeof(before));
	for (uint32_t i = 39; i < 70; i++) {
		assert_int_equal(get(v, 1, i, &value), -XEN_EINVAL);
		assert_int_equal(set(v, 1, i, 1), -XEN_EINVAL);
	}
	assert_int_equal(set(v, 1, UINT32_MAX, 1), -XEN_EINVAL);
	for (size_t i = 0; i < sizeof(gone); i++)
		assert_int_equal(set(v, 1, gone[i], 1), -XEN_EINVAL);
	assert_int_equal(set(v, 1, HVM_PARAM_IDENT_PT, 1), -XEN_EPERM);
	assert_int_equal(set(v, 1, HVM_PARAM_ALTP2M, 1), -XEN_EPERM);
	assert_int_equal(get(v, 1, HVM_PARAM_ALTP2M, &value), 0);
	assert_int_equal(get(v, 1, HVM_PARAM_IDENT_PT, &value), -XEN_EPERM);
	assert_memory_equal(before, v->domain->param, sizeof(before));
}

/* The answer tells nothing about who exists. */
static void others_parameters_are_out_of_reach(void **state)
{
	struct vcpu *v = vm(1, 0);
	static const uint16_t other[] = { 0, 2, 3, 500, DOMID_IO, DOMID_XEN,
					  DOMID_INVALID };
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		assert_int_equal(get(v, other[i], HVM_PARAM_STORE_PFN, &value),
				 -XEN_EPERM);
		assert_int_equal(set(v, other[i], HVM_PARAM_STORE_EVTCHN, 1),
				 -XEN_EPERM);
	}
}

static void callback_vector_is_taken_and_told_of_waiting_events(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		vm(1, i)->pending = 0;
	vm(1, 2)->info->evtchn_upcall_pending = 1;
	assert_int_equal(set(v, DOMID_SELF, HVM_PARAM_CALLBACK_IRQ, VECTOR),
			 0);
	assert_int_equal(v->domain->callback_vector, 0xf3);
	assert_true(vm(1, 2)->pending & VCPU_PENDING_UPCALL);
	assert_int_equal(vm(1, 1)->pending, 0);
	/* Wires that are not there switch the vector off. */
	assert_int_equal(set(v, DOMID_SELF, HVM_PARAM_CALLBACK_IRQ, 1), 0);
	assert_int_equal(v->domain->callback_vector, 0);
}

static void exceptions_are_no_callback_vectors(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	assert_int_equal(set(v, 1, HVM_PARAM_CALLBACK_IRQ, VECTOR), 0);
	assert_int_equal(set(v, 1, HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | 14),
			 -XEN_EINVAL);
	assert_int_equal(set(v, 1, HVM_PARAM_CALLBACK_IRQ, 3ull << 56 | 0xf3),
			 -XEN_EINVAL);
	assert_int_equal(v->domain->callback_vector, 0xf3);
	assert_int_equal(v->domain->param[HVM_PARAM_CALLBACK_IRQ], VECTOR);
}

static void other_calls_fail_as_linux_expects(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct xen_hvm_pagetable_dying dying = { .domid = DOMID_SELF };

	(void)state;
	assert_int_equal(call_with(v, 34, HVMOP_pagetable_dying, dying),
			 -XEN_EINVAL);
	for (uint64_t n = 0; n < 64; n++) {
		if (n != HVMOP_set_param && n != HVMOP_get_param &&
		    n != HVMOP_pagetable_dying)
			assert_int_equal(call(v, 34, n, scratch(v, 0), 0),
					 -XEN_ENOSYS);
	}
	assert_int_equal(call(v, 34, HVMOP_set_param, NOWHERE, 0),
			 -XEN_EFAULT);
	assert_int_equal(call(v, 34, HVMOP_get_param, NOWHERE, 0),
			 -XEN_EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_launch_decided_can_be_read_not_written),
		T(guests_numbers_come_back),
		T(every_other_index_is_refused),
		T(others_parameters_are_out_of_reach),
		T(callback_vector_is_taken_and_told_of_waiting_events),
		T(exceptions_are_no_callback_vectors),
		T(other_calls_fail_as_linux_expects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
