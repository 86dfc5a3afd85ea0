/* SPDX-License-Identifier: MIT */
/* Claims about the virtual local APIC; see vdev/lapic.h. */
#include "core/hooks.h"
#include "abi_fixture.h"
#include "vdev/lapic.h"

#define EOI	0x80bu
#define TPR	0x808u
#define PPR	0x80au
#define SVR	0x80fu
#define ISR	0x810u
#define IRR	0x820u
#define ESR	0x828u
#define ICR	0x830u
#define LVTT	0x832u
#define LVTERR	0x837u
#define INITIAL	0x838u
#define CURRENT	0x839u
#define DIVIDE	0x83eu
#define SELF	0x83fu

static uint64_t rd(struct vcpu *v, uint32_t index)
{
	uint64_t value = 0xdead;

	assert_true(lapic_msr_read(v, index, &value));
	return value;
}

static void wr(struct vcpu *v, uint32_t index, uint64_t value)
{
	assert_true(lapic_msr_write(v, index, value));
}

static int setup(void **state)
{
	int result = abi_setup(state);

	for (unsigned int i = 0; i < 4; i++) {
		lapic_reset(vm(1, i));
		wr(vm(1, i), SVR, 0x1ff);
		vm(1, i)->pending = 0;
	}
	lapic_reset(vm(2, 0));
	wr(vm(2, 0), SVR, 0x1ff);
	vm(2, 0)->pending = 0;
	return result;
}

static void identity_is_the_vcpu_index(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(rd(vm(1, i), 0x802), i);
		assert_int_equal(rd(vm(1, i), 0x80d), 1u << i);
		assert_int_equal(rd(vm(1, i), 0x803), 0x50014);
	}
}

static void after_reset_nothing_gets_through(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	lapic_raise(v, 0x40);
	lapic_reset(v);
	assert_int_equal(lapic_pending_vector(v), -1);
	assert_int_equal(rd(v, SVR), 0xff);
	for (uint32_t i = 0x832; i <= 0x837; i++)
		assert_int_equal(rd(v, i), 0x10000);
	lapic_raise(v, 0x40);
	assert_int_equal(rd(v, IRR + 2), 0);
	assert_int_equal(lapic_pending_vector(v), -1);
}

static void higher_vector_goes_first_and_masks_its_class(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	lapic_raise(v, 0x41);
	lapic_raise(v, 0x52);
	lapic_raise(v, 0x58);
	assert_true(v->pending & VCPU_PENDING_LAPIC);
	assert_int_equal(lapic_pending_vector(v), 0x58);
	lapic_accept(v, 0x58);
	assert_int_equal(rd(v, IRR + 2), 1u << 0x12 | 1u << 1);
	assert_int_equal(rd(v, ISR + 2), 1u << 0x18);
	assert_int_equal(rd(v, PPR), 0x50);
	assert_int_equal(lapic_pending_vector(v), -1);
	lapic_raise(v, 0x60);
	assert_int_equal(lapic_pending_vector(v), 0x60);
	lapic_accept(v, 0x60);
	wr(v, EOI, 0);
	assert_int_equal(rd(v, ISR + 3), 0);
	assert_int_equal(rd(v, ISR + 2), 1u << 0x18);
	assert_int_equal(lapic_pending_vector(v), -1);
	wr(v, EOI, 0);
	assert_int_equal(lapic_pending_vector(v), 0x52);
	lapic_accept(v, 0x52);
	wr(v, EOI, 0);
	assert_int_equal(lapic_pending_vector(v), 0x41);
}

static void end_of_interrupt_tells_to_look_again(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	lapic_raise(v, 0x41);
	lapic_accept(v, 0x41);
	v->pending = 0;
	wr(v, EOI, 0);
	assert_true(v->pending & VCPU_PENDING_LAPIC);
	wr(v, EOI, 0);		/* none in service: nothing happens */
	assert_int_equal(rd(v, PPR), 0);
}

static void task_priority_holds_back_its_class(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	lapic_raise(v, 0x45);
	wr(v, TPR, 0x40);
	assert_int_equal(lapic_pending_vector(v), -1);
	assert_int_equal(rd(v, PPR), 0x40);
	wr(v, TPR, 0x3f);
	assert_int_equal(lapic_pending_vector(v), 0x45);
	wr(v, TPR, 0xf0);
	assert_int_equal(rd(v, TPR), 0xf0);
	assert_int_equal(lapic_pending_vector(v), -1);
}

