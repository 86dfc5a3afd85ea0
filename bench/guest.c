/* SPDX-License-Identifier: MIT */
/*
 * PID 1 of `make bench`: measures what a program sees of the machine that
 * its kernel runs on, prints a line `bench NAME NANOSECONDS` for each, per
 * operation, and powers off. It runs natively and in a VM, under -icount,
 * where a nanosecond is an instruction; so the ratio of two such lines is the
 * ratio of the work done.
 *
 * Each figure is the smallest of several rounds: a round that a periodic
 * timer tick or a scheduler balance fell into is longer than its work.
 * The TSC is the clock: reading it costs no exit and no call in either place.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#include "mark.h"

enum { ROUNDS = 15, PAGES = 512 };

static double nsec_per_tick;

static int64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* How long a tick of the TSC is, against the kernel's clock. */
static void calibrate(void)
{
	int64_t start = monotonic();
	uint64_t ticks = __rdtsc();

	while (monotonic() - start < 20000000)
		;
	nsec_per_tick = (double)(monotonic() - start) /
			(double)(__rdtsc() - ticks);
}

static void getppid_loop(int count)
{
	for (int i = 0; i < count; i++)
		syscall(SYS_getppid);
}

static void clock_loop(int count)
{
	struct timespec t;

	for (int i = 0; i < count; i++)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

/* First touch of anonymous pages; setting them up is not counted in calls. */
static void fault_loop(int count)
{
	size_t size = (size_t)count * 4096;
	volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	madvise((void *)p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	munmap((void *)p, size);
}

/* The child executes this program again, which then exits at once. */
static void exec_loop(int count)
{
	static char *const child[] = { (char *)"/init", (char *)"exit", NULL };

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execv(child[0], child);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
}

/* A byte to another process and back. */
static void pipe_loop(int count)
{
	int there[2], back[2];
	char byte = 0;
	pid_t pid;

	if (pipe(there) || pipe(back))
		return;
	pid = fork();
	if (pid == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1)
			if (write(back[1], &byte, 1) != 1)
				break;
		_exit(0);
	}
	close(there[0]);
	for (int i = 0; i < count; i++)
		if (write(there[1], &byte, 1) != 1 ||
		    read(back[0], &byte, 1) != 1)
			break;
	close(there[1]);
	close(back[0]);
	close(back[1]);
	waitpid(pid, NULL, 0);
}

/* How late a sleeper of 1 ms wakes, summed over the calls. */
static uint64_t timer_late(int count)
{
	int64_t late = 0;

	for (int i = 0; i < count; i++) {
		struct timespec t;
		int64_t deadline = monotonic() + 1000000;

		t.tv_sec = deadline / 1000000000;
		t.tv_nsec = deadline % 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		late += monotonic() - deadline;
	}
	return (uint64_t)late;
}

static void measure(const char *name, void (*loop)(int), int count)
{
	uint64_t best = UINT64_MAX;

	loop(count / 4 + 1);		/* caches, page tables, files */
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = __rdtsc();

		loop(count);
		start = __rdtsc() - start;
		if (start < best)
			best = start;
	}
	printf("bench %s %.1f\n", name, (double)best * nsec_per_tick / count);
	fflush(stdout);
}

static void uptime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	printf("bench boot_to_init %lld\n",
	       t.tv_sec * 1000000000ll + t.tv_nsec);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t best = UINT64_MAX;

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	BENCH_MARK(100);
	uptime();
	prctl(PR_SET_TIMERSLACK, 1);
	calibrate();
	BENCH_MARK(101);
	measure("getppid", getppid_loop, 2000);
	BENCH_MARK(102);
	measure("page_fault", fault_loop, PAGES);
	BENCH_MARK(103);
	measure("fork_exec", exec_loop, 10);
	BENCH_MARK(104);
	measure("pipe", pipe_loop, 500);
	BENCH_MARK(105);
	measure("clock_gettime", clock_loop, 2000);
	BENCH_MARK(106);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t late = timer_late(20) / 20;

		if (late < best)
			best = late;
	}
	printf("bench timer_late %llu\n", (unsigned long long)best);
	printf("bench tsc_mhz %.1f\n", 1000 / nsec_per_tick);
	printf("bench end 0\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
