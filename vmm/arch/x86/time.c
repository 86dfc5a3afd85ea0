/* SPDX-License-Identifier: MIT */
/*
 * Speeds of the TSC and of the APIC's timer, against whatever clock of known
 * speed there is. On a loaded host the VMM may lose the CPU between any two
 * instructions. So a sample is a reading of the clock between two readings of
 * the TSC, and how far these are apart bounds its error; a point of time is
 * the best of several samples, and of several measurements the one with the
 * best ends counts. Lost time then costs precision only if it hits all.
 */
#include "arch/x86/machine.h"
#include "arch/x86/acpi.h"
#include "arch/x86/paging.h"
#include "core/log.h"

#define PIT_HZ			1193182u
#define PM_TIMER_HZ		3579545u
#define PIT_CHANNEL2		0x42u
#define PIT_COMMAND		0x43u
#define PIT_GATE		0x61u
#define HPET_PERIOD		0x004u	/* femtoseconds per tick */
#define HPET_CONFIG		0x010u
#define HPET_COUNTER		0x0f0u
#define FEMTOSECONDS		UINT64_C(1000000000000000)

#define SAMPLES			6u	/* per point of time */
#define MEASUREMENTS		3u
#define MEASURE_NS		2000000u
#define MEASURE_SPINS		100000000u	/* a clock that stands still */
#define TOLERANCE		50u	/* 1/50 = 2 % between two clocks */
#define TIME_SHIFT		48
#define DELTA_MAX		UINT64_C(1000000000)	/* ns to the timer */

enum reference { REF_PIT, REF_PM_TIMER, REF_HPET, REF_COUNT };

struct reference_clock {
	const char *name;
	uint64_t hz;		/* 0 = not there */
	uint64_t mask;		/* it wraps after this value */
};

struct point {
	uint64_t tsc, error;	/* error: how long the sample took */
	uint64_t ref[REF_COUNT];
	uint32_t apic;
};

static struct reference_clock reference[REF_COUNT] = {
	[REF_PIT] = { "PIT", PIT_HZ, 0xffff },
	[REF_PM_TIMER] = { "PM timer", 0, 0 },
	[REF_HPET] = { "HPET", 0, UINT32_MAX },
};
static void *hpet;
static struct arch_clock clock;
static uint64_t time_mul;	/* ns per tick, times 2^TIME_SHIFT */
static uint32_t tsc_khz;
static uint64_t apic_mul;	/* timer ticks per ns, times 2^32 */
static uint64_t wallclock_base;

static uint64_t ref_read(enum reference ref)
{
	uint32_t low;

	switch (ref) {
	case REF_PIT:
		insn_outb(PIT_COMMAND, 0x80);	/* latch channel 2 */
		low = insn_inb(PIT_CHANNEL2);
		return (0xffff - (low | (uint32_t)insn_inb(PIT_CHANNEL2) << 8))
		       & 0xffff;
	case REF_PM_TIMER:
		return insn_inl(acpi.pm_timer_port) & acpi.pm_timer_mask;
	case REF_HPET:
		return mmio_read32(hpet, HPET_COUNTER);
	case REF_COUNT:
		break;
	}
	return 0;
}

static void references_init(void)
{
	uint32_t period, config;

	/* Channel 2: gate on, speaker off, mode 0 from 65535 down. */
	insn_outb(PIT_GATE, (insn_inb(PIT_GATE) & 0xfc) | 1);
	insn_outb(PIT_COMMAND, 0xb0);
	insn_outb(PIT_CHANNEL2, 0xff);
	insn_outb(PIT_CHANNEL2, 0xff);

	if (acpi.pm_timer_port) {
		reference[REF_PM_TIMER].hz = PM_TIMER_HZ;
		reference[REF_PM_TIMER].mask = acpi.pm_timer_mask;
	}
	if (!acpi.hpet)
		return;
	hpet = paging_map_mmio(acpi.hpet, PAGE_SIZE);
	period = mmio_read32(hpet, HPET_PERIOD);
	if (period < 1000000 || period > 100000000)
		return;
	config = mmio_read32(hpet, HPET_CONFIG);
	mmio_write32(hpet, HPET_CONFIG, (config & ~BIT32(1)) | 1);
	reference[REF_HPET].hz = FEMTOSECONDS / period;
}

static struct point point_now(enum reference first, enum reference second)
{
	struct point best = { .error = UINT64_MAX };

	for (unsigned int i = 0; i < SAMPLES; i++) {
		struct point p;
		uint64_t before = insn_rdtsc();

		p.ref[first] = ref_read(first);
		p.ref[second] = ref_read(second);
		p.apic = apic_timer_left();
		p.error = insn_rdtsc() - before;
		p.tsc = before + p.error / 2;
		if (p.error < best.error)
			best = p;
	}
	return best;
}

static uint64_t ref_passed(enum reference ref, const struct point *from,
			   const struct point *to)
{
	return (to->ref[ref] - from->ref[ref]) & reference[ref].mask;
}

/* TSC speed between two points by one reference. */
static uint64_t khz_between(enum reference ref, const struct point *from,
			    const struct point *to)
{
	uint64_t passed = ref_passed(ref, from, to);

	if (!passed)
		return 0;
	return (to->tsc - from->tsc) * reference[ref].hz / passed / 1000;
}

/*
 * One measurement: TSC kHz and APIC timer kHz; returns its error as a share
 * of its length, in millionths, UINT64_MAX if no clock moved.
 */
