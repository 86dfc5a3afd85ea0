/* SPDX-License-Identifier: MIT */
/*
 * A VM that crashes in five different ways is restarted each time and ends
 * in its sixth life; the counter sees six lives and no other disturbance.
 * Guards against: state of one life in the next (an armed timer, a pending
 * event, a mapped grant, a running second vCPU).
 */
#include "test.h"

#define REF	GRANT_FIRST
#define LIVES	6u

static uint32_t buffer[1024] __attribute__((aligned(4096)));

_Noreturn static void counter(void)
{
	volatile uint32_t *life = page_alloc();
	uint64_t end = clock_now() + 15 * SECOND;

	if (!CHECK(grant_init(1)))
		test_end();
	grant_offer(REF, test_peer(), page_gpa(life) >> 12, 0);
	while (life[0] < LIVES && clock_now() < end)
		clock_sleep(MILLISECOND);
	CHECK_EQ(life[0], LIVES);
	CHECK_EQ(grant_in_use(REF), 0);
	test_end();
}

static uint32_t life_next(void)
{
	struct gnttab_copy get = {
		.source = { .u.ref = REF, .domid = test_peer() },
		.dest = { .u.gmfn = (uint64_t)buffer >> 12,
			  .domid = DOMID_SELF },
		.len = 4, .flags = GNTCOPY_source_gref,
	}, put = {
		.source = get.dest, .dest = get.source, .len = 4,
		.flags = GNTCOPY_dest_gref,
	};
	uint64_t end = clock_now() + 10 * SECOND;

	while (grant_copy(&get) != GNTST_okay && clock_now() < end)
		clock_sleep(MILLISECOND);
	buffer[0]++;
	CHECK_EQ(grant_copy(&put), GNTST_okay);
	return buffer[0];
}

static void check_fresh(void)
{
	evtchn_port_t port;

	for (port = 1; port < 64; port++)
		CHECK(!event_pending(port) || port < 4, "port %u", port);
	CHECK_EQ(read_dr0(), 0);
	CHECK_EQ(rdmsr(MSR_KERNEL_GS), 0);
	CHECK_EQ(read_cr8(), 0);
}

int main(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };
	uint32_t life;

	if (test_role("counter"))
		counter();
	check_fresh();
	life = life_next();
	clock_timer_set(clock_now() + SECOND / 100, 0);
	probe_write_dr0(0x1234);
	wrmsr(MSR_KERNEL_GS, 0x5678);
	write_cr8(7);
	if (test_failures())
		test_end();
	switch (life) {
	case 1:
		power_end(SHUTDOWN_crash);
	case 2:
		__asm__ volatile("lidt %0; ud2" : : "m"(none));
		break;
	case 3:
		power_end(SHUTDOWN_watchdog);
	case 4:
		/* Page tables made of nothing. */
		__asm__ volatile("lidt %0" : : "m"(none));
		write_cr3(0x7f0000000);
		break;
	case 5:
		*(volatile uint32_t *)page_window(1ull << 39) = 1;
		power_end(SHUTDOWN_crash);
	}
	test_end();
}