static void reserved_bits_and_registers_fault(void **state)
{
	struct vcpu *v = vm(1, 0);
	uint64_t value;

	(void)state;
	static const struct { uint32_t index; uint64_t value; } bad[] = {
		{ TPR, 0x100 }, { EOI, 1 }, { SVR, 0x11ff }, { ESR, 1 },
		{ ICR, 1u << 12 }, { ICR, 1u << 13 }, { ICR, 1u << 20 },
		{ LVTT, 1u << 18 }, { LVTT, 1u << 8 }, { LVTT, 1ull << 32 },
		{ LVTERR, 1u << 15 }, { INITIAL, 1ull << 32 }, { DIVIDE, 4 },
		{ SELF, 0x100 }, { 0x802, 0 }, { 0x803, 0 }, { 0x80a, 0 },
		{ 0x80d, 0 }, { 0x80e, 0 }, { ISR, 0 }, { IRR, 0 },
		{ 0x82f, 0 }, { 0x831, 0 }, { CURRENT, 0 }, { 0x800, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct lapic before = v->lapic;

		assert_false(lapic_msr_write(v, bad[i].index, bad[i].value));
		assert_memory_equal(&before, &v->lapic, sizeof(before));
	}
	static const uint32_t unreadable[] = {
		EOI, SELF, 0x80e, 0x82f, 0x831, 0x800, 0x801, 0x83a, 0x83d,
	};
	for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++)
		assert_false(lapic_msr_read(v, unreadable[i], &value));
}

/* Sends from vCPU 1 of VM 1 and says who got vector 0x33 or the notice. */
static unsigned int receivers(uint64_t icr, uint32_t notice)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < 4; i++)
		vm(1, i)->pending = 0;
	wr(vm(1, 1), ICR, icr);
	for (unsigned int i = 0; i < 4; i++) {
		if (notice == VCPU_PENDING_LAPIC) {
			if (lapic_pending_vector(vm(1, i)) == 0x33) {
				lapic_accept(vm(1, i), 0x33);
				wr(vm(1, i), EOI, 0);
				mask |= 1u << i;
			}
		} else if (vm(1, i)->pending & notice) {
			mask |= 1u << i;
		}
	}
	/* Never anybody in another VM. */
	assert_int_equal(vm(2, 0)->pending, 0);
	assert_int_equal(lapic_pending_vector(vm(2, 0)), -1);
	return mask;
}

static void destinations_are_those_of_the_manual(void **state)
{
	(void)state;
	const uint32_t fixed = VCPU_PENDING_LAPIC;

	assert_int_equal(receivers(0x33 | 2ull << 32, fixed), 1u << 2);
	assert_int_equal(receivers(0x33 | 9ull << 32, fixed), 0);
	assert_int_equal(receivers(0x33 | 0xffffffffull << 32, fixed), 15);
	assert_int_equal(receivers(0x33 | 0x800 | 5ull << 32, fixed), 5);
	assert_int_equal(receivers(0x33 | 0x800 | 0x10005ull << 32, fixed),
			 0);
	assert_int_equal(receivers(0x33 | 0x800 | 0xffffffffull << 32, fixed),
			 15);
	assert_int_equal(receivers(0x33 | 1u << 18, fixed), 1u << 1);
	assert_int_equal(receivers(0x33 | 2u << 18, fixed), 15);
	assert_int_equal(receivers(0x33 | 3u << 18, fixed), 13);
	/* Lowest priority: exactly one of those that it names. */
	assert_int_equal(receivers(0x133 | 0x800 | 0xcull << 32, fixed),
			 1u << 2);
	assert_int_equal(rd(vm(1, 1), ICR), 0x933 | 0xcull << 32);
}

static void nmi_init_and_sipi_reach_others(void **state)
{
	(void)state;
	assert_int_equal(receivers(0x400 | 3ull << 32, VCPU_PENDING_NMI), 8);
	assert_int_equal(receivers(0x400 | 3u << 18, VCPU_PENDING_NMI), 13);
	assert_int_equal(receivers(0x4500 | 2ull << 32, VCPU_PENDING_INIT),
			 4);
	/* A de-assert is a relic, and nobody sends INIT or SIPI to itself. */
	assert_int_equal(receivers(0x8500 | 2ull << 32, VCPU_PENDING_INIT),
			 0);
	assert_int_equal(receivers(0xc500 | 2ull << 32, VCPU_PENDING_INIT),
			 4);
	assert_int_equal(receivers(0x4500 | 1ull << 32, VCPU_PENDING_INIT),
			 0);
	assert_int_equal(receivers(0x4699 | 2ull << 32, VCPU_PENDING_SIPI),
			 4);
	assert_int_equal(vm(1, 2)->sipi_vector, 0x99);
	assert_int_equal(receivers(0x4600 | 3u << 18, VCPU_PENDING_SIPI), 13);
	assert_int_equal(receivers(0x200 | 3u << 18, UINT32_MAX), 0);
}

