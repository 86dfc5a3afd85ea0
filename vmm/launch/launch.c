/* SPDX-License-Identifier: MIT */
/*
 * The order of a launch: plan, check, tables, seal. What can be wrong with
 * the description is found while nothing depends on it yet.
 */
#include "launch/launch.h"
#include "core/sched.h"
#include "launch/boot_alloc.h"
#include "launch/plan.h"

static void seal(const struct boot_info *boot)
{
	world.ram_frames = 0;
	for (unsigned int i = 0; i < boot->ram_count; i++)
		world.ram_frames += (boot->ram[i].end - boot->ram[i].start) >>
				    PAGE_SHIFT;
	world.spare_frames = boot_free_frames();
	boot_alloc_seal();
	world.sealed = true;
}

void launch_machine(const struct boot_info *boot)
{
	struct plan plan;

	plan_open(&plan, boot);
	world.exit_port = (uint16_t)plan.exit_port;	/* for a panic, too */
	boot_alloc_init(boot);
	plan.blueprint = BOOT_ARRAY(plan.blueprint, plan.count);
	plan_read(&plan);
	tables_create(&plan);
	build_use(plan.blueprint);
	seal(boot);
	for (uint32_t i = 1; i < world.domain_count; i++)
		for (uint32_t k = 0; k < world.domain[i]->vcpu_count; k++)
			sched_add(&world.domain[i]->vcpu[k]);
	log_line("%u domains, %lu of %lu MiB spare", world.live_count,
		 world.spare_frames >> 8, world.ram_frames >> 8);
}
