/* SPDX-License-Identifier: MIT */
/* Shares, caps, wake-ups, mail between CPUs and vCPUs that move. */
#include "world_fixture.h"
#include "core/sched.h"
#include "ledger.h"

static struct cpu *cpu_at(unsigned int n)
{
	return &world.cpu[n];
}

/* The world without its serial timer, all vCPUs on CPU 0 and asleep. */
static void start(unsigned int vms, unsigned int cpus)
{
	world_start_cpus(vms, NULL, cpus);
	for (unsigned int i = 0; i < cpus; i++) {
		mock_set_cpu(i);
		while (sched_pick(cpu_at(i))) {
			struct vcpu *v = cpu_at(i)->current;

			atomic_store(&v->state, VCPU_BLOCKED);
			atomic_store(&v->pending, 0u);
			sched_put(cpu_at(i));
			atomic_store(&v->cpu, 0u);
		}
	}
	mock_set_cpu(0);
	mock.kicked = 0;
}

static void wake(struct vcpu *v)
{
	vcpu_notify(v, VCPU_PENDING_UPCALL);
}

/* Lets CPU 0 run what it picks for total ns; each vCPU never blocks. */
static void spin(nsec_t total)
{
	nsec_t end = mock.time + total;

	while (mock.time < end) {
		struct vcpu *v = sched_pick(cpu_at(0));

		if (!v) {
			mock.time += NSEC_PER_MS;
			continue;
		}
		atomic_store(&v->pending, 0u);
		while (!cpu_at(0)->resched) {
			mock.time += NSEC_PER_MS / 4;
			sched_poll(cpu_at(0));
			if (mock.time >= end)
				break;
		}
		sched_put(cpu_at(0));
	}
}

static void shares_follow_the_weights(void **state)
{
	(void)state;
	start(2, 1);
	vm_at(1)->weight = 256;
	vm_at(2)->weight = 768;
	wake(vcpu_at(1, 0));
	wake(vcpu_at(2, 0));
	spin(4 * NSEC_PER_SEC);
	assert_in_range(vcpu_at(1, 0)->cpu_time, 950 * NSEC_PER_MS,
			1050 * NSEC_PER_MS);
	assert_in_range(vcpu_at(2, 0)->cpu_time, 2950 * NSEC_PER_MS,
			3050 * NSEC_PER_MS);
	world_end();
}

static void a_cap_holds_on_an_idle_cpu(void **state)
{
	(void)state;
	start(1, 1);
	vm_at(1)->cap = 20;
	vcpu_at(1, 0)->budget = 0;
	wake(vcpu_at(1, 0));
	spin(3 * NSEC_PER_SEC);
	assert_in_range(vcpu_at(1, 0)->cpu_time, 500 * NSEC_PER_MS,
			700 * NSEC_PER_MS);
	world_end();
}

static void a_woken_vcpu_runs_at_once(void **state)
{
	(void)state;
	start(2, 1);
	wake(vcpu_at(1, 0));
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(1, 0));
	mock.time += NSEC_PER_MS;
	sched_poll(cpu_at(0));
	assert_false(cpu_at(0)->resched);
	wake(vcpu_at(2, 0));
	sched_poll(cpu_at(0));
	assert_true(cpu_at(0)->resched);
	sched_put(cpu_at(0));
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(2, 0));
	sched_put(cpu_at(0));
	world_end();
}

static void who_just_began_is_not_cut_short(void **state)
{
	nsec_t begun;

	(void)state;
	start(2, 1);
	wake(vcpu_at(1, 0));
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(1, 0));
	begun = mock.time;
	mock.time += SCHED_STRETCH / 4;
	wake(vcpu_at(2, 0));
	sched_poll(cpu_at(0));
	assert_false(cpu_at(0)->resched);
	/* The other waits no longer than that. */
	assert_true(timer_is_armed(&cpu_at(0)->own[0]));
	assert_int_equal(cpu_at(0)->own[0].node.key, begun + SCHED_STRETCH);
	mock.time = begun + SCHED_STRETCH - 1;
	sched_poll(cpu_at(0));
	assert_false(cpu_at(0)->resched);
	mock.time++;
	sched_poll(cpu_at(0));
	assert_true(cpu_at(0)->resched);
	sched_put(cpu_at(0));
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(2, 0));
	sched_put(cpu_at(0));
	world_end();
}

