/* SPDX-License-Identifier: MIT */
/*
 * How long a vCPU ran, waited, slept: 48 bytes that the VMM keeps and, where
 * the guest asked for it, copies into the guest at every change. The guest
 * may read from another vCPU meanwhile; XEN_RUNSTATE_UPDATE in the entry
 * time tells it to try again.
 */
#include "abi/table.h"
#include "abi/hypercall.h"
#include "core/gmem.h"
#include "core/world.h"

/* The byte of state_entry_time that holds XEN_RUNSTATE_UPDATE. */
#define UPDATE_BYTE	(offsetof(struct vcpu_runstate_info, \
				  state_entry_time) + 7)
static_assert(sizeof(struct vcpu_runstate_info) == 48, "runstate layout");
static_assert(UPDATE_BYTE == 15, "little endian");

/* In one page, as nearly always. The fences cost nothing on x86. */
static void publish_whole(uint8_t *to, const struct vcpu_runstate_info *r,
			  uint64_t flag)
{
	uint64_t time = r->state_entry_time | flag;

	__builtin_memcpy(to + UPDATE_BYTE - 7, &time, 8);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__builtin_memcpy(to, r, 8);
	__builtin_memcpy(to + UPDATE_BYTE + 1, r->time, sizeof(r->time));
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__builtin_memcpy(to + UPDATE_BYTE - 7, &r->state_entry_time, 8);
}

void runstate_publish(const struct vcpu *v)
{
	bool update = atomic_load_relaxed(&v->domain->runstate_update_flag);
	struct vcpu_runstate_info copy = v->runstate;

	if (!v->runstate_area.size[0])
		return;
	if (v->runstate_area.size[0] == sizeof(copy)) {
		publish_whole(v->runstate_area.part[0], &v->runstate,
			      update ? XEN_RUNSTATE_UPDATE : 0);
		return;
	}
	copy.state_entry_time |= update ? XEN_RUNSTATE_UPDATE : 0;
	gmem_span_publish(&v->runstate_area, &copy, UPDATE_BYTE,
			  (uint8_t)(v->runstate.state_entry_time >> 56));
}

void runstate_change(struct vcpu *v, int state, nsec_t now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (now > r->state_entry_time)
		r->time[r->state] += now - r->state_entry_time;
	r->state = state;
	r->state_entry_time = now;
	if (state == RUNSTATE_running && atomic_load_relaxed(&v->polling)) {
		atomic_store(&v->polling, false);
		timer_stop(cpu_of(v), &v->timer[TIMER_POLL]);
	}
	runstate_publish(v);
}

void hypercall_reset(struct domain *d)
{
	nsec_t now = arch_time();

	atomic_store(&d->callback_vector, 0u);
	atomic_store(&d->runstate_update_flag, false);
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		v->runstate_area = v->time_area = (struct gmem_span){ 0 };
		v->runstate = (struct vcpu_runstate_info){
			.state = RUNSTATE_offline, .state_entry_time = now
		};
		v->batch.done = 0;
	}
}
