/* SPDX-License-Identifier: MIT */
/*
 * Four vCPUs come up by INIT and SIPI, exchange fixed IPIs, NMIs and event
 * IPIs one to one, to all and to all others; a vCPU is stopped by INIT and
 * started again; SIPIs to a running vCPU are ignored.
 * Guards against: a SIPI that restarts a running vCPU, an INIT that ends the
 * VM, IPIs lost to a halted vCPU.
 */
#include "test.h"

#define CPUS	4u
#define VECTOR	0x70u
#define ROUNDS	200u

static volatile uint64_t hits[CPU_MAX], starts[CPU_MAX];
static evtchn_port_t ipi[CPU_MAX];
static volatile uint64_t event_hits[CPU_MAX], wrong_cpu;

static void on_vector(struct trap_frame *f)
{
	(void)f;
	hits[this_cpu()->index]++;
	apic_eoi();
}

static void on_event(evtchn_port_t port)
{
	unsigned int cpu = this_cpu()->index;

	if (ipi[cpu] != port)
		wrong_cpu++;
	event_hits[cpu]++;
}

static void ap_main(unsigned int cpu)
{
	apic_enable();
	CHECK_EQ(apic_id(), cpu);
	CHECK_EQ(this_cpu()->index, cpu);
	starts[cpu]++;
}

static bool reached(const volatile uint64_t *count, uint64_t want)
{
	uint64_t end = clock_now() + 2 * SECOND;

	while (*count < want)
		if (clock_now() > end)
			return false;
		else
			cpu_pause();
	return *count == want;
}

static void check_fixed(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int to = 1 + i % (CPUS - 1);
		uint64_t want = hits[to] + 1;

		apic_send(to, ICR_FIXED | VECTOR);
		CHECK(reached(&hits[to], want), "cpu %u: %lu, want %lu", to,
		      hits[to], want);
	}
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t want[CPUS];

		for (unsigned int c = 0; c < CPUS; c++)
			want[c] = hits[c] + (c != 0 || i % 2);
		apic_send(0, (i % 2 ? ICR_ALL : ICR_OTHERS) | VECTOR);
		for (unsigned int c = 0; c < CPUS; c++)
			CHECK(reached(&hits[c], want[c]), "cpu %u", c);
	}
}

static void check_nmi(void)
{
	for (unsigned int c = 1; c < CPUS; c++) {
		uint64_t want = cpu_table[c].nmi_count + 1;

		apic_send(c, ICR_NMI);
		CHECK(reached(&cpu_table[c].nmi_count, want), "cpu %u", c);
	}
	apic_send(0, ICR_OTHERS | ICR_NMI);
	for (unsigned int c = 1; c < CPUS; c++)
		CHECK(reached(&cpu_table[c].nmi_count, 2), "cpu %u", c);
	CHECK_EQ(cpu_table[0].nmi_count, 0);
}

static void check_events(void)
{
	for (unsigned int c = 0; c < CPUS; c++) {
		long port = event_bind_ipi(c);

		if (!CHECK(port > 0, "cpu %u: %ld", c, port))
			return;
		ipi[c] = (evtchn_port_t)port;
		event_attach(ipi[c], on_event);
	}
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int to = i % CPUS;
		uint64_t want = event_hits[to] + 1;

		event_send(ipi[to]);
		CHECK(reached(&event_hits[to], want), "cpu %u", to);
	}
	CHECK_EQ(wrong_cpu, 0);
}

static void check_restart(void)
{
	uint64_t before = starts[1];

	/* A SIPI to a vCPU that runs is ignored. */
	apic_send(1, ICR_SIPI | 8);
	apic_send(1, ICR_FIXED | VECTOR);
	clock_sleep(5 * MILLISECOND);
	CHECK_EQ(starts[1], before);
	for (unsigned int i = 0; i < 20; i++) {
		before = starts[1];
		if (!CHECK(smp_start(1, ap_main), "restart %u", i))
			break;
		CHECK(reached(&starts[1], before + 1));
	}
	/* After INIT alone it is down: no interrupt reaches it. */
	before = hits[1];
	apic_send(1, ICR_ASSERT | ICR_INIT);
	for (uint64_t end = clock_now() + SECOND;
	     vcpu_op(VCPUOP_is_up, 1, NULL) && clock_now() < end;)
		cpu_pause();
	apic_send(1, ICR_FIXED | VECTOR);
	clock_sleep(2 * MILLISECOND);
	CHECK_EQ(hits[1], before);
	CHECK_EQ(vcpu_op(VCPUOP_is_up, 0, NULL), 1);
	CHECK_EQ(vcpu_op(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQ(vcpu_op(VCPUOP_is_up, 9, NULL), -XEN_ENOENT);
}

int main(void)
{
	trap_set_handler(VECTOR, on_vector);
	apic_enable();
	CHECK_EQ(smp_cpu_count(), CPUS);
	for (unsigned int c = 1; c < CPUS; c++)
		if (!CHECK(smp_start(c, ap_main), "cpu %u", c) ||
		    !CHECK(reached(&starts[c], 1), "cpu %u", c))
			test_end();
	check_fixed();
	check_nmi();
	check_events();
	check_restart();
	test_end();
}
