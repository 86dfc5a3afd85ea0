/* SPDX-License-Identifier: MIT */
/*
 * Events by a vector of the local APIC, per vCPU: edge-triggered, with EOI,
 * on the right vCPU; illegal vectors and vCPUs are refused.
 * Guards against: an upcall delivered both ways, or on the wrong vCPU.
 */
#include "test.h"

#define VECTOR	0xa0u

static volatile uint64_t hits[CPU_MAX];
static volatile uint64_t ready, stop;
static evtchn_port_t ipi[2];

static long vector_set(unsigned int vcpu, uint8_t vector)
{
	struct xen_hvm_evtchn_upcall_vector arg = {
		.vcpu = vcpu, .vector = vector
	};

	return hvm_op(HVMOP_set_evtchn_upcall_vector, &arg);
}

static void on_vector(struct trap_frame *f)
{
	struct cpu *c = this_cpu();

	(void)f;
	WRITE_ONCE(c->vcpu->evtchn_upcall_pending, 0);
	__atomic_exchange_n(&c->vcpu->evtchn_pending_sel, 0,
			    __ATOMIC_SEQ_CST);
	event_clear(ipi[c->index]);
	hits[c->index]++;
	apic_eoi();
}

static void ap_main(unsigned int cpu)
{
	(void)cpu;
	apic_enable();
	ready = 1;
}

static bool reached(const volatile uint64_t *count, uint64_t want)
{
	uint64_t end = clock_now() + 2 * SECOND;

	while (*count < want && clock_now() < end)
		cpu_pause();
	return *count == want;
}

int main(void)
{
	if (vector_set(0, VECTOR) == -XEN_ENOSYS)
		test_skip("the VMM offers the global callback only");
	apic_enable();
	param_set(HVM_PARAM_CALLBACK_IRQ, 1);	/* as Linux does then */
	trap_set_handler(VECTOR, on_vector);
	CHECK(smp_start(1, ap_main) && reached(&ready, 1));
	CHECK_EQ(vector_set(0, 15), -XEN_EINVAL);
	CHECK_EQ(vector_set(2, VECTOR), -XEN_ENOENT);
	CHECK_EQ(vector_set(0xffffffff, VECTOR), -XEN_ENOENT);
	for (unsigned int c = 0; c < 2; c++) {
		CHECK_EQ(vector_set(c, VECTOR), 0);
		ipi[c] = (evtchn_port_t)event_bind_ipi(c);
		event_clear(ipi[c]);
		event_unmask(ipi[c]);
	}
	for (uint64_t i = 0; i < 500; i++)
		for (unsigned int c = 0; c < 2; c++) {
			uint64_t want = hits[c] + 1;

			event_send(ipi[c]);
			if (!CHECK(reached(&hits[c], want), "vCPU %u: %lu", c,
				   hits[c]))
				test_end();
		}
	CHECK_EQ(this_cpu()->upcall_count, 0, "the global callback as well");
	test_end();
}
