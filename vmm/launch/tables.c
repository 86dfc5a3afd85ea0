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

static void create_arrays(const struct blueprint *b, struct domain *d)
{
	struct grant_table *g = &d->grants;

	g->frame_max = b->grant_frames;
	g->frame = BOOT_ARRAY(g->frame, g->frame_max);
	g->active = BOOT_ARRAY(g->active, g->frame_max * GRANTS_PER_FRAME);
	d->map_count = b->grant_maps;
	d->map = BOOT_ARRAY(d->map, d->map_count);
	d->port_count = b->port_count;
	d->port = BOOT_ARRAY(d->port, d->port_count);
	d->sent = BOOT_ARRAY(d->sent, d->port_count);
	d->console.history = boot_alloc(CONSOLE_HISTORY_SIZE);
}

/* The VMs' CPUs take turns when the description names none. */
static void create_vcpus(const struct blueprint *b, struct domain *d,
			 uint32_t *next_cpu)
{
	d->vcpu_count = b->vcpu_count;
	d->vcpu = BOOT_ARRAY(d->vcpu, d->vcpu_count);
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		v->domain = d;
		v->id = i;
		v->pinned = b->affinity.size != 0;
		v->cpu = v->pinned ? fdt_cell(&b->affinity, i)
				   : (*next_cpu)++ % (world.cpu_count -
						      world.cpu_first);
		v->cpu += world.cpu_first;
		v->state = VCPU_DOWN;
		v->arch = boot_alloc_pages(arch_vcpu_size());
		arch_vcpu_init(v);
	}
}

static void create_peers(const struct blueprint *b, struct domain *d,
			 uint32_t domain_count)
{
	if (b->peers.size)
		d->peers = boot_alloc(ROUND_UP(domain_count + 1, 64) / 8);
	for (uint32_t i = 0; i < b->peers.size / 4; i++) {
		uint32_t peer = fdt_cell(&b->peers, i);

		d->peers[peer / 64] |= BIT64(peer % 64);
	}
}

static void create_domain(const struct plan *plan, const struct blueprint *b,
			  uint32_t *next_cpu)
{
	struct domain *d;

	boot_alloc_for(b->name);
	world.domain[b->domid] = d = boot_alloc(sizeof(*d));
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
	if (b->ramdisk)
		d->ramdisk_size = plan->boot->module[b->ramdisk].size;
	ram_create(plan, b, d, device_create(plan, b, d));
	create_arrays(b, d);
	create_vcpus(b, d, next_cpu);
	create_peers(b, d, plan->count);
}

static void create_cpus(const struct plan *plan, uint32_t vcpu_count)
{
	world.cpu_count = plan->boot->cpu_count;
	world.cpu_first = plan->boot->cpu_first;
	world.cpu = BOOT_ARRAY(world.cpu, world.cpu_count);
	for (uint32_t i = 0; i < world.cpu_count; i++) {
		struct cpu *cpu = &world.cpu[i];

		cpu->id = i;
		cpu->run.size = vcpu_count;
		cpu->run.node = BOOT_ARRAY(cpu->run.node, vcpu_count);
		cpu->timers.size = vcpu_count * TIMER_KIND_COUNT +
				   TIMERS_PER_CPU;
		cpu->timers.node = BOOT_ARRAY(cpu->timers.node,
					      cpu->timers.size);
		sched_init_cpu(cpu);
	}
}

void tables_create(const struct plan *plan)
{
	uint32_t vcpu_count = 0, next_cpu = 0;

	for (uint32_t i = 0; i < plan->count; i++)
		vcpu_count += plan->blueprint[i].vcpu_count;
	if (vcpu_count > RUN_QUEUE_MAX)
		plan_refuse(plan, fdt_root(&plan->fdt), "%u vCPUs are more "
			    "than %u", vcpu_count, RUN_QUEUE_MAX);
	world.domain = BOOT_ARRAY(world.domain, plan->count + 1);
	create_cpus(plan, vcpu_count);
	for (uint32_t i = 0; i < plan->count; i++)
		create_domain(plan, &plan->blueprint[i], &next_cpu);
	world.domain_count = plan->count + 1;
	world.live_count = plan->count;
	world.store = (uint16_t)plan->store;
	world.poweroff_when_done = plan->poweroff_when_done;
	world.commands_allowed = !plan->no_commands;
	world.audit_on_end = plan->audit_on_end;
}
