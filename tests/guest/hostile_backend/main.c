/* SPDX-License-Identifier: MIT */
/*
 * A front end with two disks: one of an honest back end, one of evil.c,
 * which does all it can to harm. Its other disk is served all the time; no
 * page of its own changes but those that it lends for writing, while it
 * lends them; what the evil one holds is never used again until it is back;
 * and when that one dies everything is back.
 * Guards against: a driver VM that reaches into its clients, or that keeps
 * them waiting.
 */
#include "test.h"
#include "blk.h"
#include "xs.h"
#include "common.h"

#define HONEST		2u
#define EVIL		4u
#define PAGES		8u
#define CANARIES	64u
#define PATIENCE	(20 * MILLISECOND)

static struct blk honest, evil;
static uint32_t *buffer, *canary, *lent[TURNS];
static bool held[TURNS];
static uint32_t written[PAGES], stamp;
static unsigned int answers, bogus, silent, kept;

static void fill(uint32_t *page, uint32_t value)
{
	for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
		page[i] = value * 1024 + i;
}

static bool is_filled(const uint32_t *page, uint32_t value)
{
	for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
		if (READ_ONCE(page[i]) != value * 1024 + i)
			return false;
	return true;
}

/* The honest disk: what was written is read. */
static void honest_work(void)
{
	unsigned int page = ++stamp % PAGES;

	fill(buffer, stamp);
	written[page] = stamp;
	CHECK_EQ(blk_io(&honest, BLKIF_OP_WRITE, page * 8, buffer, 8, SECOND),
		 BLKIF_RSP_OKAY);
	page = stamp / 3 % PAGES;
	CHECK_EQ(blk_io(&honest, BLKIF_OP_READ, page * 8, buffer, 8, SECOND),
		 BLKIF_RSP_OKAY);
	CHECK(!written[page] || is_filled(buffer, written[page]), "page %u",
	      page);
}

/* One request to the evil one; false if it is not worth another. */
static bool evil_io(uint8_t op, uint32_t *page)
{
	int status = blk_io(&evil, op, 0, page, 8, PATIENCE);

	answers += status <= 0 && status >= BLKIF_RSP_EOPNOTSUPP;
	bogus += status == BLK_BOGUS;
	silent += status == BLK_SILENT;
	kept += status == BLK_HELD;
	/* A page that was lent to be read only is as it was. */
	CHECK(op != BLKIF_OP_WRITE || is_filled(page, 0x5afe));
	return status == BLKIF_RSP_OKAY;
}

static void one_connection(unsigned int turn)
{
	lent[turn] = page_alloc();
	fill(lent[turn], 0x5afe);
	if (CHECK(blk_open(&evil, REF_EVIL + 2 * turn, 5 * SECOND),
		  "connection %u", turn)) {
		bool good = evil_io(BLKIF_OP_WRITE, lent[turn]);

		for (unsigned int i = 0; good && i < 3; i++)
			good = evil_io(BLKIF_OP_READ, lent[turn]);
	}
	honest_work();
	held[turn] = !blk_close(&evil, PATIENCE);
	evil.ring = NULL;
	evil.data_held = false;
	/* It is back: from now on it is ours alone. */
	if (!held[turn])
		fill(lent[turn], turn);
}

/* What evil never had, and what it gave back, is as we left it. */
static void check_pages(unsigned int turns)
{
	for (unsigned int i = 0; i < CANARIES; i++)
		CHECK(is_filled(canary + i * (PAGE_SIZE / 4), 0xca00 + i),
		      "page %u that nobody has", i);
	for (unsigned int t = 0; t < turns; t++)
		CHECK(held[t] || is_filled(lent[t], t), "page of turn %u", t);
}

/* It is dead: each grant that it held can be withdrawn. */
static void check_all_back(void)
{
	uint64_t end = clock_now() + 2 * SECOND;

	for (unsigned int t = 0; t < TURNS; t++)
		for (unsigned int k = 0; k < 2; k++) {
			grant_ref_t ref = REF_EVIL + 2 * t + k;

			while (grant_in_use(ref) && clock_now() < end)
				clock_sleep(MILLISECOND);
			CHECK(grant_withdraw(ref), "reference %u", ref);
		}
}

int main(void)
{
	canary = page_alloc_many(CANARIES);
	buffer = page_alloc();
	for (unsigned int i = 0; i < CANARIES; i++)
		fill(canary + i * (PAGE_SIZE / 4), 0xca00 + i);
	if (!CHECK(xs_init(5 * SECOND), "no store") ||
	    !CHECK(grant_init(1)) ||
	    !CHECK(device_find(&honest.device, "device/test/2",
			       "/local/domain/2/device/test/3", HONEST)) ||
	    !CHECK(device_find(&evil.device, "device/test/4",
			       "/local/domain/4/device/test/3", EVIL)) ||
	    !CHECK(blk_open(&honest, REF_HONEST, 5 * SECOND)))
		test_end();
	grant_offer(REF_OTHER, HONEST, page_gpa(canary) >> PAGE_SHIFT, 0);
	for (unsigned int t = 0; t < TURNS && !test_failures(); t++) {
		one_connection(t);
		check_pages(t + 1);
		honest_work();
	}
	kprintf("%u answers, %u bogus, %u times silent, %u pages kept\n",
		answers, bogus, silent, kept);
	CHECK(answers > 10 && bogus > 3 && silent > 3 && kept > 0);
	/* The last one is to die on. */
	device_say(&evil.device, DEVICE_UNKNOWN);
	check_all_back();
	check_pages(TURNS);
	for (unsigned int i = 0; i < 20; i++)
		honest_work();
	CHECK(blk_close(&honest, SECOND), "the honest one");
	test_end();
}
