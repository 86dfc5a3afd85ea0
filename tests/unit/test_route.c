/* SPDX-License-Identifier: MIT */
/* Which interrupt a vCPU gets, and when the VMM looks again. */
#include "abi_fixture.h"
#include "arch/mock/mock.h"
#include "route.h"
#include "vdev/lapic.h"

#define UPCALL	0xf3u
#define VECTOR	0x41u
#define EOI	0x80bu
#define SVR	0x80fu

static int setup(void **state)
{
	int result = abi_setup(state);
	struct vcpu *v = vm(1, 0);

	v->domain->callback_vector = UPCALL;
	mock_vcpu(v)->interrupts_enabled = true;
	assert_true(lapic_msr_write(v, SVR, 0x1ff));
	v->pending = 0;
	return result;
}

static void make_upcall_due(struct vcpu *v)
{
	v->info->evtchn_upcall_pending = 1;
	v->pending |= VCPU_PENDING_UPCALL;
}

/* What went in; the guest's side of an upcall is done with it. */
static unsigned int enter(struct vcpu *v)
{
	struct mock_vcpu *m = mock_vcpu(v);

	m->injected = m->windows = 0;
	route_pending(v);
	if (m->injected == UPCALL)
		v->info->evtchn_upcall_pending = 0;
	return m->injected;
}

static void one_that_is_due_goes_in_alone(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	assert_int_equal(enter(v), 0);
	make_upcall_due(v);
	assert_int_equal(enter(v), UPCALL);
	assert_int_equal(v->pending, 0);
	lapic_raise(v, VECTOR);
	assert_int_equal(enter(v), VECTOR);
	assert_int_equal(v->pending, 0);
	assert_int_equal(mock_vcpu(v)->windows, 0);
}

static void the_apic_comes_first_and_the_upcall_is_not_forgotten(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	make_upcall_due(v);
	lapic_raise(v, VECTOR);
	assert_int_equal(enter(v), VECTOR);
	assert_int_equal(v->pending, VCPU_PENDING_LOOK);
	assert_int_equal(mock_vcpu(v)->windows, 1);
	/* In the handler: nothing goes in, and the VMM keeps looking. */
	mock_vcpu(v)->interrupts_enabled = false;
	assert_int_equal(enter(v), 0);
	assert_int_equal(v->pending, VCPU_PENDING_LOOK);
	assert_true(lapic_msr_write(v, EOI, 0));
	mock_vcpu(v)->interrupts_enabled = true;
	assert_int_equal(enter(v), UPCALL);
	assert_int_equal(v->pending, 0);
	assert_int_equal(mock_vcpu(v)->windows, 0);
}

static void an_upcall_interrupts_a_handler_that_lets_it(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	lapic_raise(v, VECTOR);
	assert_int_equal(enter(v), VECTOR);
	lapic_raise(v, VECTOR);		/* its class runs: it waits */
	make_upcall_due(v);
	assert_int_equal(enter(v), UPCALL);
	assert_true(lapic_msr_write(v, EOI, 0));
	assert_int_equal(enter(v), VECTOR);
}

static void neither_keeps_the_other_away(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		make_upcall_due(v);
		lapic_raise(v, VECTOR);
		assert_int_equal(enter(v), i % 2 ? UPCALL : VECTOR);
		assert_int_equal(v->pending, VCPU_PENDING_LOOK);
		lapic_msr_write(v, EOI, 0);
	}
}

static void without_an_exact_moment_it_looks_within_a_millisecond(void **state)
{
	struct vcpu *v = vm(1, 0);
	struct timer *slice = &cpu_of(v)->own[0];

	(void)state;
	lapic_raise(v, VECTOR);
	mock_vcpu(v)->interrupts_enabled = false;
	assert_int_equal(enter(v), 0);
	assert_false(timer_is_armed(slice));
	mock_vcpu(v)->no_window = true;
	assert_int_equal(enter(v), 0);
	assert_int_equal(slice->node.key, mock.time + NSEC_PER_MS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(one_that_is_due_goes_in_alone),
		T(the_apic_comes_first_and_the_upcall_is_not_forgotten),
		T(an_upcall_interrupts_a_handler_that_lets_it),
		T(neither_keeps_the_other_away),
		T(without_an_exact_moment_it_looks_within_a_millisecond),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