static void vectors_of_exceptions_are_never_requested(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	for (unsigned int vector = 0; vector < 16; vector++)
		lapic_raise(v, (uint8_t)vector);
	assert_int_equal(rd(v, IRR), 0);
	assert_int_equal(lapic_pending_vector(v), -1);
}

static void self_ipi_is_for_oneself(void **state)
{
	(void)state;
	wr(vm(1, 1), SELF, 0x77);
	assert_int_equal(lapic_pending_vector(vm(1, 1)), 0x77);
	assert_int_equal(lapic_pending_vector(vm(1, 0)), -1);
}

static void illegal_vectors_go_nowhere(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	wr(v, LVTERR, 0xfe);
	wr(v, ICR, 0x0f | 1u << 18);
	wr(v, SELF, 1);
	wr(v, ESR, 0);
	assert_int_equal(rd(v, ESR), 0);
	assert_int_equal(lapic_pending_vector(v), -1);
}

static void switching_off_masks_local_vectors(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	wr(v, LVTT, 0x20050);
	lapic_raise(v, 0x60);
	wr(v, SVR, 0xff);
	assert_int_equal(rd(v, LVTT), 0x30050);
	assert_int_equal(lapic_pending_vector(v), -1);
	wr(v, LVTT, 0x50);
	assert_int_equal(rd(v, LVTT), 0x10050);
	wr(v, SVR, 0x1ff);
	assert_int_equal(lapic_pending_vector(v), 0x60);
}

static void one_shot_timer_counts_down_and_fires_once(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	set_time(1000000);
	wr(v, LVTT, 0x50);
	wr(v, DIVIDE, 0x3);		/* by 16 */
	wr(v, INITIAL, 100000);		/* 1.6 ms */
	set_time(1000000 + 800000);
	assert_int_equal(rd(v, CURRENT), 50000);
	assert_int_equal(fire_timers(v), 0);
	set_time(1000000 + 1600000);
	assert_int_equal(fire_timers(v), 1 << TIMER_LAPIC);
	hook_lapic_timer(v);
	assert_int_equal(rd(v, CURRENT), 0);
	assert_int_equal(lapic_pending_vector(v), 0x50);
	assert_false(timer_is_armed(&v->timer[TIMER_LAPIC]));
}

static void periodic_timer_keeps_its_beat(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	set_time(1000000);
	wr(v, DIVIDE, 0xb);		/* by 1 */
	wr(v, LVTT, 0x20050);
	wr(v, INITIAL, 1000000);
	set_time(2300000);		/* looked at late */
	assert_int_equal(fire_timers(v), 1 << TIMER_LAPIC);
	hook_lapic_timer(v);
	assert_int_equal(lapic_pending_vector(v), 0x50);
	assert_int_equal(v->timer[TIMER_LAPIC].node.key, 3000000);
	assert_int_equal(rd(v, CURRENT), 700000);
	wr(v, INITIAL, 0);
	assert_false(timer_is_armed(&v->timer[TIMER_LAPIC]));
	assert_int_equal(rd(v, CURRENT), 0);
}

static void tiny_period_cannot_flood_the_host(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	set_time(1000000);
	wr(v, DIVIDE, 0xb);
	wr(v, LVTT, 0x20050);
	wr(v, INITIAL, 1);
	assert_true(v->timer[TIMER_LAPIC].node.key >= 1000000 + 100000);
	set_time(1100000);
	assert_int_equal(fire_timers(v), 1 << TIMER_LAPIC);
	hook_lapic_timer(v);
	assert_true(v->timer[TIMER_LAPIC].node.key >= 1100000 + 100000 - 1);
}

static void masked_timer_fires_silently(void **state)
{
	struct vcpu *v = vm(1, 0);

	(void)state;
	set_time(1000000);
	wr(v, LVTT, 0x10050);
	wr(v, INITIAL, 100000);
	set_time(9000000);
	fire_timers(v);
	hook_lapic_timer(v);
	assert_int_equal(lapic_pending_vector(v), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(identity_is_the_vcpu_index),
		T(after_reset_nothing_gets_through),
		T(higher_vector_goes_first_and_masks_its_class),
		T(end_of_interrupt_tells_to_look_again),
		T(task_priority_holds_back_its_class),
		T(reserved_bits_and_registers_fault),
		T(destinations_are_those_of_the_manual),
		T(nmi_init_and_sipi_reach_others),
		T(vectors_of_exceptions_are_never_requested),
		T(self_ipi_is_for_oneself),
		T(illegal_vectors_go_nowhere),
		T(switching_off_masks_local_vectors),
		T(one_shot_timer_counts_down_and_fires_once),
		T(periodic_timer_keeps_its_beat),
		T(tiny_period_cannot_flood_the_host),
		T(masked_timer_fires_silently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
