/* SPDX-License-Identifier: MIT */
/*
 * Two front ends of one back end: evil.c, which does all it can to harm, and
 * this one, whose disk is served all the time: each page that it reads is
 * the one it wrote, and no request takes notably longer than among friends.
 * Guards against: harm by way of grants, events and the store that one
 * client of a driver VM does to another, to the driver VM, or to the VMM.
 */
#include "test.h"
#include "blk.h"
#include "xs.h"

#define PHASE		"/shared/phase"
#define PAGES		32u
#define FRIENDLY	50u
#define ROUNDS_MAX	20000u
/* Three slices of the CPU, and less than this many times as long. */
#define WORST		(15 * MILLISECOND)
#define MEAN_FACTOR	6u
#define PATIENCE	(2 * SECOND)

static struct blk disk;
static uint32_t *buffer;
static uint32_t written[PAGES];
static uint64_t ops, total, worst, friendly;
static uint64_t all_ops, all_total;	/* in evil's company */

static void io(uint8_t op, unsigned int page)
{
	uint64_t began = clock_now(), took;
	int status = blk_io(&disk, op, page * 8, buffer, 8, PATIENCE);

	took = clock_now() - began;
	ops++;
	total += took;
	if (took > worst)
		worst = took;
	if (!CHECK_EQ(status, BLKIF_RSP_OKAY, "page %u", page))
		test_end();
}

static bool is_page(uint32_t stamp, unsigned int page)
{
	for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
		if (buffer[i] != (stamp ? stamp * 4096 + page * 128 + i : 0))
			return false;
	return true;
}

static void round_of_work(unsigned int n)
{
	unsigned int page = (unsigned int)(test_random() % PAGES);

	written[page] = n + 1;
	for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
		buffer[i] = written[page] * 4096 + page * 128 + i;
	io(BLKIF_OP_WRITE, page);
	page = (unsigned int)(test_random() % PAGES);
	memset(buffer, 0xff, PAGE_SIZE);
	io(BLKIF_OP_READ, page);
	CHECK(is_page(written[page], page), "page %u is not what was written",
	      page);
}

static void report(const char *phase)
{
	uint64_t mean = ops ? total / ops : 0;

	kprintf("%-12s %5lu requests, mean %4lu us, worst %5lu us\n", phase,
		ops, mean / 1000, worst / 1000);
	CHECK(worst <= WORST, "%s: %lu us", phase, worst / 1000);
	if (friendly) {
		all_ops += ops;
		all_total += total;
	} else {
		friendly = mean;
	}
	ops = total = worst = 0;
}

int main(void)
{
	char phase[32] = "friendly", own[64], other[64];
	unsigned int i = 0;

	if (!boot_argument("own", own, sizeof(own)) ||
	    !boot_argument("other", other, sizeof(other)))
		test_error("no own= or other=");
	if (!CHECK(xs_init(5 * SECOND), "no store") ||
	    !CHECK(grant_init(1)) ||
	    !CHECK(device_find(&disk.device, own, other, test_peer())) ||
	    !CHECK(blk_open(&disk, GRANT_FIRST, 5 * SECOND)))
		test_end();
	buffer = page_alloc();
	for (; i < FRIENDLY; i++)
		round_of_work(i);
	report(phase);
	ksnprintf(phase, sizeof(phase), "begin");
	CHECK_EQ(xs_write(0, PHASE, phase), 3);
	for (; i < ROUNDS_MAX && strcmp(phase, "end"); i++) {
		round_of_work(i);
		if (i % 4 || !CHECK(xs_read(0, PHASE) > 0, "%s", xs_reply) ||
		    !strcmp(xs_reply, phase))
			continue;
		report(phase);
		ksnprintf(phase, sizeof(phase), "%s", xs_reply);
	}
	CHECK(i < ROUNDS_MAX, "evil has not come to its end");
	CHECK(all_total <= friendly * MEAN_FACTOR * all_ops,
	      "mean %lu us, not %lu", all_total / (all_ops + 1) / 1000,
	      friendly / 1000);
	/* Evil may end now. An audit stops the machine: no more times. */
	CHECK_EQ(xs_write(0, PHASE, "seen"), 3);
	for (unsigned int page = 0; page < PAGES; page++) {
		io(BLKIF_OP_READ, page);
		CHECK(is_page(written[page], page), "page %u", page);
	}
	CHECK(blk_close(&disk, SECOND), "the back end does not let go");
	test_end();
}
