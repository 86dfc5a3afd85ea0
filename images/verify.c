/* SPDX-License-Identifier: MIT */
/*
 * A test of a disk, past the page cache: every block gets a content of its
 * own, all are written once and every other one a second time, in random
 * order, and then read in another order and compared.
 *
 *	verify DEVICE MIB [WORKERS]
 *
 * A block of 4 KiB says in its head which block it is, which writing of it,
 * and a checksum of the rest; so a block that is lost, torn, stale or in the
 * wrong place is found. WORKERS processes work at once, each on its own part.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096u
#define WORDS (BLOCK / 8 - 3)
#define WORKERS_MAX 64
#define MAGIC 0x6b636f6c62666576ull

struct block {
	uint64_t magic;
	uint64_t tag; /* number << 8 | which writing */
	uint64_t sum; /* of data, begun with tag */
	uint64_t data[WORDS];
};

enum stage { WRITE, WRITE_AGAIN, READ };

static const char *device;
static struct block *one;

static uint64_t next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 29;
}

static uint64_t sum_of(const struct block *b)
{
	uint64_t sum = b->tag * 0x9e3779b97f4a7c15ull;

	for (size_t i = 0; i < WORDS; i++) {
		sum = (sum ^ b->data[i]) * 0xff51afd7ed558ccdull;
		sum ^= sum >> 32;
	}
	return sum;
}

static void fill(uint64_t number, unsigned int writing)
{
	uint64_t state;

	one->magic = MAGIC;
	one->tag = number << 8 | writing;
	state = one->tag;
	for (size_t i = 0; i < WORDS; i++)
		one->data[i] = next(&state);
	one->sum = sum_of(one);
}

static unsigned int writing_of(uint64_t number, enum stage stage)
{
	return number % 2 && stage != WRITE ? 2 : 1;
}

static int wrong(uint64_t number, const char *what)
{
	printf("verify: %s: block %llu: %s\n", device,
	       (unsigned long long)number, what);
	return 1;
}

/* 0, or 1 and a sentence that says what is wrong. */
static int check(uint64_t number)
{
	uint64_t tag = number << 8 | writing_of(number, READ);

	if (one->magic != MAGIC)
		return wrong(number, "never written");
	if (one->sum != sum_of(one))
		return wrong(number, "its checksum is wrong");
	if (one->tag >> 8 != number)
		return wrong(number, "it is another block");
	if (one->tag != tag)
		return wrong(number, "it is as it was before");
	return 0;
}

/* Blocks [first, first + count), in an order that seed decides. */
static int part(uint64_t first, uint32_t count, enum stage stage)
{
	uint32_t *order = calloc(count, sizeof(*order));
	uint64_t state = first + stage * 7919ull;
	int fd = open(device, O_RDWR | O_DIRECT), bad = 0;

	if (fd < 0 || !order)
		return wrong(first, strerror(errno));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t j = (uint32_t)(next(&state) % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
	for (uint32_t i = 0; i < count && bad < 5; i++) {
		uint64_t number = first + order[i];
		ssize_t done;

		if (stage == WRITE_AGAIN && number % 2 == 0)
			continue;
		if (stage != READ)
			fill(number, writing_of(number, stage));
		else
			memset(one, 0, BLOCK);
		done = stage == READ ?
			       pread(fd, one, BLOCK, (off_t)(number * BLOCK)) :
			       pwrite(fd, one, BLOCK, (off_t)(number * BLOCK));
		if (done != BLOCK)
			bad += wrong(number,
				     done < 0 ? strerror(errno) : "short");
		else if (stage == READ)
			bad += check(number);
	}
	if (stage != READ && fsync(fd) != 0)
		bad += wrong(first, strerror(errno));
	close(fd);
	free(order);
	return bad;
}

/* All workers at once; how many of them found something. */
static int run(uint32_t blocks, uint32_t workers, enum stage stage)
{
	uint32_t share = blocks / workers;
	int bad = 0, status;

	fflush(stdout);
	for (uint32_t w = 0; w < workers; w++) {
		pid_t pid = fork();

		if (pid < 0)
			return wrong(0, strerror(errno));
		if (pid == 0) {
			status = part((uint64_t)w * share, share, stage);
			fflush(stdout);
			_exit(status != 0);
		}
	}
	while (wait(&status) > 0)
		bad += status != 0;
	return bad;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint32_t mib = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	uint32_t workers = argc > 3 ? (uint32_t)atoi(argv[3]) : 4;
	uint32_t blocks;
	double start, middle;
	int bad;

	if (!mib || mib > 1u << 20 || !workers || workers > WORKERS_MAX) {
		fprintf(stderr, "usage: verify DEVICE MIB [WORKERS]\n");
		return 2;
	}
	device = argv[1];
	one = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (one == MAP_FAILED)
		return wrong(0, strerror(errno));
	blocks = mib * 256 / workers * workers;
	start = now();
	bad = run(blocks, workers, WRITE);
	bad += run(blocks, workers, WRITE_AGAIN);
	middle = now();
	bad += run(blocks, workers, READ);
	printf("verify: %s: %u blocks of 4 KiB by %u workers, direct: "
	       "%u written (%.0f/s), %u compared (%.0f/s): %s\n",
	       device, blocks, workers, blocks + blocks / 2,
	       blocks * 1.5 / (middle - start), blocks,
	       blocks / (now() - middle), bad ? "WRONG" : "all as written");
	return bad != 0;
}
