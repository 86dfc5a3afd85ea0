/* SPDX-License-Identifier: MIT */
/*
 * The clock of a guest: a line through (TSC, system time) in its vcpu_info,
 * and the wall clock in its shared page (xen-abi 2.7). The VMM's own line
 * never changes after boot, so it is written when a page for it appears and
 * then left alone. Readers on other vCPUs use the version: odd = busy.
 */
#include "abi/hypercall.h"
#include "core/domain.h"
#include "core/gmem.h"

static_assert(offsetof(struct vcpu_info, time) == 32, "ABI");
static_assert(offsetof(struct shared_info, wc_version) == 3072 &&
	      offsetof(struct shared_info, wc_sec_hi) == 3084, "ABI");

/*
 * What stands in time begins with a version, the lowest byte of which says
 * enough: odd meanwhile, even after. What it was before is the guest's affair.
 */
static void publish(const struct gmem_span *span, void *time)
{
	uint8_t *version = time;

	*version = atomic_load_relaxed(span->part[0]) | 1u;
	gmem_span_publish(span, time, 0, (uint8_t)(*version + 1u));
}

void time_fill(struct vcpu *v)
{
	struct vcpu_info *info = atomic_load(&v->info);
	struct shared_info *shared = v->domain->shared;
	struct vcpu_time_info time = arch_clock();
	uint64_t seconds = arch_wallclock_base();
	uint32_t wall[4] = { 0, (uint32_t)seconds, 0,
			     (uint32_t)(seconds >> 32) };

	publish(&(struct gmem_span){ { (uint8_t *)&info->time },
				     { sizeof(time) } }, &time);
	if (v->time_area.size[0])
		publish(&v->time_area, &time);
	if (v->id == 0)
		publish(&(struct gmem_span){ { (uint8_t *)&shared->wc_version },
					     { sizeof(wall) } }, wall);
}
