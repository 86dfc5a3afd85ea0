/* SPDX-License-Identifier: MIT */
/*
 * The main loop of every CPU: pick a vCPU, run it until somebody else is due,
 * put it back. Building a VM and taking one apart are work that its vCPU 0
 * is picked for like any other.
 */
#include "abi/hypercall.h"
#include "core/sched.h"
#include "launch/launch.h"
#include "route.h"

static void run_guest(struct cpu *cpu, struct vcpu *v)
{
	struct vmexit exit;

	if (v->woken_at)
		runstate_change(v, RUNSTATE_runnable, v->woken_at);
	runstate_change(v, RUNSTATE_running, v->ran_from);
	v->woken_at = 0;
	atomic_store(&v->running, true);
	do {
		if (atomic_load_relaxed(&v->pending)) {
			route_pending(v);
			if (!vcpu_is_runnable(v))
				break;
		}
		sched_arm(cpu);
		arch_vcpu_run(v, &exit);
		if (arch_take_interrupt_flag()) {
			cpu->armed = ARMED_UNKNOWN;
			sched_poll(cpu);
		}
		route_exit(v, &exit);
		/* Mail to oneself comes without a kick. */
		if (atomic_load_relaxed(&cpu->mailbox))
			sched_poll(cpu);
	} while (!cpu->resched);
	atomic_store(&v->running, false);
	runstate_change(v, atomic_load(&v->state) == VCPU_RUNNABLE ?
			RUNSTATE_runnable : RUNSTATE_blocked, arch_time());
}

static void work(struct cpu *cpu, struct vcpu *v)
{
	struct domain *d = v->domain;

	do {
		if (atomic_load(&d->state) == DOMAIN_RUNNING ||
		    !vcpu_is_runnable(v))
			break;
		route_job(d);
		sched_arm(cpu);
		sched_poll(cpu);
	} while (!cpu->resched);
}

static void idle(struct cpu *cpu)
{
	sched_arm(cpu);
	if (cpu->id >= world.cpu_first)
		atomic_fetch_or(&world.idle_cpus, BIT64(cpu->id));
	if (!atomic_load(&cpu->mailbox) && !atomic_load(&world.stop_request))
		arch_idle();
	atomic_fetch_and(&world.idle_cpus, ~BIT64(cpu->id));
	if (arch_take_interrupt_flag())
		cpu->armed = ARMED_UNKNOWN;
}

static _Noreturn void cpu_loop(struct cpu *cpu)
{
	for (;;) {
		struct vcpu *v = sched_pick(cpu);

		if (!v) {
			idle(cpu);
			continue;
		}
		if (atomic_load(&v->domain->state) == DOMAIN_RUNNING)
			run_guest(cpu, v);
		else
			work(cpu, v);
		sched_put(cpu);
	}
}

void upcall_cpu_online(unsigned int cpu)
{
	cpu_loop(&world.cpu[cpu]);
}

void upcall_boot(const struct boot_info *boot)
{
	log_line("Bulkhead: %u CPUs, %u boot modules",
		 boot->cpu_count - boot->cpu_first, boot->module_count);
	launch_machine(boot);
	arch_start_cpus();
	cpu_loop(&world.cpu[0]);
}