/* Nothing is won by staying when there is nothing to do. */
static void who_blocks_ends_its_stretch(void **state)
{
	(void)state;
	start(2, 1);
	wake(vcpu_at(1, 0));
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(1, 0));
	atomic_store(&vcpu_at(1, 0)->pending, 0u);
	wake(vcpu_at(2, 0));
	sched_poll(cpu_at(0));
	assert_false(cpu_at(0)->resched);
	assert_true(sched_block(vcpu_at(1, 0)));
	assert_true(cpu_at(0)->resched);
	sched_put(cpu_at(0));
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(2, 0));
	sched_put(cpu_at(0));
	world_end();
}

static void a_pending_event_forbids_to_block(void **state)
{
	struct vcpu *v;

	(void)state;
	start(1, 1);
	wake(vcpu_at(1, 0));
	v = sched_pick(cpu_at(0));
	atomic_store(&v->pending, 0u);
	wake(v);
	assert_false(sched_block(v));
	assert_int_equal(v->state, VCPU_RUNNABLE);
	atomic_store(&v->pending, 0u);
	assert_true(sched_block(v));
	assert_true(cpu_at(0)->resched);
	sched_put(cpu_at(0));
	assert_null(sched_pick(cpu_at(0)));
	world_end();
}

/* Between sched_block() and sched_put() mail finds the vCPU still current. */
static void an_event_while_blocking_is_not_lost(void **state)
{
	struct vcpu *v;

	(void)state;
	start(1, 1);
	wake(vcpu_at(1, 0));
	v = sched_pick(cpu_at(0));
	atomic_store(&v->pending, 0u);
	assert_true(sched_block(v));
	wake(v);
	sched_poll(cpu_at(0));
	sched_put(cpu_at(0));
	assert_ptr_equal(sched_pick(cpu_at(0)), v);
	sched_put(cpu_at(0));
	world_end();
}

static void mail_kicks_another_cpu_once(void **state)
{
	(void)state;
	start(2, 2);
	mock_set_cpu(1);
	wake(vcpu_at(1, 0));
	assert_int_equal(mock.kicked, BIT64(0));
	mock.kicked = 0;
	wake(vcpu_at(2, 0));	/* the first kick is still on its way */
	assert_int_equal(mock.kicked, 0);
	wake(vcpu_at(2, 0));
	mock_set_cpu(0);
	assert_non_null(sched_pick(cpu_at(0)));
	sched_put(cpu_at(0));
	assert_int_equal(cpu_at(0)->run.count, 2);
	world_end();
}

static void a_waiting_vcpu_moves_to_an_idle_cpu(void **state)
{
	struct vcpu *moved;
	struct timer *timer;

	(void)state;
	start(2, 2);
	wake(vcpu_at(1, 0));
	wake(vcpu_at(2, 0));
	sched_poll(cpu_at(0));
	moved = vcpu_at(2, 0);
	timer = &moved->timer[TIMER_SINGLESHOT];
	timer_set(cpu_at(0), timer, 5 * NSEC_PER_SEC);
	timer_set(cpu_at(0), &vcpu_at(1, 0)->timer[TIMER_SINGLESHOT],
		  5 * NSEC_PER_SEC);
	world.idle_cpus = BIT64(1);
	if (sched_pick(cpu_at(0)) == moved) {
		moved = vcpu_at(1, 0);
		timer = &moved->timer[TIMER_SINGLESHOT];
	}
	assert_int_equal(moved->cpu, 1);
	assert_int_equal(world.idle_cpus, 0);
	assert_int_equal(mock.kicked, BIT64(1));
	assert_false(timer_is_armed(timer));
	/* Mail that still goes to the old CPU follows it. */
	mock_set_cpu(1);
	assert_ptr_equal(sched_pick(cpu_at(1)), moved);
	assert_true(timer_is_armed(timer));
	assert_int_equal(timer->node.key, 5 * NSEC_PER_SEC);
	assert_true(heap_invariant(&cpu_at(1)->timers));
	timer_stop(cpu_at(1), timer);
	sched_put(cpu_at(1));
	mock_set_cpu(0);
	sched_put(cpu_at(0));
	world_end();
}

