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

/* The byte of state_entry_time that holds XEN_RUNSTATE_UPDATE. */
#define UPDATE_BYTE	(offsetof(struct vcpu_runstate_info, \
				  state_entry_time) + 7)
static_assert(sizeof(struct vcpu_runstate_info) == 48, "runstate layout");
static_assert(UPDATE_BYTE == 15, "little endian");

int area_resolve(struct vcpu *v, uint64_t va, uint32_t size,
		 struct guest_area *area)
{
	struct gmem_span span;

	if (gmem_span(v, va, size, &span))
		return -XEN_EFAULT;
	*area = (struct guest_area){
		.part = { span.part[0], span.part[1] },
		.size0 = (uint32_t)span.size[0],
	};
	return 0;
}

void area_write(const struct guest_area *area, const void *from, size_t size)
{
	size_t first = MIN(size, (size_t)area->size0);

	memcpy(area->part[0], from, first);
	if (first < size)
		memcpy(area->part[1], (const char *)from + first,
		       size - first);
}

static uint8_t *area_byte(const struct guest_area *area, uint32_t offset)
{
	if (offset < area->size0)
		return (uint8_t *)area->part[0] + offset;
	return (uint8_t *)area->part[1] + (offset - area->size0);
}

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

static __attribute__((noinline)) void publish_parts(const struct vcpu *v,
						    bool update)
{
	const struct guest_area *area = &v->runstate_area;
	struct vcpu_runstate_info copy = v->runstate;
	uint8_t *flag;

	if (!update) {
		area_write(area, &copy, sizeof(copy));
		return;
	}
	flag = area_byte(area, UPDATE_BYTE);
	copy.state_entry_time |= XEN_RUNSTATE_UPDATE;
	atomic_store(flag, (uint8_t)(copy.state_entry_time >> 56));
	area_write(area, &copy, sizeof(copy));
	atomic_store_release(flag,
			     (uint8_t)(v->runstate.state_entry_time >> 56));
}

static void publish(struct vcpu *v)
{
	bool update = atomic_load_relaxed(&v->domain->runstate_update_flag);

	if (v->runstate_area.size0 == sizeof(v->runstate))
		publish_whole(v->runstate_area.part[0], &v->runstate,
			      update ? XEN_RUNSTATE_UPDATE : 0);
	else
		publish_parts(v, update);
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
		timer_op_stop(v, TIMER_POLL);
	}
	if (v->runstate_area.size0)
		publish(v);
}

int runstate_register(struct vcpu *v, uint64_t va)
{
	struct guest_area area = { 0 };

	if (va && area_resolve(v, va, sizeof(v->runstate), &area))
		return -XEN_EFAULT;
	v->runstate_area = area;
	if (area.size0)
		publish(v);
	return 0;
}

void hypercall_reset(struct domain *d)
{
	nsec_t now = arch_time();

	atomic_store(&d->callback_vector, 0u);
	atomic_store(&d->runstate_update_flag, false);
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		v->runstate_area = (struct guest_area){ 0 };
		v->time_area = (struct guest_area){ 0 };
		v->runstate = (struct vcpu_runstate_info){
			.state = RUNSTATE_offline, .state_entry_time = now
		};
		v->periodic = 0;
		atomic_store(&v->polling, false);
		atomic_store(&v->upcall_vector, (uint8_t)0);
	}
}
