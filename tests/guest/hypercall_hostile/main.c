/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall number with every sub-operation and hostile arguments: bad
 * pointers, misaligned ones, ones that cross into an unmapped page, counts
 * that wrap. Each call returns; unknown numbers say so; nothing outside the
 * arguments changes.
 * Guards against: missing argument checks, copy-out through read-only or
 * absent mappings, unbounded loops over guest-supplied counts.
 */
#include "test.h"

#define ABSENT		0x500000000000ul
#define GUARDED		0x500000100000ul	/* page, then nothing */
#define READONLY	0x500000200000ul
#define SUB_MAX		44u

static uint8_t *guarded, *readonly;
static uint64_t pointer[10];
static unsigned long calls;

static const uint64_t count_of[] = {
	1, 0x7fffffff, 0xffffffff, ~0ull,
};

/* Numbers that Xen gives to HVM guests, and so may mean something here. */
static bool is_known(uint64_t number)
{
	static const uint8_t known[] = { 7, 12, 13, 15, 17, 18, 20, 21, 24, 26,
					 27, 29, 32, 33, 34, 35, 36, 39, 40,
					 41, 42 };

	for (unsigned int i = 0; i < sizeof(known); i++)
		if (number == known[i])
			return true;
	return false;
}

static bool is_readable(uint64_t at)
{
	return at >= GUARDED && at < READONLY + PAGE_SIZE;
}

/* What would rightly end or stop this guest, or flood its console. */
static bool is_suicide(uint64_t number, uint64_t sub)
{
	return (number == __HYPERVISOR_sched_op &&
		(sub == SCHEDOP_shutdown || sub == SCHEDOP_poll)) ||
	       (number == __HYPERVISOR_vcpu_op && sub == VCPUOP_down) ||
	       (number == __HYPERVISOR_console_io && sub == CONSOLEIO_write);
}

static long call(uint64_t number, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct hypercall_args args = { a1, a2, a3, ~0ull, ~0ull };
	fault_t fault;

	long ret = hypercall_probe(number, &args, &fault);

	calls++;
	CHECK_EQ(fault, 0, "hypercall %lu(%lx, %lx, %lx)", number, a1, a2, a3);
	if (!is_known(number))
		CHECK_EQ(ret, -XEN_ENOSYS, "hypercall %lu", number);
	return ret;
}

static void sweep(uint64_t number, uint64_t sub)
{
	if (number == __HYPERVISOR_sched_op && sub == SCHEDOP_block)
		return;		/* whatever its argument */
	for (unsigned int p = 0; p < ARRAY_SIZE(pointer); p++) {
		uint64_t at = pointer[p];

		if (is_suicide(number, sub) &&
		    (is_readable(at) || at < 1ul << 32))
			continue;
		/* op, pointer, count; op, count, pointer */
		for (unsigned int c = 0; c < ARRAY_SIZE(count_of); c++) {
			call(number, sub, at, count_of[c]);
			call(number, sub, count_of[c], at);
		}
		call(number, at, sub, at);
	}
}

static void pages_fill(uint8_t with)
{
	memset(guarded, with, PAGE_SIZE);
	memset(readonly, 1, PAGE_SIZE);
}

static void setup(void)
{
	/* Small numbers taken for pointers must be bad ones. */
	for (uint64_t at = 0; at < 0x20000; at += PAGE_SIZE)
		page_map(at, 0, 0);
	guarded = page_alloc();
	readonly = page_alloc();
	page_map(GUARDED, (uint64_t)guarded, PAGE_RW);
	page_map(READONLY, (uint64_t)readonly, PAGE_P);
	pointer[0] = 0x8000000000000000ull;
	pointer[1] = ABSENT;
	pointer[2] = READONLY;
	pointer[3] = READONLY + PAGE_SIZE - 4;
	pointer[4] = GUARDED;
	pointer[5] = GUARDED + PAGE_SIZE - 1;
	pointer[6] = GUARDED + PAGE_SIZE - 8;
	pointer[7] = GUARDED + 1;
	pointer[8] = ~0ull - 7;
	pointer[9] = 0xffff800000000000ull;
}

/* The guest's vital things still work. */
static void check_alive(void)
{
	uint64_t start = clock_now();

	param_set(HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | VECTOR_EVENT);
	clock_sleep(2 * MILLISECOND);
	CHECK(clock_now() - start < SECOND);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		if (!CHECK(readonly[i] == 1, "byte %u", i))
			break;
}

int main(void)
{
	static const uint64_t far[] = { 0x80, 0x100, 0xfff, 0x7fffffff,
					0xffffffff, 0x10000000c,
					0x8000000000000000ull, ~0ull };

	setup();
	/* Ours before a call of the sweep can bind it. */
	CHECK(clock_timer_port() != 0);
	for (unsigned int fill = 0; fill < 2; fill++)
		for (uint64_t number = 0; number <= 64; number++) {
			unsigned int subs = is_known(number) ? SUB_MAX : 1;

			for (uint64_t sub = 0; sub < subs; sub++) {
				pages_fill(fill ? 0xff : 0);
				sweep(number, sub);
			}
			sweep(number, ~0ull);
			sweep(number, 0x80000000);
		}
	for (unsigned int i = 0; i < ARRAY_SIZE(far); i++)
		CHECK_EQ(call(far[i], 0, GUARDED, 0), -XEN_ENOSYS, "%lx",
			 far[i]);
	check_alive();
	kprintf("%lu calls\n", calls);
	test_end();
}
