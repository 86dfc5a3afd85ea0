/* SPDX-License-Identifier: MIT */
/*
 * The order of a launch: plan, check, tables, seal. What can be wrong with
 * the description is found while nothing depends on it yet.
 */
#include "launch/launch.h"
#include "core/sched.h"
#include "launch/boot_alloc.h"
#include "launch/plan.h"
#include "lib/format.h"

static int no_memory(char *text, size_t size, const char *what)
{
	format_text(text, size, "there is no memory for %s", what);
	return -XEN_ENOMEM;
}

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

int launch_try(const struct boot_info *boot, char *text, size_t size)
{
	struct plan plan;
	int err = plan_open(&plan, boot, text, size);

	world.exit_port = (uint16_t)plan.exit_port;	/* for a panic, too */
	if (err)
		return err;
	if (!boot_alloc_init(boot))
		return no_memory(text, size, "the table of frames");
	if (!BOOT_ARRAY(plan.blueprint, plan.count))
		return no_memory(text, size, "the plan");
	err = plan_read(&plan);
	if (!err)
		err = tables_create(&plan);
	if (err)
		return err;
	build_use(plan.blueprint);
	seal(boot);
	for (uint32_t i = 1; i < world.domain_count; i++)
		for (uint32_t k = 0; k < world.domain[i]->vcpu_count; k++)
			sched_add(&world.domain[i]->vcpu[k]);
	return 0;
}

void launch_machine(const struct boot_info *boot)
{
	char text[256];

	if (launch_try(boot, text, sizeof(text)))
		arch_panic(__FILE__, __LINE__, text);
	log_line("%u domains, %lu of %lu MiB spare", world.live_count,
		 world.spare_frames >> 8, world.ram_frames >> 8);
}
