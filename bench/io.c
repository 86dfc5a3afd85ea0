/* SPDX-License-Identifier: MIT */
/*
 * What `make bench` runs in two VMs whose disk and network a third and a
 * fourth serve:
 *	io serve		echoes bytes on one port, swallows another's
 *	io use DISK ADDRESS	measures and prints `bench end 0`
 * Between two marks it does one thing so and so often; each is done in two
 * lengths, and bench/run takes the difference, so that only what each costs
 * in the steady state is left. With real devices of QEMU's, whose timing is
 * the host's, each is done ROUNDS times instead:
 *	io outside ADDRESS PORT PORT	from a giver and to a taker of bytes
 *	io disk DISK			reads
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "mark.h"

enum {
	BLOCK = 4096, BLOCKS = 2048,	/* 8 MiB of the disk are used */
	DEPTH = 32, HUGE = 2 << 20,
	READS = 400, DEEP_READS = 1600, TRIPS = 400, STREAM = 2 << 20,
	TIMES = 3,			/* the longer length */
	ECHO_PORT = 5001, SINK_PORT = 5002,
	ROUNDS = 7, LONG = 128 << 10, LONG_READS = 64, OUTSIDE = 4 << 20
};

static uint8_t buffer[DEPTH][BLOCK] __attribute__((aligned(BLOCK)));
static uint8_t *piece;
static int disk, echo, sink;

