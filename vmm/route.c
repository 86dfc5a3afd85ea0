/* SPDX-License-Identifier: MIT */
/*
 * Joins the rooms: exits go to calls and devices, pending events become
 * injections, jobs go to launch and teardown. Decides nothing else.
 */
#include "route.h"
#include <xen/sched.h>
#include "abi/hypercall.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/hooks.h"
#include "core/sched.h"
#include "launch/launch.h"
#include "vdev/console.h"
#include "vdev/lapic.h"
#include "vdev/pci.h"
#include "vdev/ports.h"

#define VECTOR_GP		13u

/* --- into the guest --- */

/* The vector of the upcall if one is due, or -1. */
static int upcall_vector(const struct vcpu *v)
{
	uint32_t callback = atomic_load(&v->domain->callback_vector);

	return callback && atomic_load(&v->info->evtchn_upcall_pending) ?
		       (int)callback : -1;
}

/* Not all could be done: have the guest exit when more can be. */
static void look_again(struct vcpu *v, uint32_t pending)
{
	atomic_fetch_or(&v->pending, pending);
	if (!arch_vcpu_want_window(v))
		sched_leave_by(cpu_of(v), arch_time() + NSEC_PER_MS);
}

/*
 * An interrupt of the APIC comes before the upcall, because its end is an
 * exit, at which the upcall gets its turn. They take turns, so that neither a
 * device nor who sends events can keep a VM from the other.
 */
void route_pending(struct vcpu *v)
{
	uint32_t pending = atomic_exchange(&v->pending, 0u);
	int vector, upcall;
	bool first;		/* the APIC's */

	if (pending & VCPU_PENDING_START) {
		atomic_fetch_or(&v->pending, pending);
		hook_start_vcpu(v);
		pending = atomic_exchange(&v->pending, 0u);
	}
	if (pending & VCPU_PENDING_NMI) {
		if (!arch_vcpu_may_nmi(v)) {
			look_again(v, VCPU_PENDING_NMI);
		} else {
			arch_vcpu_inject_nmi(v);
			look_again(v, VCPU_PENDING_LOOK);
			return;
		}
	}
	vector = lapic_pending_vector(v);
	upcall = upcall_vector(v);
	if (vector < 0 && upcall < 0)
		return;
	if (!arch_vcpu_may_interrupt(v)) {
		look_again(v, VCPU_PENDING_LOOK);
		return;
	}
	first = vector >= 0 && (upcall < 0 || !v->upcall_waited);
	v->upcall_waited = first && upcall >= 0;
	arch_vcpu_inject_interrupt(v, (uint8_t)(first ? vector : upcall));
	if (first)
		lapic_accept(v, (uint8_t)vector);
	if ((vector >= 0 && upcall >= 0) || pending & VCPU_PENDING_NMI)
		look_again(v, VCPU_PENDING_LOOK);
}

void hook_start_vcpu(struct vcpu *v)
{
	uint32_t pending = atomic_fetch_and(&v->pending, ~VCPU_PENDING_START);

	if (pending & VCPU_PENDING_INIT) {
		lapic_reset(v);
		atomic_store(&v->state, VCPU_DOWN);
	}
	if (pending & VCPU_PENDING_SIPI &&
	    atomic_load(&v->state) == VCPU_DOWN) {
		arch_vcpu_reset_sipi(v, v->sipi_vector);
		atomic_store(&v->state, VCPU_RUNNABLE);
	}
}

/* --- out of the guest --- */

static bool all_down(const struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++)
		if (atomic_load(&d->vcpu[i].state) != VCPU_DOWN)
			return false;
	return true;
}

/* HLT with interrupts off: down for good; all down: power-off (xen-abi). */
static void halt(struct vcpu *v, const struct vmexit *exit)
{
	arch_vcpu_skip(v, exit);
	if (arch_vcpu_interrupts_enabled(v)) {
		if (upcall_vector(v) < 0 && lapic_pending_vector(v) < 0)
			sched_block(v);
		else
			atomic_fetch_or(&v->pending, VCPU_PENDING_LOOK);
		return;
	}
	atomic_store(&v->state, VCPU_DOWN);
	world.cpu[v->cpu].resched = true;
	if (all_down(v->domain))
		domain_shutdown(v->domain, SHUTDOWN_poweroff);
}

static void msr_read(struct vcpu *v, const struct vmexit *exit)
{
	uint64_t value = 0;

	if (exit->msr.index != MSR_HYPERCALL_PAGE &&
	    !lapic_msr_read(v, exit->msr.index, &value)) {
		arch_vcpu_inject_fault(v, VECTOR_GP, 0);
		return;
	}
	v->regs.rax = (uint32_t)value;
	v->regs.rdx = value >> 32;
	arch_vcpu_skip(v, exit);
}

static void msr_write(struct vcpu *v, const struct vmexit *exit)
{
	uint32_t index = exit->msr.index;
	uint64_t value = exit->msr.value;

	if (index == MSR_HYPERCALL_PAGE ? hypercall_page_write(v, value)
					: lapic_msr_write(v, index, value))
		arch_vcpu_skip(v, exit);
	else
		arch_vcpu_inject_fault(v, VECTOR_GP, 0);
}

static void crash(struct vcpu *v, const char *why)
{
	char text[160];

	arch_vcpu_describe(v, text, sizeof(text));
	log_line("%s: vcpu %u: %s", v->domain->name, v->id, text);
	domain_crash(v->domain, why);
	world.cpu[v->cpu].resched = true;
}

