/* SPDX-License-Identifier: MIT */
/*
 * Virtual-time scheduling: the runnable vCPU with the smallest vruntime runs.
 * A vCPU that slept comes back a slice behind the queue's clock at most, so
 * it runs soon but cannot save up time. A vCPU that has just begun is not cut
 * short by one that wakes: two VMs that serve each other would exchange the
 * CPU with every event, and so do each request alone.
 */
#include "core/sched.h"
#include "core/event.h"
#include "core/hooks.h"

#define WEIGHT_DEFAULT	256u

static struct vcpu *vcpu_of(struct heap_node *node)
{
	return container_of(node, struct vcpu, run);
}

bool vcpu_is_runnable(const struct vcpu *v)
{
	const struct domain *d = v->domain;

	switch ((enum domain_state)atomic_load(&d->state)) {
	case DOMAIN_RUNNING:
		return !atomic_load(&d->paused) &&
		       atomic_load(&v->state) == VCPU_RUNNABLE;
	case DOMAIN_BUILDING:
	case DOMAIN_DYING:
		return v->id == 0;	/* does the work */
	case DOMAIN_SHUTDOWN:
	case DOMAIN_DEAD:
		break;
	}
	return false;
}

void sched_init_cpu(struct cpu *cpu)
{
	for (uint32_t i = 0; i < TIMERS_PER_CPU; i++)
		cpu->own[i].kind = TIMER_SLICE + i;
	cpu->armed = NSEC_NEVER;
	if (cpu->id == 0)
		timer_set(cpu, &cpu->own[1], arch_time() + NSEC_PER_MS);
}

static nsec_t budget_of(const struct vcpu *v)
{
	return v->domain->cap * (SCHED_PERIOD / 100) / v->domain->vcpu_count;
}

void sched_add(struct vcpu *v)
{
	for (uint32_t i = 0; i < TIMER_KIND_COUNT; i++)
		v->timer[i].kind = i;
	v->budget = budget_of(v);
	sched_mail(v);
}

void sched_mail(struct vcpu *v)
{
	struct cpu *cpu = cpu_of(v);
	struct vcpu *head;

	if (atomic_exchange(&v->mailed, true))
		return;
	head = atomic_load(&cpu->mailbox);
	do {
		atomic_store_relaxed(&v->mail_next, head);
	} while (!atomic_compare_exchange(&cpu->mailbox, &head, v));
	/* Whoever found it empty has the CPU look; later mail goes along. */
	if (!head && cpu->id != arch_cpu_id())
		arch_cpu_kick(cpu->id);
}

void vcpu_notify(struct vcpu *v, uint32_t pending)
{
	uint32_t old = atomic_fetch_or(&v->pending, pending);

	if ((old & pending) == pending)
		return;		/* who set it sent the mail */
	if (cpu_of(v)->id == arch_cpu_id() && cpu_of(v)->current == v &&
	    atomic_load(&v->state) == VCPU_RUNNABLE)
		return;		/* looks before its next entry */
	sched_mail(v);
}

/* Time used by current since ran_from goes onto its account. */
static void charge(struct vcpu *v, nsec_t now)
{
	nsec_t used = now - v->ran_from;

	v->ran_from = now;
	v->cpu_time += used;
	v->vruntime += used * WEIGHT_DEFAULT / v->domain->weight;
	if (v->domain->cap)
		v->budget -= MIN(v->budget, used);
}

static void enqueue(struct cpu *cpu, struct vcpu *v, nsec_t now)
{
	if (v->run.slot || v->throttled)
		return;
	if (v->domain->cap && v->budget == 0) {
		v->throttled = true;
		v->throttle_next = cpu->throttled;
		cpu->throttled = v;
		if (!timer_is_armed(&cpu->own[2]))
			timer_set(cpu, &cpu->own[2],
				  (now / SCHED_PERIOD + 1) * SCHED_PERIOD);
		return;
	}
	heap_insert(&cpu->run, &v->run, v->vruntime);
}

static void wake(struct cpu *cpu, struct vcpu *v, nsec_t now)
{
	uint64_t floor = cpu->min_vruntime;

	floor -= MIN(floor, (uint64_t)SCHED_SLICE);
	v->vruntime = MAX(v->vruntime, floor);
	v->woken_at = now;
	enqueue(cpu, v, now);
}

/* vCPU 0 of a dying domain is runnable, but no longer as a guest. */
static bool must_quiesce(const struct vcpu *v)
{
	return atomic_load(&v->domain->state) == DOMAIN_DYING &&
	       !atomic_load(&v->quiesced);
}

/* The domain ends: this CPU lets go of v. */
static void quiesce(struct cpu *cpu, struct vcpu *v)
{
	for (unsigned int i = 0; i < TIMER_KIND_COUNT; i++)
		timer_stop(cpu, &v->timer[i]);
	if (v->run.slot && !vcpu_is_runnable(v))
		heap_remove(&cpu->run, &v->run);
	arch_vcpu_unload(v);
	atomic_store(&v->quiesced, true);
}

