/* SPDX-License-Identifier: MIT */
/*
 * Life cycle of a domain. Whoever ends it changes domain.state once, by
 * compare-and-exchange, and sends mail to all vCPUs; the CPUs that own them
 * let go (core/sched.c), then vCPU 0's time pays for taking it apart
 * (vmm/route.c). Nobody waits. Transitions:
 *
 *   BUILDING -> RUNNING -> DYING -> DEAD
 *                  |  ^      |  \-> BUILDING      (restart)
 *                  v  |      ^
 *               SHUTDOWN ----'                    (preserve, then destroy)
 */
#include "core/domain.h"
#include <xen/sched.h>
#include "core/sched.h"

void domain_news(struct domain *d, enum domain_news news)
{
	atomic_fetch_or(&d->news, BIT32(news));
}

static void mail_all(struct domain *d)
{
	struct cpu *cpu = &world.cpu[arch_cpu_id()];

	if (cpu->current && cpu->current->domain == d)
		cpu->resched = true;
	for (uint32_t i = 0; i < d->vcpu_count; i++)
		sched_mail(&d->vcpu[i]);
}

static const char *reason_name(unsigned int reason)
{
	static const char *const name[] = {
		"power-off", "reboot", "suspend", "crash", "watchdog",
		"soft reset"
	};

	return reason < ARRAY_SIZE(name) ? name[reason] : "operator";
}

static enum domain_action action_of(const struct domain *d,
				    unsigned int reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
	case SHUTDOWN_suspend:
		return d->on_poweroff;
	case SHUTDOWN_reboot:
	case SHUTDOWN_soft_reset:
		return d->on_reboot;
	case SHUTDOWN_DESTROY:
		return ACTION_DESTROY;
	default:
		return d->on_crash;
	}
}

/* From state old, if it is still that; then the machinery runs by itself. */
static bool end(struct domain *d, uint32_t old, unsigned int reason,
		enum domain_action action)
{
	uint32_t next = action == ACTION_PRESERVE ? DOMAIN_SHUTDOWN
						  : DOMAIN_DYING;

	if (!atomic_compare_exchange(&d->state, &old, next))
		return false;
	atomic_store(&d->shutdown_reason, reason);
	atomic_store(&d->restart_wanted, action == ACTION_RESTART);
	if (reason == SHUTDOWN_crash || reason == SHUTDOWN_watchdog)
		atomic_store(&world.any_crash, true);
	domain_news(d, NEWS_SHUTDOWN);
	log_line("%s: ended by %s", d->name, reason_name(reason));
	if (action == ACTION_PRESERVE)
		atomic_fetch_add(&world.live_count, (uint32_t)-1);
	mail_all(d);
	return true;
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
	if (reason > SHUTDOWN_MAX)
		reason = SHUTDOWN_crash;
	end(d, DOMAIN_RUNNING, reason, action_of(d, reason));
}

void domain_crash(struct domain *d, const char *why)
{
	log_line("%s: crashed: %s", d->name, why);
	domain_shutdown(d, SHUTDOWN_crash);
}

static int set_paused(struct domain *d, uint32_t paused, enum domain_news news)
{
	if (atomic_exchange(&d->paused, paused) == paused)
		return -XEN_EINVAL;
	domain_news(d, news);
	mail_all(d);
	return 0;
}

int domain_pause(struct domain *d)
{
	uint32_t state = atomic_load(&d->state);

	if (state == DOMAIN_DEAD || state == DOMAIN_DYING)
		return -XEN_ESRCH;
	return set_paused(d, 1, NEWS_PAUSED);
}

int domain_unpause(struct domain *d)
{
	return set_paused(d, 0, NEWS_UNPAUSED);
}

static int finish(struct domain *d, enum domain_action action)
{
	if (end(d, DOMAIN_RUNNING, SHUTDOWN_DESTROY, action))
		return 0;
	if (end(d, DOMAIN_SHUTDOWN, atomic_load(&d->shutdown_reason), action)) {
		atomic_fetch_add(&world.live_count, 1u);
		return 0;
	}
	return -XEN_EBUSY;
}

int domain_destroy(struct domain *d)
{
	uint32_t state = atomic_load(&d->state);

	if (state == DOMAIN_DEAD)
		return -XEN_ESRCH;
	if (state != DOMAIN_BUILDING && state != DOMAIN_DYING)
		return finish(d, ACTION_DESTROY);
	atomic_store(&d->restart_wanted, 0u);
	atomic_store(&d->destroy_wanted, 1u);
	return 0;
}

int domain_restart(struct domain *d)
{
	uint32_t state = atomic_load(&d->state);

	if (state == DOMAIN_RUNNING || state == DOMAIN_SHUTDOWN)
		return finish(d, ACTION_RESTART);
	if (state == DOMAIN_BUILDING) {	/* it has not run yet: as good as new */
		atomic_store(&d->destroy_wanted, 0u);
		return 0;
	}
	if (state == DOMAIN_DEAD) {
		if (!atomic_compare_exchange(&d->state, &state, DOMAIN_DYING))
			return -XEN_EBUSY;
		atomic_fetch_add(&world.live_count, 1u);
	}
	atomic_store(&d->restart_wanted, 1u);
	mail_all(d);
	return 0;
}
