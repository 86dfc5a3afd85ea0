/* SPDX-License-Identifier: MIT */
/*
 * The clock of a guest: a line through (TSC, system time) in its vcpu_info,
 * and the wall clock in its shared page (xen-abi 2.7). The VMM's own line
 * never changes after boot, so it is written when a page for it appears and
 * then left alone. Readers on other vCPUs use the version: odd = busy.
 */
#include "abi/hypercall.h"
#include "abi/table.h"
#include "core/domain.h"

static_assert(offsetof(struct vcpu_info, time) == 32, "ABI");
static_assert(offsetof(struct shared_info, wc_version) == 3072, "ABI");

static struct vcpu_time_info time_now(void)
{
	struct arch_clock clock = arch_clock();

	return (struct vcpu_time_info){
		.tsc_timestamp = clock.tsc_timestamp,
		.system_time = clock.system_time,
		.tsc_to_system_mul = clock.tsc_to_system_mul,
		.tsc_shift = clock.tsc_shift,
		.flags = clock.tsc_stable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0,
	};
}

/* The next even number; what the guest wrote there does not matter. */
static uint32_t version_after(uint32_t version)
{
	return (version | 1u) + 1u;
}

static void fill_copy(const struct guest_area *area,
		      struct vcpu_time_info *time)
{
	uint32_t version = version_after(time->version);

	time->version = version - 1;
	area_write(area, time, sizeof(time->version));
	atomic_fence();
	area_write(area, time, sizeof(*time));
	atomic_fence();
	time->version = version;
	area_write(area, time, sizeof(time->version));
}

static void fill_wallclock(struct shared_info *shared)
{
	uint64_t seconds = arch_wallclock_base();
	uint32_t version = version_after(atomic_load(&shared->wc_version));

	atomic_store(&shared->wc_version, version - 1);
	atomic_store(&shared->wc_sec, (uint32_t)seconds);
	atomic_store(&shared->wc_sec_hi, (uint32_t)(seconds >> 32));
	atomic_store(&shared->wc_nsec, 0u);
	atomic_store(&shared->wc_version, version);
}

void time_fill(struct vcpu *v)
{
	struct vcpu_info *info = atomic_load(&v->info);
	struct guest_area in_info = { .part = { &info->time },
				      .size0 = sizeof(info->time) };
	struct vcpu_time_info time = time_now();

	time.version = atomic_load_relaxed(&info->time.version);
	fill_copy(&in_info, &time);
	if (v->time_area.size0)
		fill_copy(&v->time_area, &time);
	if (v->id == 0)
		fill_wallclock(v->domain->shared);
}

int time_register(struct vcpu *v, uint64_t va)
{
	struct guest_area area = { 0 };
	struct vcpu_time_info time = time_now();

	if (va && area_resolve(v, va, sizeof(time), &area))
		return -XEN_EFAULT;
	v->time_area = area;
	if (area.size0)
		fill_copy(&area, &time);
	return 0;
}
