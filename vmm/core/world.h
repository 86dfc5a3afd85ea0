/* SPDX-License-Identifier: MIT */
/*
 * The root of all mutable state of the core: every table hangs from here.
 * Tables are allocated at launch from the boot allocator and never again.
 */
#pragma once
#include "core/device.h"
#include "core/domain.h"
#include "core/partition.h"

#define CPU_MAX		64u
#define RUN_QUEUE_MAX	4096u	/* vCPUs that may share one CPU */

struct cpu {			/* a physical CPU; [C] unless marked */
	uint32_t id;		/* [I] */
	struct vcpu *mailbox;	/* [A] vCPUs that others want looked at */
	struct vcpu *current;	/* running now, or NULL */
	bool resched;		/* leave the present vCPU */
	uint64_t polls;		/* [A] times it passed its main loop */
	struct heap run;	/* runnable vCPUs by vruntime */
	struct heap timers;
	uint64_t min_vruntime;
	nsec_t picked_at;	/* current's stretch began */
	nsec_t armed;		/* what the hardware timer is set to */
#define ARMED_UNKNOWN	(NSEC_NEVER - 1) /* it may have fired, even early */
	struct timer own[TIMERS_PER_CPU];	/* slice, serial, refill */
	struct vcpu *throttled;	/* list by vcpu.throttle_next */
};

struct world {
	struct partition partition;
	struct domain **domain;		/* [I] by domid; [0] is NULL */
	uint32_t domain_count;		/* [I] highest domid + 1 */
	struct cpu *cpu;		/* [I] by index */
	uint32_t cpu_count;		/* [I] */
	uint32_t cpu_first;		/* [I] CPUs below run no VM */
	bool sealed;			/* launch is over */
	uint64_t ram_frames;		/* [I] all RAM of the machine */
	uint64_t spare_frames;		/* [I] given to nobody */
	uint32_t live_count;		/* [A] domains that have not ended */
	bool any_crash;			/* [A] */
	bool audit_wanted;		/* [A] a VM ended */
	bool poweroff_wanted;		/* [A] by the operator */
	uint64_t idle_cpus;		/* [A] bit n: CPU n has nothing */
	uint32_t stop_request;		/* [A] all CPUs but one stand still */
	uint32_t stopped_count;		/* [A] */

	struct device *device;		/* [I] functions that VMs own */
	uint32_t device_count;		/* [I] */
	uint32_t stray_dma;		/* boot CPU: reports about others */

	/* from the launch description [I] */
	bool poweroff_when_done, commands_allowed, audit_on_end;
	uint16_t exit_port;		/* 0 = none */
	uint16_t store;			/* domid of the xenstore VM, 0 = none */
};

extern struct world world;

/* The domain with this id, or NULL. Safe for ids that a guest chose. */
struct domain *domain_at(uint32_t domid);

/* The physical CPU that v belongs to. */
static inline struct cpu *cpu_of(const struct vcpu *v)
{
	return &world.cpu[atomic_load_relaxed(&v->cpu)];
}
