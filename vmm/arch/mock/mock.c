/* SPDX-License-Identifier: MIT */
/*
 * Memory, processors and ends of the mock machine. Its nested entries are
 * those of arch/x86/npte.c.
 */
#include "arch/mock/mock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "core/domain.h"

struct mock mock;
static _Thread_local unsigned int this_cpu;

void mock_start(uint64_t frame_count)
{
	static size_t mapped;
	size_t size = frame_count * PAGE_SIZE;

	/* Mapped anew, it is zeroed for nothing. */
	if (mapped)
		munmap((void *)MOCK_ARENA, mapped);
	mapped = size;
	if (mmap((void *)MOCK_ARENA, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			 MAP_FIXED_NOREPLACE,
		 -1, 0) != (void *)MOCK_ARENA) {
		perror("the arena of the mock machine");
		abort();
	}
	mock = (struct mock){ .frame_count = frame_count,
			      .fault_va = MOCK_VA_NONE,
			      .readonly_va = MOCK_VA_NONE };
	this_cpu = 0;
}

void mock_set_cpu(unsigned int cpu)
{
	this_cpu = cpu;
}

/* --- memory --- */

void *arch_frame_ptr(mfn_t mfn)
{
	if (mfn.n >= mock.frame_count)
		arch_panic(__FILE__, __LINE__, "no such frame");
	return (void *)(MOCK_ARENA + mfn.n * PAGE_SIZE);
}

void arch_frame_scrub(mfn_t mfn)
{
	memset(arch_frame_ptr(mfn), 0, PAGE_SIZE);
}

void arch_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}

unsigned int arch_npte_max_level(void)
{
	return 3;
}

void arch_npt_flush(struct domain *d)
{
	atomic_fetch_add(&d->p2m.flush_seq, 1ul);
	atomic_fetch_add(&mock.flush_count, 1ul);
	if (mock.on_flush)
		mock.on_flush(d);
}

/* --- processors and time --- */

unsigned int arch_cpu_id(void)
{
	return this_cpu;
}

void arch_cpu_kick(unsigned int cpu)
{
	atomic_fetch_or(&mock.kicked, BIT64(cpu % 64));
}

nsec_t arch_time(void)
{
	return atomic_load(&mock.time);
}

uint64_t arch_wallclock_base(void)
{
	return 0;	/* unknown */
}

void arch_timer_arm(nsec_t deadline)
{
}

/* One TSC tick is a nanosecond. */
struct vcpu_time_info arch_clock(void)
{
	return (struct vcpu_time_info){
		.tsc_timestamp = arch_time(), .system_time = arch_time(),
		.tsc_to_system_mul = BIT32(31), .tsc_shift = 1,
		.flags = XEN_PVCLOCK_TSC_STABLE_BIT
	};
}

uint32_t arch_tsc_khz(void)
{
	return 1000000;
}

void arch_console_poll(void)
{
}

/* --- ends --- */

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
	snprintf(mock.panic, sizeof(mock.panic), "%s:%d: %s", file, line, what);
	if (mock.panic_to)
		longjmp(*mock.panic_to, 1);
	fprintf(stderr, "%s\n", mock.panic);
	abort();
}

_Noreturn void arch_poweroff(uint8_t exit_byte)
{
	arch_panic("power-off", exit_byte, "the machine ends");
}