static void memory_fault(struct vcpu *v, const struct vmexit *exit)
{
	if (pci_memory(v, exit)) {
		arch_vcpu_skip(v, exit);
		return;
	}
	log_guest(v->domain, "%s of guest-physical %lx, where nothing is",
		  exit->memory.execute ? "execution" :
		  exit->memory.write ? "write" : "read", exit->memory.address);
	crash(v, "it touched memory that it does not have");
}

void route_exit(struct vcpu *v, const struct vmexit *exit)
{
	v->exit_count++;
	switch (exit->reason) {
	case EXIT_NONE: case EXIT_WINDOW:
	case EXIT_CPUID:	/* settled in arch through upcall_cpuid */
		break;
	case EXIT_HYPERCALL:
		if (hypercall_dispatch(v))
			arch_vcpu_skip(v, exit);
		break;
	case EXIT_MSR_READ:
		msr_read(v, exit);
		break;
	case EXIT_MSR_WRITE:
		msr_write(v, exit);
		break;
	case EXIT_IO:
		if (ports_access(v, exit))
			arch_vcpu_skip(v, exit);
		break;
	case EXIT_HLT:
		halt(v, exit);
		break;
	case EXIT_PAUSE:
		arch_vcpu_skip(v, exit);
		sched_yield_to_sibling(v);
		break;
	case EXIT_MEMORY:
		memory_fault(v, exit);
		break;
	case EXIT_TRIPLE_FAULT:
		crash(v, "triple fault");
		break;
	case EXIT_FATAL:
		log_line("%s: entry refused, code %lx", v->domain->name,
			 exit->fatal_code);
		crash(v, "the processor refused its state");
		break;
	}
	console_look(v->domain);
}

/* --- jobs: building a VM and taking it apart --- */

enum end_step { END_QUIESCE, END_DEVICES, END_EVENTS, END_MAPS, END_REVOKE,
		END_SENDERS, END_SCRUB };

static bool all_quiesced(struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		if (atomic_load(&d->vcpu[i].quiesced))
			continue;
		sched_mail(&d->vcpu[i]);
		sched_pass(&d->vcpu[0]);
		return false;
	}
	return true;
}

static bool end_step(struct domain *d)
{
	switch ((enum end_step)d->job_step) {
	case END_QUIESCE:
		return all_quiesced(d);
	case END_DEVICES:
		return pci_stop_step(d, &d->job_cursor, &d->job_aux);
	case END_EVENTS:
		return event_teardown_step(d, &d->job_cursor);
	case END_MAPS:
		return grant_unmap_all_step(d, &d->job_cursor);
	case END_REVOKE:
		return grant_revoke_step(d, &d->job_cursor, &d->job_aux);
	case END_SENDERS:	/* who read a port before it was closed */
		return sched_all_passed(&d->job_cursor, &d->job_aux);
	case END_SCRUB:
		return atomic_load(&d->restart_wanted) || scrub_step(d);
	}
	return true;
}

static void next_job(struct domain *d, enum domain_state state)
{
	d->job_step = 0;
	d->job_cursor = 0;
	d->job_aux = 0;
	atomic_store(&d->state, state);
}

/* The store looks which of its clients have gone or come. */
static void tell_store(const struct domain *d)
{
	struct domain *store = domain_at(world.store);

	if (store && store != d)
		event_raise_virq(&store->vcpu[0], VIRQ_DOM_EXC);
}

static void end_done(struct domain *d)
{
	tell_store(d);
	if (world.audit_on_end)
		atomic_store(&world.audit_wanted, true);
	atomic_store(&d->destroy_wanted, 0u);
	if (atomic_exchange(&d->restart_wanted, 0u)) {
		atomic_fetch_add(&d->restart_count, 1u);
		domain_news(d, NEWS_RESTART);
		next_job(d, DOMAIN_BUILDING);
		return;
	}
	domain_news(d, NEWS_DEAD);
	next_job(d, DOMAIN_DEAD);
	world.cpu[d->vcpu[0].cpu].resched = true;
	atomic_fetch_add(&world.live_count, (uint32_t)-1);
}

static void build_done(struct domain *d)
{
	bool destroy = atomic_load(&d->destroy_wanted);

	pci_start(d);
	for (uint32_t i = 0; i < d->vcpu_count; i++)
		atomic_store(&d->vcpu[i].quiesced, false);
	atomic_store(&d->shutdown_reason, SHUTDOWN_NONE);
	if (d->start_paused && atomic_load(&d->restart_count) == 0)
		atomic_store(&d->paused, 1u);
	domain_news(d, NEWS_STARTED);
	next_job(d, DOMAIN_RUNNING);
	tell_store(d);
	log_line("%s: started, domain %u, %lu MiB, %u vCPUs", d->name, d->id,
		 d->ram_frames >> 8, d->vcpu_count);
	if (destroy)
		domain_destroy(d);
}

void route_job(struct domain *d)
{
	if (atomic_load(&d->state) == DOMAIN_BUILDING) {
		if (build_step(d))
			build_done(d);
		return;
	}
	if (!end_step(d))
		return;
	d->job_cursor = 0;
	d->job_aux = 0;
	if (d->job_step++ == END_SCRUB)
		end_done(d);
}

/* --- the hook of launch --- */

void build_reset_hook(struct domain *d)
{
	console_init(d);
	hypercall_reset(d);
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		atomic_store(&v->pending, 0u);
		v->upcall_waited = false;
		lapic_reset(v);
		time_fill(v);
	}
}
