/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes every MSR of the architectural ranges: each access gives
 * a value or #GP(0). A second VM on the same CPU has put values of its own
 * into those it may write and must find them unchanged.
 * Guards against: MSR writes that reach the host or the next VM; SVM and VMX
 * control MSRs within a guest's reach.
 */
#include "test.h"

struct range {
	uint32_t first, last;
};

static const struct range range[] = {
	{ 0x0, 0x1fff },
	{ 0x40000000, 0x400000ff },
	{ 0xc0000000, 0xc0001fff },
	{ 0xc0010000, 0xc0011fff },
};

/* Never readable: they belong to the machine's own virtualisation. */
static const uint32_t forbidden[] = {
	0x3a, 0x480, 0x48b, 0x491, 0xc0010114, 0xc0010115, 0xc0010117,
	0x12345, 0xdeadbeef, 0xffffffff,
};

/* Ours to change, with a value that sticks. */
static const struct {
	uint32_t index;
	uint64_t value;
} own[] = {
	{ 0x174, 0x18 },		/* SYSENTER_CS */
	{ 0x175, 0x123456789000 },	/* SYSENTER_ESP */
	{ 0x176, 0x123456780000 },	/* SYSENTER_EIP */
	{ 0x277, 0x0007010600070106 },	/* PAT */
	{ 0xc0000081, 0x0013000800000000 }, /* STAR */
	{ 0xc0000082, 0x111111110000 },	/* LSTAR */
	{ 0xc0000083, 0x222222220000 },	/* CSTAR */
	{ 0xc0000084, 0x47700 },	/* SFMASK */
	{ 0xc0000100, 0x333333330000 },	/* FS_BASE */
	{ 0xc0000102, 0x444444440000 },	/* KERNEL_GS_BASE */
};

/* Writes here would only hurt the kit itself; x2APIC has its own test. */
static bool is_delicate(uint32_t msr)
{
	return msr == MSR_GS_BASE || msr == MSR_EFER || msr == MSR_APIC_BASE ||
	       msr == 0x10 || (msr >= 0x800 && msr <= 0x8ff) ||
	       msr == 0x40000000;
}

static void sweep(uint32_t msr, unsigned long count[3])
{
	uint64_t old, now;
	fault_t f = probe_rdmsr(msr, &old);

	CHECK(!f || f == FAULT_GP, "rdmsr %x: %lx", msr, f);
	count[f ? 0 : 1]++;
	if (is_delicate(msr))
		return;
	f = probe_wrmsr(msr, 0xa5a5a5a5a5a5a5a5ull);
	CHECK(!f || f == FAULT_GP, "wrmsr %x: %lx", msr, f);
	f = probe_wrmsr(msr, f ? ~0ull : old);
	CHECK(!f || f == FAULT_GP, "wrmsr %x: %lx", msr, f);
	if (f)
		return;
	count[2]++;
	if (!probe_rdmsr(msr, &now))
		probe_wrmsr(msr, old);
}

static void own_set(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(own); i++)
		CHECK_EQ(probe_wrmsr(own[i].index, own[i].value), 0, "%x",
			 own[i].index);
}

static void own_check(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(own); i++) {
		uint64_t value = 0;

		CHECK_EQ(probe_rdmsr(own[i].index, &value), 0);
		CHECK_EQ(value, own[i].value, "msr %x", own[i].index);
	}
}

_Noreturn static void attack(void)
{
	unsigned long count[3] = { 0 };
	long port = event_bind_any(test_peer(), 10 * SECOND);
	uint64_t value;

	CHECK(port > 0, "bind %ld", port);
	for (unsigned int i = 0; i < ARRAY_SIZE(forbidden); i++) {
		CHECK_EQ(probe_rdmsr(forbidden[i], &value), FAULT_GP, "%x",
			 forbidden[i]);
		CHECK_EQ(probe_wrmsr(forbidden[i], 0), FAULT_GP, "%x",
			 forbidden[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(range); i++)
		for (uint32_t m = range[i].first; m <= range[i].last; m++)
			sweep(m, count);
	/*
	 * Non-canonical addresses: #GP on a processor, stored by QEMU; they
	 * must not upset the next VM entry.
	 */
	for (unsigned int i = 0; i < ARRAY_SIZE(own); i++) {
		fault_t f = probe_wrmsr(own[i].index, 0x8000000000000000ull);

		CHECK(!f || f == FAULT_GP, "%x: %lx", own[i].index, f);
		cpuid(0, 0);
		clock_sleep(MILLISECOND / 10);
	}
	own_set();
	own_check();
	kprintf("%lu refused, %lu readable, %lu writable\n", count[0],
		count[1], count[2]);
	if (port > 0)
		event_send((evtchn_port_t)port);
	test_end();
}

_Noreturn static void stand_by(void)
{
	long port = event_offer(test_peer());
	uint64_t end = clock_now() + 50 * SECOND;

	if (!CHECK(port > 0, "offer %ld", port))
		test_end();
	event_attach((evtchn_port_t)port, NULL);
	own_set();
	while (!event_count((evtchn_port_t)port) && clock_now() < end) {
		own_check();
		clock_sleep(MILLISECOND);
	}
	CHECK(event_count((evtchn_port_t)port), "no word from the attacker");
	own_check();
	test_end();
}

int main(void)
{
	if (test_role("attacker"))
		attack();
	stand_by();
}
