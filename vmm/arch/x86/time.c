/* SPDX-License-Identifier: MIT */
/*
 * Speeds of the TSC and of the APIC's timer, against ACPI's power management
 * timer. On a loaded host the VMM may lose the CPU between any two
 * instructions. So a sample is a tick of that timer between two readings of
 * the TSC, and how far these are apart bounds its error; a point of time is
 * the best of several samples, and the better of two measurements counts.
 * Lost time then costs precision only if it hits all.
 */
#include "arch/x86/acpi.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/machine.h"

#define PM_TIMER_HZ		3579545u
#define PM_TIMER_MASK		0xffffffu	/* some count no further */

#define SAMPLES			6u	/* per point of time */
#define MEASUREMENTS		2u
#define MEASURE_TICKS		10800u	/* 3 ms */
#define MEASURE_SPINS		10000000u	/* a timer that stands still */
#define TICK_SPINS		10000u
#define BLUR			256u	/* error of an end against length */
#define TIME_SHIFT		48
#define DELTA_MAX		UINT64_C(1000000000)	/* ns to the timer */

struct point {
	uint64_t tsc, error;	/* error: how long the sample took */
	uint32_t ref, apic;
};

static struct vcpu_time_info clock;
static uint64_t time_mul;	/* ns per tick, times 2^TIME_SHIFT */
static uint32_t tsc_khz;
static uint64_t apic_mul;	/* timer ticks per ns, times 2^32 */
static uint64_t wallclock_base;

static uint32_t ticks_since(uint32_t from)
{
	return (insn_inl(acpi.pm_timer) - from) & PM_TIMER_MASK;
}

static struct point point_now(void)
{
	struct point best = { .error = UINT64_MAX };

	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint32_t last = ticks_since(0);
		struct point p = { .ref = last };

		for (unsigned int n = 0; p.ref == last && n < TICK_SPINS; n++) {
			p.tsc = insn_rdtsc();
			p.ref = ticks_since(0);
		}
		p.apic = apic_timer_left();
		p.error = insn_rdtsc() - p.tsc;
		p.tsc += p.error / 2;
		if (p.error < best.error)
			best = p;
	}
	return best;
}

/*
 * One measurement: TSC kHz and APIC timer kHz. Returns how bad it was: by how
 * blurred its ends are, and by how long it took, for the timer may have
 * wrapped; UINT64_MAX if it did not move.
 */
static uint64_t measure(uint32_t *tsc, uint32_t *apic)
{
	unsigned int spins = MEASURE_SPINS;
	struct point from = point_now(), to;
	uint64_t khz, length, passed;

	while (ticks_since(from.ref) < MEASURE_TICKS)
		if (!--spins)
			return UINT64_MAX;
	to = point_now();
	length = to.tsc - from.tsc;
	passed = (to.ref - from.ref) & PM_TIMER_MASK;
	khz = length * PM_TIMER_HZ / passed / 1000;
	*tsc = (uint32_t)khz;
	*apic = (uint32_t)((from.apic - to.apic) * khz / length);
	return (from.error + to.error) * BLUR + length;
}

static void clock_set(uint32_t khz)
{
	/* ns per tick, times 2^32; brought to 2^31 <= ratio < 2^32. */
	uint64_t ratio;
	int8_t shift = 9;		/* for 2 MHz */

	do
		ratio = (UINT64_C(1000000) << (32 - --shift)) / khz;
	while (ratio < UINT64_C(1) << 31);
	clock.tsc_to_system_mul = (uint32_t)ratio;
	clock.tsc_shift = shift;
	/* The same for arch_time(), which is called at every turn. */
	time_mul = ratio << (TIME_SHIFT - 32 + shift);
	tsc_khz = khz;
}

void time_init(void)
{
	uint64_t best = UINT64_MAX;
	uint32_t khz = 0, apic_khz = 0;

	apic_timer_start(UINT32_MAX);
	for (unsigned int i = 0; i < MEASUREMENTS && acpi.pm_timer; i++) {
		uint32_t tsc, apic;
		uint64_t badness = measure(&tsc, &apic);

		if (badness < best) {
			best = badness;
			khz = tsc;
			apic_khz = apic;
		}
	}
	apic_timer_start(0);
	if (!khz)
		arch_panic("time", 0, "ACPI has no timer that runs");
	clock_set(khz);
	apic_mul = ((uint64_t)apic_khz << 32) / 1000000;
	/* Invariant; or an emulator's, which is its host's clock. */
	if (cpuid_host(0x80000007, 0).edx & BIT32(8) ||
	    insn_cpuid(1, 0).ecx & BIT32(31))
		clock.flags = XEN_PVCLOCK_TSC_STABLE_BIT;
	clock.tsc_timestamp = insn_rdtsc();
	wallclock_base = rtc_read();
	log_line("time: TSC %u kHz", khz);
}

void time_distrust(void)
{
	clock.flags = 0;
}

nsec_t arch_time(void)
{
	uint64_t delta = insn_rdtsc() - clock.tsc_timestamp;

	return (nsec_t)((unsigned __int128)delta * time_mul >> TIME_SHIFT);
}

void time_wait(nsec_t ns)
{
	nsec_t until = arch_time() + ns;

	while (arch_time() < until)
		__builtin_ia32_pause();
}

uint64_t arch_wallclock_base(void)
{
	return wallclock_base;
}

struct vcpu_time_info arch_clock(void)
{
	return clock;
}

uint32_t arch_tsc_khz(void)
{
	return tsc_khz;
}

void arch_timer_arm(nsec_t deadline)
{
	uint64_t now = arch_time();
	/* Far deadlines fire early, once a second. */
	uint64_t delta = deadline > now ? MIN(deadline - now, DELTA_MAX) : 0;
	uint64_t ticks = (uint64_t)((unsigned __int128)delta * apic_mul >> 32);

	apic_timer_start(deadline == NSEC_NEVER ? 0 :
			 (uint32_t)MIN(ticks + 1, UINT32_MAX));
}