static void die(const char *what)
{
	printf("io: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void rest(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Blocks far from the last one, the same in every run. */
static off_t somewhere(void)
{
	static uint32_t seed = 1;

	seed = seed * 1664525u + 1013904223u;
	return (off_t)(seed >> 16) % BLOCKS * BLOCK;
}

/* --- disk --- */

/* A RAM disk holds only what was written. */
static void disk_open(const char *path)
{
	for (int i = 0; (disk = open(path, O_RDWR | O_DIRECT)) < 0; i++) {
		if (i == 300)
			die(path);
		rest(100);
	}
	memset(buffer, 0x5a, sizeof(buffer));
	for (off_t at = 0; at < BLOCKS * BLOCK; at += (off_t)sizeof(buffer))
		if (pwrite(disk, buffer, sizeof(buffer), at) < 0)
			die("write");
}

/* What a long read costs depends on how many pieces of memory it fills. */
static void piece_alloc(void)
{
	int pages = open("/proc/sys/vm/nr_hugepages", O_WRONLY);

	if (write(pages, "1", 1) != 1)
		die("huge page");
	close(pages);
	piece = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (piece == MAP_FAILED)
		die("huge page");
}

static void read_long(int count)
{
	static off_t at;

	while (count--) {
		if (pread(disk, piece, LONG, at) != LONG)
			die("read");
		at = (at + LONG) % (BLOCKS * BLOCK);
	}
}

static void read_single(int count)
{
	while (count--)
		if (pread(disk, buffer, BLOCK, somewhere()) != BLOCK)
			die("read");
}

/* Always DEPTH of them on their way. */
static void read_deep(int count)
{
	static struct iocb block[DEPTH];
	struct io_event done[DEPTH];
	struct iocb *ready[DEPTH];
	aio_context_t context = 0;
	int free = DEPTH, left = count;

	if (syscall(SYS_io_setup, DEPTH, &context))
		die("io_setup");
	for (int i = 0; i < DEPTH; i++)
		ready[i] = &block[i];
	while (left) {
		for (int i = 0; i < free; i++)
			*ready[i] = (struct iocb){
				.aio_lio_opcode = IOCB_CMD_PREAD,
				.aio_fildes = (uint32_t)disk,
				.aio_buf = (uintptr_t)buffer[ready[i] - block],
				.aio_nbytes = BLOCK,
				.aio_offset = somewhere(),
			};
		if (syscall(SYS_io_submit, context, free, ready) != free)
			die("io_submit");
		free = (int)syscall(SYS_io_getevents, context, 1, DEPTH, done,
				    NULL);
		for (int i = 0; i < free; i++)
			ready[i] = (struct iocb *)(uintptr_t)done[i].obj;
		left -= free < left ? free : left;
	}
	syscall(SYS_io_destroy, context);
}

/* --- network --- */

static struct sockaddr_in address_of(const char *host, int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = host ? inet_addr(host) : INADDR_ANY,
	};
}

static int reach(const char *host, int port)
{
	struct sockaddr_in to = address_of(host, port);
	int one = 1, s = -1;

	for (int i = 0; i < 300; i++) {
		s = socket(AF_INET, SOCK_STREAM, 0);
		if (!connect(s, (struct sockaddr *)&to, sizeof(to)))
			break;
		close(s);
		s = -1;
		rest(100);
	}
	if (s < 0)
		die(host);
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return s;
}

static void round_trips(int count)
{
	char byte = 0;

	while (count--)
		if (write(echo, &byte, 1) != 1 || read(echo, &byte, 1) != 1)
			die("echo");
}

/* The other end says when all has come. */
static void stream(int size)
{
	static char data[65536];
	uint32_t length = htonl((uint32_t)size);
	char byte;

	if (write(sink, &length, sizeof(length)) != sizeof(length))
		die("sink");
	while (size > 0) {
		ssize_t n = write(sink, data, size < (int)sizeof(data) ?
				  (size_t)size : sizeof(data));

		if (n <= 0)
			die("sink");
		size -= (int)n;
	}
	if (read(sink, &byte, 1) != 1)
		die("sink");
}

static int source;

static void from_outside(int size)
{
	static char data[65536];
	uint32_t length = htonl((uint32_t)size);

	if (write(source, &length, sizeof(length)) != sizeof(length))
		die("source");
	while (size > 0) {
		ssize_t n = read(source, data, sizeof(data));

		if (n <= 0)
			die("source");
		size -= (int)n;
	}
}

static void answer_echo(int s)
{
	char byte;

	while (read(s, &byte, 1) == 1)
		if (write(s, &byte, 1) != 1)
			break;
}

static void answer_sink(int s)
{
	static char data[65536];
	uint32_t left;

	while (read(s, &left, sizeof(left)) == sizeof(left)) {
		left = ntohl(left);
		while (left) {
			ssize_t n = read(s, data, left < sizeof(data) ?
					 left : sizeof(data));

			if (n <= 0)
				return;
			left -= (uint32_t)n;
		}
		if (write(s, data, 1) != 1)
			return;
	}
}

static void serve(int port, void (*answer)(int))
{
	struct sockaddr_in here = address_of(NULL, port);
	int one = 1, s = socket(AF_INET, SOCK_STREAM, 0), peer;

	if (bind(s, (struct sockaddr *)&here, sizeof(here)) || listen(s, 1))
		die("listen");
	peer = accept(s, NULL, NULL);
	setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	answer(peer);
}

#define MEASURE(first, second, third, loop, count) \
	do { \
		loop(count); /* connections, caches, grants */ \
		BENCH_MARK(first); \
		loop(count); \
		BENCH_MARK(second); \
		loop((count) * TIMES); \
		BENCH_MARK(third); \
	} while (0)

static void use(const char *path, const char *host)
{
	echo = reach(host, ECHO_PORT);
	sink = reach(host, SINK_PORT);
	disk_open(path);
	rest(1000);			/* until the others have settled */
	MEASURE(300, 301, 302, read_single, READS);
	MEASURE(310, 311, 312, read_deep, DEEP_READS);
	MEASURE(320, 321, 322, round_trips, TRIPS);
	MEASURE(330, 331, 332, stream, STREAM);
	printf("bench reads %d\nbench deep_reads %d\nbench trips %d\n"
	       "bench stream_kib %d\nbench times %d\nbench end 0\n",
	       READS, DEEP_READS, TRIPS, STREAM >> 10, TIMES);
	fflush(stdout);
}

#define REPEAT(first, second, loop, count) \
	do { \
		loop(count); \
		for (int round = 0; round < ROUNDS; round++) { \
			BENCH_MARK(first); \
			loop(count); \
			BENCH_MARK(second); \
		} \
	} while (0)

static void outside(const char *host, int giver, int taker)
{
	source = reach(host, giver);
	sink = reach(host, taker);
	REPEAT(340, 341, from_outside, OUTSIDE);
	REPEAT(342, 343, stream, OUTSIDE);
	printf("bench outside %d\n", OUTSIDE);
}

static void own_disk(const char *path)
{
	piece_alloc();
	disk_open(path);
	rest(1000);
	REPEAT(350, 351, read_long, LONG_READS);
	REPEAT(352, 353, read_single, READS);
	REPEAT(354, 355, read_deep, DEEP_READS);
	printf("bench long %d\nbench single %d\nbench deep %d\n",
	       LONG_READS * LONG, READS * BLOCK, DEEP_READS * BLOCK);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "use")) {
		use(argv[2], argv[3]);
	} else if (argc == 2 && !strcmp(argv[1], "serve")) {
		if (fork() == 0) {
			serve(ECHO_PORT, answer_echo);
			return 0;
		}
		serve(SINK_PORT, answer_sink);
	} else if (argc == 5 && !strcmp(argv[1], "outside")) {
		outside(argv[2], atoi(argv[3]), atoi(argv[4]));
	} else if (argc == 3 && !strcmp(argv[1], "disk")) {
		own_disk(argv[2]);
	} else {
		printf("usage: see bench/io.c\n");
		return 1;
	}
	return 0;
}