/*
 * Moves v, waiting here, to a CPU that has nothing to do. Armed timers keep
 * their deadlines in their keys; the new CPU arms them again.
 */
static void hand_over(struct cpu *cpu, struct vcpu *v, uint32_t to)
{
	heap_remove(&cpu->run, &v->run);
	for (unsigned int i = 0; i < TIMER_KIND_COUNT; i++) {
		if (!timer_is_armed(&v->timer[i]))
			continue;
		timer_stop(cpu, &v->timer[i]);
		v->moving_timers |= BIT32(i);
	}
	arch_vcpu_unload(v);
	atomic_store(&v->cpu, to);
	sched_mail(v);
}

static void settle(struct cpu *cpu, struct vcpu *v)
{
	for (unsigned int i = 0; i < TIMER_KIND_COUNT; i++)
		if (v->moving_timers & BIT32(i))
			timer_set(cpu, &v->timer[i], v->timer[i].node.key);

	v->moving_timers = 0;
	v->vruntime = cpu->min_vruntime;
}

/* Somebody waits here while another CPU is idle: one that may move does. */
static void share_work(struct cpu *cpu)
{
	uint64_t idle = atomic_load_relaxed(&world.idle_cpus);
	unsigned int to;

	if (!idle || !cpu->run.count)
		return;
	to = (unsigned int)__builtin_ctzll(idle);
	for (uint32_t i = 0; i < cpu->run.count && i < 8; i++) {
		struct vcpu *v = vcpu_of(cpu->run.node[i]);

		if (v->pinned || atomic_load(&v->domain->state) !=
				     DOMAIN_RUNNING)
			continue;
		if (atomic_test_and_clear_bit(&world.idle_cpus, to))
			hand_over(cpu, v, to);
		return;
	}
}

static void look_at(struct cpu *cpu, struct vcpu *v, nsec_t now)
{
	if (cpu_of(v) != cpu) {		/* it moved: the mail follows it */
		sched_mail(v);
		return;
	}
	if (v->moving_timers)
		settle(cpu, v);
	if (v == cpu->current) {
		if (!vcpu_is_runnable(v) || must_quiesce(v))
			cpu->resched = true;
		return;
	}
	if (must_quiesce(v))
		quiesce(cpu, v);
	if (atomic_load(&v->state) == VCPU_BLOCKED && atomic_load(&v->pending))
		atomic_store(&v->state, VCPU_RUNNABLE);
	if (atomic_load(&v->pending) & VCPU_PENDING_START &&
	    atomic_load(&v->domain->state) == DOMAIN_RUNNING)
		hook_start_vcpu(v);
	if (vcpu_is_runnable(v))
		wake(cpu, v, now);
	else if (v->run.slot)
		heap_remove(&cpu->run, &v->run);
}

static void read_mail(struct cpu *cpu, nsec_t now)
{
	struct vcpu *v;

	if (!atomic_load_relaxed(&cpu->mailbox))
		return;
	v = atomic_exchange(&cpu->mailbox, NULL);
	while (v) {
		struct vcpu *next = atomic_load_relaxed(&v->mail_next);

		atomic_store(&v->mailed, false);
		look_at(cpu, v, now);
		v = next;
	}
}

static void refill(struct cpu *cpu, nsec_t now)
{
	struct vcpu *v = cpu->throttled;

	cpu->throttled = NULL;
	while (v) {
		struct vcpu *next = v->throttle_next;

		v->throttled = false;
		v->budget = budget_of(v);
		if (v != cpu->current && vcpu_is_runnable(v))
			enqueue(cpu, v, now);
		v = next;
	}
}

static void fire(struct cpu *cpu, struct timer *timer, nsec_t now)
{
	struct vcpu *v = NULL;

	if (timer->kind < TIMER_KIND_COUNT)
		v = container_of(timer - timer->kind, struct vcpu, timer[0]);
	switch (timer->kind) {
	case TIMER_SINGLESHOT:
		event_raise_virq(v, VIRQ_TIMER);
		break;
	case TIMER_POLL:
		vcpu_notify(v, VCPU_PENDING_POLL);
		break;
	case TIMER_LAPIC:
		hook_lapic_timer(v);
		break;
	case TIMER_SLICE:
		cpu->resched = true;
		break;
	case TIMER_SERIAL:
		timer_set(cpu, timer, hook_serial(now));
		break;
	case TIMER_REFILL:
		refill(cpu, now);
		break;
	}
}

static void stand_still(void)
{
	if (!atomic_load_relaxed(&world.stop_request))
		return;
	atomic_fetch_add(&world.stopped_count, 1u);
	while (atomic_load(&world.stop_request))
		cpu_relax();
	atomic_fetch_add(&world.stopped_count, (uint32_t)-1);
}

void sched_leave_by(struct cpu *cpu, nsec_t end)
{
	if (!timer_is_armed(&cpu->own[0]) || end < cpu->own[0].node.key)
		timer_set(cpu, &cpu->own[0], end);
}

