/* SPDX-License-Identifier: MIT */
/*
 * Every x2APIC register, read and written with odd values: a value or #GP(0),
 * reserved bits refused, the mode cannot be left, read-only registers stay.
 * Then the timer works and the other vCPU is where it was.
 * Guards against: register indexes used unchecked; interrupts with illegal
 * vectors; an APIC switched off under its own pending interrupts.
 */
#include "test.h"

static volatile uint64_t ticks;

static void on_tick(struct trap_frame *f)
{
	(void)f;
	ticks++;
	apic_eoi();
}

/* What would rightly stop this vCPU or send interrupts. */
static bool is_active(uint32_t reg)
{
	return reg == APIC_ICR || reg == APIC_SELF_IPI || reg == APIC_EOI;
}

static void sweep(void)
{
	static const uint64_t value[] = { 0, 0xff, 0xffffffff, ~0ull,
					  1ull << 32, 0x10000 };

	for (uint32_t reg = 0; reg < 0x100; reg++) {
		uint64_t old = 0, now;
		fault_t f = probe_rdmsr(MSR_X2APIC + reg, &old);
		fault_t w;

		CHECK(!f || f == FAULT_GP, "read %x: %lx", reg, f);
		if (reg >= 0x40)
			CHECK_EQ(f, FAULT_GP, "read %x", reg);
		if (is_active(reg))
			continue;
		for (unsigned int i = 0; i < ARRAY_SIZE(value); i++) {
			w = probe_wrmsr(MSR_X2APIC + reg, value[i]);
			CHECK(!w || w == FAULT_GP, "write %x", reg);
			if (reg >= 0x40 || value[i] >> 32)
				CHECK_EQ(w, FAULT_GP, "write %x of %lx", reg,
					 value[i]);
		}
		if (f)
			continue;
		probe_wrmsr(MSR_X2APIC + reg, old);
		if (reg == APIC_ID || reg == APIC_VERSION || reg == APIC_LDR ||
		    (reg >= APIC_ISR && reg < APIC_ESR)) {
			probe_rdmsr(MSR_X2APIC + reg, &now);
			CHECK_EQ(now, old, "read-only %x", reg);
		}
	}
	CHECK_EQ(probe_wrmsr(MSR_X2APIC + APIC_EOI, 1), FAULT_GP,
		 "EOI takes 0 only");
	CHECK_EQ(probe_wrmsr(MSR_X2APIC + APIC_SELF_IPI, 0x100), FAULT_GP);
	for (unsigned int i = 0; i < 100; i++)
		apic_eoi();		/* with nothing in service */
}

static void check_base(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	static const uint64_t other[] = { 0xfee00100, 0xfee00d00 | 1ull << 40,
					  0x12345d00, 0xfee00500, ~0ull };

	for (unsigned int i = 0; i < ARRAY_SIZE(other); i++) {
		fault_t f = probe_wrmsr(MSR_APIC_BASE, other[i]);

		CHECK(!f || f == FAULT_GP, "%lx: %lx", other[i], f);
		CHECK_EQ(rdmsr(MSR_APIC_BASE), base, "after %lx", other[i]);
	}
}

static void check_timer(void)
{
	uint64_t end, before;

	trap_set_handler(0x60, on_tick);
	apic_enable();
	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_LVT_TIMER, 0x60);
	apic_write(APIC_TIMER_INIT, 100000);
	for (end = clock_now() + SECOND; !ticks && clock_now() < end;)
		cpu_pause();
	CHECK_EQ(ticks, 1, "one shot");
	apic_write(APIC_LVT_TIMER, 0x20060);	/* periodic */
	apic_write(APIC_TIMER_INIT, 1000000);
	before = ticks;
	for (end = clock_now() + 5 * SECOND;
	     ticks < before + 5 && clock_now() < end;)
		cpu_pause();
	CHECK(ticks >= before + 5, "periodic: %lu", ticks - before);
	apic_write(APIC_TIMER_INIT, 1);		/* as fast as can be */
	before = ticks;
	clock_sleep(5 * MILLISECOND);
	apic_write(APIC_LVT_TIMER, 0x10060);	/* masked */
	CHECK(ticks > before);
	before = ticks;
	clock_sleep(5 * MILLISECOND);
	CHECK_EQ(ticks, before, "masked");
	apic_write(APIC_LVT_TIMER, 0x20005);	/* illegal vector */
	clock_sleep(2 * MILLISECOND);
	apic_write(APIC_TIMER_INIT, 0);
	apic_write(APIC_LVT_TIMER, 0x10060);
}

static volatile uint64_t ap_runs;

static void ap_main(unsigned int cpu)
{
	(void)cpu;
	ap_runs++;
}

int main(void)
{
	uint64_t end;

	apic_enable();
	sweep();
	check_base();
	check_timer();
	CHECK(smp_start(1, ap_main));
	for (end = clock_now() + SECOND; !ap_runs && clock_now() < end;)
		cpu_pause();
	CHECK_EQ(ap_runs, 1);
	test_end();
}
