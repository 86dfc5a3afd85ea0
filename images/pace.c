/* SPDX-License-Identifier: MIT */
/*
 * Run a shell command again and again, begun at equal intervals of this VM's
 * own time, and say how long each run took:
 *
 *	pace MILLISECONDS COUNT COMMAND
 *
 * prints `pace: 3: 187654 us, status 0`. Moments are absolute, so a late one
 * does not shift the next; COUNT 0 goes on until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void wait_until(long long when)
{
	struct timespec t = { when / 1000000000, when % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

int main(int argc, char **argv)
{
	long long period = argc == 4 ? atoll(argv[1]) * 1000000 : 0;
	long long count = argc == 4 ? atoll(argv[2]) : 0;
	long long begin = now();

	if (period <= 0) {
		fprintf(stderr, "usage: pace MILLISECONDS COUNT COMMAND\n");
		return 1;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	for (long long n = 1; !count || n <= count; n++) {
		long long start;
		int status;

		wait_until(begin + n * period);
		start = now();
		status = system(argv[3]);
		printf("pace: %lld: %lld us, status %d\n", n,
		       (now() - start) / 1000, WEXITSTATUS(status));
		fflush(stdout);
	}
	return 0;
}