void sched_poll(struct cpu *cpu)
{
	nsec_t now = arch_time();
	nsec_t end = now + SCHED_SLICE;
	struct vcpu *v = cpu->current;
	struct heap_node *first;
	struct timer *timer;

	atomic_store_release(&cpu->polls, cpu->polls + 1);
	stand_still();
	/* Timers may send mail, mail never sets a timer in the past. */
	while ((timer = timer_take_expired(cpu, now)))
		fire(cpu, timer, now);
	read_mail(cpu, now);
	if (!v)
		return;
	share_work(cpu);
	first = heap_first(&cpu->run);
	if (!first) {
		cpu->resched |= !vcpu_is_runnable(v);
		if (!v->domain->cap)	/* else it ends with the budget */
			timer_stop(cpu, &cpu->own[0]);
		return;
	}
	charge(v, now);
	cpu->min_vruntime =
		MAX(cpu->min_vruntime, MIN(first->key, v->vruntime));
	if (first->key < v->vruntime && vcpu_of(first)->woken_at)
		end = cpu->picked_at + SCHED_STRETCH;
	if (end <= now)
		cpu->resched = true;
	else
		sched_leave_by(cpu, end);
}

struct vcpu *sched_pick(struct cpu *cpu)
{
	struct heap_node *first;
	struct vcpu *v;
	nsec_t now, slice = SCHED_SLICE;

	sched_poll(cpu);
	now = arch_time();
	cpu->resched = false;
	first = heap_first(&cpu->run);
	if (!first)
		return NULL;
	heap_remove(&cpu->run, first);
	v = vcpu_of(first);
	cpu->min_vruntime = MAX(cpu->min_vruntime, v->vruntime);
	cpu->current = v;
	v->ran_from = cpu->picked_at = now;
	if (v->domain->cap)
		slice = MIN(slice, v->budget);
	if (cpu->run.count || v->domain->cap)
		timer_set(cpu, &cpu->own[0], now + slice);
	else
		timer_stop(cpu, &cpu->own[0]);
	share_work(cpu);
	return v;
}

void sched_put(struct cpu *cpu)
{
	struct vcpu *v = cpu->current;
	nsec_t now = arch_time();

	charge(v, now);
	cpu->current = NULL;
	if (must_quiesce(v))
		quiesce(cpu, v);
	if (vcpu_is_runnable(v)) {
		v->woken_at = 0;
		enqueue(cpu, v, now);
	}
	/* What arrived while v was current and is not looked at by an entry. */
	else if (atomic_load(&v->pending))
		sched_mail(v);
}

void sched_arm(struct cpu *cpu)
{
	const struct heap_node *first = heap_first(&cpu->timers);
	nsec_t next = first ? first->key : NSEC_NEVER;

	if (next == cpu->armed)
		return;
	cpu->armed = next;
	arch_timer_arm(next);
}

bool sched_block(struct vcpu *v)
{
	atomic_store(&v->state, VCPU_BLOCKED);
	atomic_fence();
	if (atomic_load(&v->pending)) {
		atomic_store(&v->state, VCPU_RUNNABLE);
		return false;
	}
	cpu_of(v)->resched = true;
	return true;
}

void sched_pass(struct vcpu *v)
{
	struct cpu *cpu = cpu_of(v);
	struct heap_node *first = heap_first(&cpu->run);

	if (!first)
		return;
	v->vruntime = MAX(v->vruntime, first->key + 1);
	cpu->resched = true;
}

void sched_yield_to_sibling(struct vcpu *v)
{
	struct cpu *cpu = cpu_of(v);
	struct domain *d = v->domain;

	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *to = &d->vcpu[i];

		if (to == v || cpu_of(to) != cpu || !to->run.slot)
			continue;
		heap_remove(&cpu->run, &to->run);
		to->vruntime = MIN(to->vruntime, cpu->min_vruntime);
		heap_insert(&cpu->run, &to->run, to->vruntime);
		break;
	}
	sched_pass(v);
}

bool sched_all_passed(uint64_t *cursor, uint64_t *seen)
{
	while (*cursor < world.cpu_count) {
		uint64_t polls = atomic_load(&world.cpu[*cursor].polls);

		if (!*seen && *cursor != arch_cpu_id()) {
			*seen = polls + 1;	/* 0: not asked yet */
			arch_cpu_kick((unsigned int)*cursor);
			return false;
		}
		if (*seen == polls + 1)
			return false;
		*seen = 0;
		++*cursor;
	}
	return true;
}

void sched_stop_others(void)
{
	atomic_store(&world.stop_request, 1u);
	for (uint32_t i = 0; i < world.cpu_count; i++)
		if (i != arch_cpu_id())
			arch_cpu_kick(i);

	while (atomic_load(&world.stopped_count) < world.cpu_count - 1)
		cpu_relax();
}

void sched_resume_others(void)
{
	atomic_store(&world.stop_request, 0u);
	while (atomic_load(&world.stopped_count))
		cpu_relax();
}
