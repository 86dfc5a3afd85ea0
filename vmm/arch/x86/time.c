/* SPDX-License-Identifier: MIT */
/*
 * Speeds of the TSC and of the APIC's timer, against the HPET or else the
 * PIT. On a loaded host the VMM may lose the CPU between any two
 * instructions. So a sample is a reading of the clock between two readings of
 * the TSC, and how far these are apart bounds its error; a point of time is
 * the best of several samples, and the best of several measurements counts.
 * Lost time then costs precision only if it hits all.
 */
#include "arch/x86/acpi.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/machine.h"
#include "arch/x86/paging.h"

#define PIT_HZ			1193182u
enum {
	PIT_CHANNEL2 = 0x42, PIT_COMMAND = 0x43, PIT_GATE = 0x61,
	HPET_PERIOD = 0x004,	/* femtoseconds per tick */
	HPET_CONFIG = 0x010, HPET_COUNTER = 0x0f0,
};
#define FEMTOSECONDS		UINT64_C(1000000000000000)

#define SAMPLES			6u	/* per point of time */
#define MEASUREMENTS		3u
#define MEASURE_HZ		500u	/* a measurement is 2 ms at least, */
#define MEASURE_TICKS		12000u	/* and so many ticks of the clock */
#define MEASURE_SPINS		100000000u	/* a clock that stands still */
#define BLUR			256u	/* error of an end against length */
#define TOLERANCE		50u	/* 1/50 = 2 % between CPUID and us */
#define TIME_SHIFT		48
#define DELTA_MAX		UINT64_C(1000000000)	/* ns to the timer */

struct point {
	uint64_t tsc, error;	/* error: how long the sample took */
	uint32_t ref, apic;
};

static void *hpet;		/* the reference; NULL: PIT, channel 2 */
static uint64_t ref_hz = PIT_HZ;
static struct vcpu_time_info clock;
static uint64_t time_mul;	/* ns per tick, times 2^TIME_SHIFT */
static uint32_t tsc_khz;
static uint64_t apic_mul;	/* timer ticks per ns, times 2^32 */
static uint64_t wallclock_base;

static uint32_t ref_read(void)
{
	uint32_t low;

	if (hpet)
		return mmio_read32(hpet, HPET_COUNTER);
	insn_outb(PIT_COMMAND, 0x80);	/* latch channel 2, counts down */
	low = insn_inb(PIT_CHANNEL2);
	return 0u - (low | (uint32_t)insn_inb(PIT_CHANNEL2) << 8);
}

static uint32_t ref_passed(uint32_t from, uint32_t to)
{
	return (to - from) & (hpet ? UINT32_MAX : 0xffff);
}

static void ref_init(void)
{
	uint32_t period, config;

	/* Channel 2: gate on, speaker off, mode 0 from 65535 down. */
	insn_outb(PIT_GATE, (insn_inb(PIT_GATE) & 0xfc) | 1);
	insn_outb(PIT_COMMAND, 0xb0);
	insn_outb(PIT_CHANNEL2, 0xff);
	insn_outb(PIT_CHANNEL2, 0xff);
	if (!acpi.hpet)
		return;
	hpet = paging_map_mmio(acpi.hpet);
	period = mmio_read32(hpet, HPET_PERIOD);
	if (period < 1000000 || period > 100000000) {
		hpet = NULL;
		return;
	}
	config = mmio_read32(hpet, HPET_CONFIG);
	mmio_write32(hpet, HPET_CONFIG, (config & ~BIT32(1)) | 1);
	ref_hz = FEMTOSECONDS / period;
}

static struct point point_now(void)
{
	struct point best = { .error = UINT64_MAX };

	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t before = insn_rdtsc();
		struct point p = { .ref = ref_read() };

		p.apic = apic_timer_left();
		p.error = insn_rdtsc() - before;
		p.tsc = before + p.error / 2;
		if (p.error < best.error)
			best = p;
	}
	return best;
}

/*
 * One measurement: TSC kHz and APIC timer kHz. Returns how bad it was: by how
 * blurred its ends are, and by how long it took, for a PIT may have wrapped;
 * UINT64_MAX if the clock did not move.
 */
static uint64_t measure(uint32_t *tsc, uint32_t *apic)
{
	uint64_t want = MAX(ref_hz / MEASURE_HZ, MEASURE_TICKS);
	unsigned int spins = MEASURE_SPINS;
	struct point from = point_now(), to;
	uint64_t khz, length, passed;

	while (ref_passed(from.ref, ref_read()) < want && --spins)
		;
	to = point_now();
	length = to.tsc - from.tsc;
	passed = ref_passed(from.ref, to.ref);
	if (!length || !passed || !spins)
		return UINT64_MAX;
	khz = length * ref_hz / passed / 1000;
	*tsc = (uint32_t)khz;
	*apic = (uint32_t)((from.apic - to.apic) * khz / length);
	return (from.error + to.error) * BLUR + length;
}

/* What CPUID says about the TSC's speed in kHz; 0 = nothing. */
static uint32_t khz_by_cpuid(void)
{
	struct cpuid_regs r = cpuid_host(0x15, 0);

	if (insn_cpuid(1, 0).ecx & BIT32(31) &&
	    insn_cpuid(0x40000000, 0).eax >= 0x40000010)
		return insn_cpuid(0x40000010, 0).eax;
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

void time_init(void)
{
	uint64_t best = UINT64_MAX;
	uint32_t khz = 0, apic_khz = 0, said = khz_by_cpuid();

	ref_init();
	apic_timer_start(UINT32_MAX);
	for (unsigned int i = 0; i < MEASUREMENTS; i++) {
		uint32_t tsc, apic;
		uint64_t badness = measure(&tsc, &apic);

		if (badness < best) {
			best = badness;
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
	/* Invariant; or an emulator's, which is its host's clock. */
	if (cpuid_host(0x80000007, 0).edx & BIT32(8) ||
	    insn_cpuid(1, 0).ecx & BIT32(31))
		clock.flags = XEN_PVCLOCK_TSC_STABLE_BIT;
	clock.tsc_timestamp = insn_rdtsc();
	wallclock_base = rtc_read();
	log_line("time: TSC %u kHz by %s", khz, hpet ? "HPET" : "PIT");
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
