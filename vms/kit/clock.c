/* SPDX-License-Identifier: MIT */
/*
 * The Xen clock and one-shot timers.
 *
 *  K1  the time record is read until an even, unchanged version frames it;
 *  K2  a sleeper tests its condition with interrupts off, right before a
 *      STI; HLT pair, so a wake-up cannot fall between.
 */
#include "clock.h"
#include "cpu.h"
#include "event.h"
#include "hypercall.h"
#include "xen.h"

static evtchn_port_t timer_port[CPU_MAX];

uint64_t clock_read(const volatile struct vcpu_time_info *t)
{
	uint32_t version, mul;
	uint64_t delta, base;
	int8_t shift;

	do {
		version = t->version;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		delta = rdtsc() - t->tsc_timestamp;
		base = t->system_time;
		mul = t->tsc_to_system_mul;
		shift = t->tsc_shift;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((version & 1) || version != t->version);
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return base + (uint64_t)(((unsigned __int128)delta * mul) >> 32);
}

uint64_t clock_now(void)
{
	if (!xen_present())
		return rdtsc() / 2;	/* no reference: roughly */
	return clock_read(&this_cpu()->vcpu->time);
}

evtchn_port_t clock_timer_port(void)
{
	unsigned int cpu = this_cpu()->index;
	long port;

	if (!timer_port[cpu]) {
		port = event_bind_virq(VIRQ_TIMER, cpu);
		if (port <= 0)
			return 0;
		timer_port[cpu] = (evtchn_port_t)port;
		event_attach(timer_port[cpu], 0);
	}
	return timer_port[cpu];
}

long clock_timer_set(uint64_t ns, uint32_t flags)
{
	struct vcpu_set_singleshot_timer arg = { ns, flags };

	return vcpu_op(VCPUOP_set_singleshot_timer, this_cpu()->index, &arg);
}

long clock_timer_stop(void)
{
	return vcpu_op(VCPUOP_stop_singleshot_timer, this_cpu()->index, 0);
}

void clock_sleep_until(uint64_t when, const volatile uint64_t *word,
		       uint64_t seen)
{
	uint64_t flags = read_flags();

	if (!xen_present()) {
		while (clock_now() < when && !(word && *word > seen))
			cpu_pause();
		return;
	}
	clock_timer_port();
	irq_off();
	while (clock_now() < when && !(word && *word > seen)) {
		clock_timer_set(when, 0);
		irq_wait();
	}
	clock_timer_stop();
	if (flags & 0x200)
		irq_on();
}

void clock_sleep(uint64_t ns)
{
	clock_sleep_until(clock_now() + ns, 0, 0);
}
