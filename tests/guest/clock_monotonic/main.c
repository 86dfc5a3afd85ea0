/* SPDX-License-Identifier: MIT */
/*
 * The Xen clock: valid when shared_info appears, never backwards on one vCPU
 * nor between vCPUs, equal in the secondary time area, in step with the
 * timer; the wall clock is stable.
 * Guards against: per-CPU offsets, a record caught half written.
 */
#include "test.h"

static volatile uint64_t latest, backwards, samples, stop;
static struct vcpu_time_info area __attribute__((aligned(64)));

/* Publish the largest time seen; nobody may then read a smaller one. */
static void watch(void)
{
	uint64_t seen = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);
	uint64_t now = clock_now();

	if (now < seen)
		__atomic_fetch_add(&backwards, 1, __ATOMIC_SEQ_CST);
	while (now > seen &&
	       !__atomic_compare_exchange_n(&latest, &seen, now, false,
					    __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		;
	__atomic_fetch_add(&samples, 1, __ATOMIC_SEQ_CST);
}

static void ap_main(unsigned int cpu)
{
	(void)cpu;
	while (!stop)
		watch();
}

static void check_record(void)
{
	const volatile struct vcpu_time_info *t = &this_cpu()->vcpu->time;

	CHECK_EQ(t->version & 1, 0);
	CHECK(t->tsc_to_system_mul != 0);
	CHECK(t->tsc_shift > -32 && t->tsc_shift < 32);
	CHECK(clock_now() < 3600 * SECOND, "starts near 0: %lu", clock_now());
}

static void check_area(void)
{
	struct vcpu_register_time_memory_area arg;
	uint64_t a, b, c;
	long err;

	memset(&arg, 0, sizeof(arg));
	arg.addr.v = &area;
	err = vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &arg);
	if (err == -XEN_ENOSYS)
		return;
	CHECK_EQ(err, 0);
	for (unsigned int i = 0; i < 200; i++) {
		a = clock_now();
		b = clock_read(&area);
		c = clock_now();
		CHECK(a <= b && b <= c, "%lu %lu %lu", a, b, c);
		if (i % 20 == 0)
			clock_sleep(MILLISECOND);
	}
	arg.addr.v = NULL;
	CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &arg), 0);
	arg.addr.v = (void *)0x500000000000;
	CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &arg),
		 -XEN_EFAULT);
}

int main(void)
{
	uint64_t end, wall = xen_shared->wc_sec;

	check_record();
	check_area();
	for (unsigned int c = 1; c < smp_cpu_count(); c++)
		CHECK(smp_start(c, ap_main), "cpu %u", c);
	for (end = clock_now() + SECOND / 2; clock_now() < end;)
		watch();
	stop = 1;
	CHECK_EQ(backwards, 0, "of %lu samples", samples);
	CHECK(samples > 1000, "%lu samples", samples);
	CHECK_EQ(xen_shared->wc_version & 1, 0);
	CHECK_EQ(xen_shared->wc_sec, wall);
	test_end();
}
