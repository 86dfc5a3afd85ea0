/* SPDX-License-Identifier: MIT */
/*
 * Wake up every PERIOD microseconds, COUNT times, and say how late that was
 * at most and on average: `latency: count 1000 mean 61 max 412 us`. Deadlines
 * are absolute, so a late wake-up does not shift the next one; a deadline
 * that has passed meanwhile counts with its lateness, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long long period = (argc > 1 ? atoll(argv[1]) : 1000) * 1000;
	long count = argc > 2 ? atol(argv[2]) : 1000;
	long long sum = 0, max = 0, deadline;

	if (period <= 0 || count <= 0) {
		fprintf(stderr, "usage: latency PERIOD_US COUNT\n");
		return 1;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	deadline = now();
	for (long i = 0; i < count; i++) {
		struct timespec t;
		long long late;

		deadline += period;
		t.tv_sec = deadline / 1000000000;
		t.tv_nsec = deadline % 1000000000;
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
				       NULL))
			;
		late = now() - deadline;
		sum += late;
		if (late > max)
			max = late;
	}
	printf("latency: count %ld mean %lld max %lld us\n", count,
	       sum / count / 1000, max / 1000);
	return 0;
}
