/* SPDX-License-Identifier: MIT */
/*
 * Allocates and fills the tables of the world. What a guest's life changes in
 * them is set by each build (build.c), not here.
 */
#include "launch/plan.h"
#include "core/platform.h"
#include "core/sched.h"
#include "launch/boot_alloc.h"

/* References in one frame of a grant table. */
#define GRANTS_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

static bool alloc_tables(const struct blueprint *b, struct domain *d)
{
	struct grant_table *g = &d->grants;

	g->frame_max = b->grant_frames;
	d->map_count = b->grant_maps;
	d->port_count = b->port_count;
	d->vcpu_count = b->vcpu_count;
	return BOOT_ARRAY(g->frame, g->frame_max) &&
	       BOOT_ARRAY(g->frame_mfn, g->frame_max) &&
	       BOOT_ARRAY(g->active, g->frame_max * GRANTS_PER_FRAME) &&
	       BOOT_ARRAY(d->map, d->map_count) &&
	       BOOT_ARRAY(d->port, d->port_count) &&
	       BOOT_ARRAY(d->console.history, CONSOLE_HISTORY_SIZE) &&
	       BOOT_ARRAY(d->vcpu, d->vcpu_count);
}

/* world.cpu_count CPUs take turns when the description names none. */
static bool create_vcpus(const struct blueprint *b, struct domain *d,
			 uint32_t *next_cpu)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		v->domain = d;
		v->id = i;
		v->pinned = b->affinity.size != 0;
		v->cpu = v->pinned ? fdt_cell(&b->affinity, i)
				   : (*next_cpu)++ % world.cpu_count;
		v->state = VCPU_DOWN;
		v->arch = boot_alloc_pages(arch_vcpu_size());
		if (!v->arch)
			return false;
		arch_vcpu_init(v);
	}
	return true;
}

static bool create_peers(const struct blueprint *b, struct domain *d,
			 uint32_t domain_count)
{
	if (!b->peers.size)
		return true;
	d->peers = boot_alloc(ROUND_UP(domain_count + 1, 64) / 8);
	for (uint32_t i = 0; i < b->peers.size / 4 && d->peers; i++) {
		uint32_t peer = fdt_cell(&b->peers, i);

		d->peers[peer / 64] |= BIT64(peer % 64);
	}
	return d->peers;
}

static int create_domain(const struct plan *plan, const struct blueprint *b,
			 uint32_t *next_cpu)
{
	const struct boot_module *module = plan->boot->module;
	struct domain *d = boot_alloc(sizeof(*d));
	int err;

	if (!d)
		goto full;
	world.domain[b->domid] = d;
	d->id = (uint16_t)b->domid;
	memcpy(d->name, b->name, sizeof(d->name));
	d->state = DOMAIN_BUILDING;
	d->shutdown_reason = SHUTDOWN_NONE;
	d->on_poweroff = (uint8_t)b->on_poweroff;
	d->on_reboot = (uint8_t)b->on_reboot;
	d->on_crash = (uint8_t)b->on_crash;
	d->start_paused = b->paused;
	d->weight = b->weight;
	d->cap = b->cap;
	d->deny[0] = b->deny;
	d->console.port = CONSOLE_PORT;
	d->kernel = (struct module){ module[b->kernel].data,
				     module[b->kernel].size, b->cmdline };
	if (b->ramdisk)
		d->ramdisk = (struct module){ module[b->ramdisk].data,
					      module[b->ramdisk].size, "" };
	err = ram_create(plan, b, d);
	if (err)
		return err;
	if (alloc_tables(b, d) && create_vcpus(b, d, next_cpu) &&
	    create_peers(b, d, plan->count))
		return 0;
full:
	plan_refuse(plan, b->node, "no memory is left for its tables");
	return -XEN_ENOMEM;
}

static bool create_cpus(const struct plan *plan, uint32_t vcpu_count)
{
	world.cpu_count = plan->boot->cpu_count;
	if (!BOOT_ARRAY(world.cpu, world.cpu_count))
		return false;
	for (uint32_t i = 0; i < world.cpu_count; i++) {
		struct cpu *cpu = &world.cpu[i];

		cpu->id = i;
		cpu->run.size = vcpu_count;
		cpu->timers.size = vcpu_count * TIMER_KIND_COUNT +
				   TIMERS_PER_CPU;
		if (!BOOT_ARRAY(cpu->run.node, cpu->run.size) ||
		    !BOOT_ARRAY(cpu->timers.node, cpu->timers.size))
			return false;
		sched_init_cpu(cpu);
	}
	return true;
}

int tables_create(const struct plan *plan)
{
	fdt_node root = fdt_root(&plan->fdt);
	uint32_t vcpu_count = 0, next_cpu = 0;

	for (uint32_t i = 0; i < plan->count; i++)
		vcpu_count += plan->blueprint[i].vcpu_count;
	if (vcpu_count > RUN_QUEUE_MAX)
		return plan_refuse(plan, root, "%u vCPUs are more than %u",
				   vcpu_count, RUN_QUEUE_MAX);
	if (!BOOT_ARRAY(world.domain, plan->count + 1) ||
	    !create_cpus(plan, vcpu_count)) {
		plan_refuse(plan, root, "no memory is left for the CPUs");
		return -XEN_ENOMEM;
	}
	for (uint32_t i = 0; i < plan->count; i++) {
		int err = create_domain(plan, &plan->blueprint[i], &next_cpu);

		if (err)
			return err;
	}
	world.domain_count = plan->count + 1;
	world.live_count = plan->count;
	world.store = (uint16_t)plan->store;
	world.poweroff_when_done = plan->poweroff_when_done;
	world.commands_allowed = !plan->no_commands;
	world.audit_on_end = plan->audit_on_end;
	return 0;
}