static uint64_t measure(enum reference ref, enum reference check,
			uint32_t *tsc, uint32_t *apic)
{
	uint64_t want = reference[ref].hz * MEASURE_NS / 1000000000u;
	unsigned int spins = MEASURE_SPINS;
	struct point from, to;
	uint64_t khz, other, length;

	from = point_now(ref, check);
	do {
		to.ref[ref] = ref_read(ref);
	} while (ref_passed(ref, &from, &to) < want && --spins);
	to = point_now(ref, check);

	khz = khz_between(ref, &from, &to);
	other = khz_between(check, &from, &to);
	length = to.tsc - from.tsc;
	if (!khz || !length || !spins)
		return UINT64_MAX;
	*tsc = (uint32_t)khz;
	*apic = (uint32_t)((from.apic - to.apic) * khz / length);
	if (khz > other + other / TOLERANCE || other > khz + khz / TOLERANCE)
		log_line("time: %s and %s disagree: TSC %u or %u kHz",
			 reference[ref].name, reference[check].name,
			 *tsc, (uint32_t)other);
	return (from.error + to.error) * 1000000 / length;
}

/* What CPUID says about the TSC's speed in kHz; 0 = nothing. */
static uint32_t khz_by_cpuid(void)
{
	struct cpuid r;

	if (insn_cpuid(1, 0).ecx & BIT32(31) &&
	    insn_cpuid(0x40000000, 0).eax >= 0x40000010)
		return insn_cpuid(0x40000010, 0).eax;
	if (insn_cpuid(0, 0).eax < 0x15)
		return 0;
	r = insn_cpuid(0x15, 0);
	if (!r.eax || !r.ebx || !r.ecx)
		return 0;
	return (uint32_t)((uint64_t)r.ecx * r.ebx / r.eax / 1000);
}

static void clock_set(uint32_t khz)
{
	/* ns per tick, times 2^32; brought to 2^31 <= mul < 2^32. */
	uint64_t ratio = (UINT64_C(1000000) << 32) / khz;
	int8_t shift = 0;

	while (ratio >= UINT64_C(1) << 32) {
		ratio >>= 1;
		shift++;
	}
	while (ratio < UINT64_C(1) << 31) {
		shift--;
		ratio = (UINT64_C(1000000) << (32 - shift)) / khz;
	}
	clock.tsc_to_system_mul = (uint32_t)ratio;
	clock.tsc_shift = shift;
	/* The same for arch_time(), which is called at every turn. */
	time_mul = ratio << (TIME_SHIFT - 32 + shift);
	tsc_khz = khz;
}

static bool tsc_is_invariant(void)
{
	return insn_cpuid(0x80000000, 0).eax >= 0x80000007 &&
	       insn_cpuid(0x80000007, 0).edx & BIT32(8);
}

void time_init(void)
{
	enum reference ref = REF_PIT, check = REF_PIT;
	uint64_t best = UINT64_MAX;
	uint32_t khz = 0, apic_khz = 0, said = khz_by_cpuid();

	references_init();
	for (unsigned int i = 0; i < REF_COUNT; i++) {
		if (!reference[i].hz)
			continue;
		check = ref;
		ref = i;
	}
	apic_timer_start(UINT32_MAX);
	for (unsigned int i = 0; i < MEASUREMENTS; i++) {
		uint32_t tsc, apic;
		uint64_t error = measure(ref, check, &tsc, &apic);

		if (error < best) {
			best = error;
			khz = tsc;
			apic_khz = apic;
		}
	}
	apic_timer_start(0);
	if (!khz && !said)
		arch_panic("time", 0, "no clock to measure the TSC with");
	if (said && khz && (said > khz + khz / TOLERANCE ||
			    khz > said + said / TOLERANCE))
		log_line("time: CPUID says %u kHz: not believed", said);
	else if (said)
		khz = said;
	clock_set(khz);
	apic_mul = ((uint64_t)apic_khz << 32) / 1000000;
	/* An emulator's TSC is its host's clock: the same on all CPUs. */
	clock.tsc_stable = tsc_is_invariant() ||
			   insn_cpuid(1, 0).ecx & BIT32(31);
	clock.tsc_timestamp = insn_rdtsc();
	wallclock_base = rtc_read();
	log_line("time: TSC %u kHz by %s (error %u ppm), timer by %s", khz,
		 reference[ref].name, (uint32_t)best,
		 apic_has_deadline() ? "TSC" : "APIC");
}

void time_distrust(void)
{
	clock.tsc_stable = false;
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

struct arch_clock arch_clock(void)
{
	return clock;
}

uint32_t arch_tsc_khz(void)
{
	return tsc_khz;
}

void arch_timer_arm(nsec_t deadline)
{
	uint64_t now, delta, ticks;

	if (deadline == NSEC_NEVER) {
		if (apic_has_deadline())
			apic_timer_deadline(0);
		else
			apic_timer_start(0);
		return;
	}
	/* Far deadlines fire early, once a second. */
	now = arch_time();
	delta = deadline > now ? MIN(deadline - now, DELTA_MAX) : 0;
	if (apic_has_deadline()) {
		ticks = delta * tsc_khz / 1000000;
		apic_timer_deadline(insn_rdtsc() + ticks + 1);
		return;
	}
	ticks = (uint64_t)((unsigned __int128)delta * apic_mul >> 32);
	apic_timer_start((uint32_t)MIN(ticks + 1, UINT32_MAX));
}