static void a_pinned_vcpu_stays(void **state)
{
	(void)state;
	start(2, 2);
	vcpu_at(1, 0)->pinned = vcpu_at(2, 0)->pinned = true;
	wake(vcpu_at(1, 0));
	wake(vcpu_at(2, 0));
	sched_poll(cpu_at(0));
	world.idle_cpus = BIT64(1);
	assert_non_null(sched_pick(cpu_at(0)));
	assert_int_equal(vcpu_at(1, 0)->cpu, 0);
	assert_int_equal(vcpu_at(2, 0)->cpu, 0);
	sched_put(cpu_at(0));
	world_end();
}

static void a_paused_vm_is_not_picked(void **state)
{
	(void)state;
	start(1, 1);
	wake(vcpu_at(1, 0));
	assert_int_equal(domain_pause(vm_at(1)), 0);
	assert_null(sched_pick(cpu_at(0)));
	assert_int_equal(domain_unpause(vm_at(1)), 0);
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(1, 0));
	assert_int_equal(domain_pause(vm_at(1)), 0);
	sched_poll(cpu_at(0));
	assert_true(cpu_at(0)->resched);
	sched_put(cpu_at(0));
	assert_int_equal(domain_unpause(vm_at(1)), 0);
	world_end();
}

/* It is runnable for the taking-apart, but no longer as a guest. */
static void a_dying_vms_first_vcpu_leaves_the_guest(void **state)
{
	(void)state;
	start(1, 1);
	wake(vcpu_at(1, 0));
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(1, 0));
	assert_int_equal(domain_destroy(vm_at(1)), 0);
	sched_poll(cpu_at(0));
	assert_true(cpu_at(0)->resched);
	sched_put(cpu_at(0));
	assert_true(vcpu_at(1, 0)->quiesced);
	assert_ptr_equal(sched_pick(cpu_at(0)), vcpu_at(1, 0));
	sched_put(cpu_at(0));
	world_end();
}

static void yield_lets_the_other_go_first(void **state)
{
	struct vcpu *first;

	(void)state;
	start(2, 1);
	wake(vcpu_at(1, 0));
	wake(vcpu_at(2, 0));
	first = sched_pick(cpu_at(0));
	sched_pass(first);
	assert_true(cpu_at(0)->resched);
	sched_put(cpu_at(0));
	assert_ptr_not_equal(sched_pick(cpu_at(0)), first);
	sched_put(cpu_at(0));
	world_end();
}

/* No CPU may be in an operation that began before. */
static void all_cpus_must_pass_their_loop(void **state)
{
	uint64_t cursor = 0, seen = 0;

	(void)state;
	start(1, 3);
	assert_false(sched_all_passed(&cursor, &seen));
	assert_int_equal(mock.kicked, BIT64(1));
	assert_false(sched_all_passed(&cursor, &seen));
	mock_set_cpu(1);
	sched_poll(cpu_at(1));
	mock_set_cpu(0);
	assert_false(sched_all_passed(&cursor, &seen));
	assert_int_equal(mock.kicked, BIT64(1) | BIT64(2));
	mock_set_cpu(2);
	sched_poll(cpu_at(2));
	mock_set_cpu(0);
	assert_true(sched_all_passed(&cursor, &seen));
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_follow_the_weights),
		cmocka_unit_test(a_cap_holds_on_an_idle_cpu),
		cmocka_unit_test(a_woken_vcpu_runs_at_once),
		cmocka_unit_test(who_just_began_is_not_cut_short),
		cmocka_unit_test(who_blocks_ends_its_stretch),
		cmocka_unit_test(a_pending_event_forbids_to_block),
		cmocka_unit_test(an_event_while_blocking_is_not_lost),
		cmocka_unit_test(mail_kicks_another_cpu_once),
		cmocka_unit_test(a_waiting_vcpu_moves_to_an_idle_cpu),
		cmocka_unit_test(a_pinned_vcpu_stays),
		cmocka_unit_test(a_paused_vm_is_not_picked),
		cmocka_unit_test(a_dying_vms_first_vcpu_leaves_the_guest),
		cmocka_unit_test(yield_lets_the_other_go_first),
		cmocka_unit_test(all_cpus_must_pass_their_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
