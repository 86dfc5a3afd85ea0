/* SPDX-License-Identifier: MIT */
/*
 * A client of the store that does all it can to harm it (evil.c), and this
 * one, which goes on as ever: what it wrote it reads, its watches tell, its
 * home is its own, and no request takes notably longer than among friends.
 * When the other has ended, what it left is gone.
 * Guards against: a store that one client can stop, slow, fill or confuse.
 */
#include "test.h"
#include "xs.h"
#include "common.h"

/*
 * Evil may use the CPU whenever it is its turn, and a slice is 5 ms; a
 * write to HOT may also wait for a shielded transaction of evil's, 5 ms. In
 * the store up to eight requests of evil's come between two of ours.
 */
#define WORST		(15 * MILLISECOND)
#define MEAN_FACTOR	10u
#define FRIENDLY	50u	/* rounds before evil may begin */
#define ROUNDS_MAX	20000u

static uint64_t ops, total, worst, friendly;
static unsigned int flips, hot_writes;
static uint64_t began;

/* Account for one request that began when began was set. */
static void done(void)
{
	uint64_t took = clock_now() - began;

	ops++;
	total += took;
	if (took > worst)
		worst = took;
}

static void expect(const char *path, const char *value)
{
	began = clock_now();
	long size = xs_read(0, path);

	done();
	CHECK(size == (long)strlen(value) && !strcmp(xs_reply, value),
	      "%s: %ld %s", path, size, xs_reply);
}

static void put(const char *path, const char *value)
{
	began = clock_now();
	long size = xs_write(0, path, value);

	done();
	CHECK(size == 3, "%s: %ld %s", path, size, xs_reply);
}

/* What has come of events: only what was asked for. */
static void take_events(void)
{
	const char *path;

	while ((path = xs_event(0))) {
		if (!strcmp(path, EVIL_STATE))
			flips++;
		else
			CHECK(!strcmp(path, PHASE) || !strcmp(path, HOT) ||
			      !strncmp(path, "/shared", 7), "%s", path);
	}
}

/* One round of a client that has work to do. */
static void round_of_work(unsigned int i)
{
	char value[80];

	ksnprintf(value, sizeof(value), "value %u of a client that has work "
		  "to do, in more than one cell", i);
	put("data/k", value);
	expect("data/k", value);
	expect("name", "good");
	ksnprintf(value, sizeof(value), "good %u", i);
	put(HOT, value);
	hot_writes++;
	/* A transaction on what is its own is in nobody's way. */
	if (CHECK(xs_path(XS_TRANSACTION_START, 0, "") > 0, "%s", xs_reply)) {
		uint32_t tx = 0;

		for (const char *at = xs_reply; *at; at++)
			tx = tx * 10 + (uint32_t)(*at - '0');
		CHECK_EQ(xs_write(tx, "data/t", value), 3);
		CHECK(xs_path(XS_TRANSACTION_END, tx, "T") == 3, "%s",
		      xs_reply);
		expect("data/t", value);
	}
	began = clock_now();
	CHECK(xs_read(0, EVIL_STATE) >= 0 || !strcmp(xs_reply, "ENOENT"),
	      "%s", xs_reply);
	done();
	take_events();
}

static void report(const char *phase)
{
	uint64_t mean = ops ? total / ops : 0;

	kprintf("%-12s %5lu requests, mean %4lu us, worst %5lu us\n", phase,
		ops, mean / 1000, worst / 1000);
	if (!friendly)
		friendly = mean;
	CHECK(worst <= WORST, "%s: %lu us", phase, worst / 1000);
	CHECK(mean <= friendly * MEAN_FACTOR, "%s: %lu us, not %lu", phase,
	      mean / 1000, friendly / 1000);
	ops = total = worst = 0;
}

/* The home as the image made it, and nothing in it that is not its own. */
static void check_home(void)
{
	static const char names[] = "name\0data\0device";

	CHECK(xs_path(XS_DIRECTORY, 0, GOOD_HOME) == (long)sizeof(names) &&
	      !memcmp(xs_reply, names, sizeof(names)), "%s", xs_reply);
	CHECK(xs_path(XS_DIRECTORY, 0, GOOD_HOME "/data") == 4 &&
	      !memcmp(xs_reply, "k\0t", 4), "%s", xs_reply);
	CHECK(xs_path(XS_GET_PERMS, 0, GOOD_HOME "/data") == 3 &&
	      !strcmp(xs_reply, "n2"), "%s", xs_reply);
}

int main(void)
{
	char phase[32] = "friendly";
	unsigned int i;

	if (!CHECK(xs_init(5 * SECOND), "no store"))
		test_end();
	CHECK_EQ(xs_write(0, HOT, ""), 3);
	CHECK_EQ(xs_watch(XS_WATCH, EVIL_STATE, "state"), 3);
	CHECK_EQ(xs_watch(XS_WATCH, "/shared", "shared"), 3);
	for (i = 0; i < FRIENDLY; i++)
		round_of_work(i);
	report(phase);
	/* Evil waits for this. */
	ksnprintf(phase, sizeof(phase), "begin");
	CHECK_EQ(xs_write(0, PHASE, "begin"), 3);
	for (; i < ROUNDS_MAX && strcmp(phase, "end"); i++) {
		round_of_work(i);
		if (!CHECK(xs_read(0, PHASE) > 0, "%s", xs_reply))
			break;
		if (strcmp(xs_reply, phase)) {
			report(phase);
			ksnprintf(phase, sizeof(phase), "%s", xs_reply);
		}
	}
	CHECK(i < ROUNDS_MAX, "evil has not come to its end");
	/*
	 * It ends now, in the middle of everything; the audit that follows
	 * stops the machine, so times no longer count.
	 */
	CHECK_EQ(xs_write(0, PHASE, "seen"), 3);
	while (xs_read(0, LITTER) >= 0)
		if (!CHECK(xs_event(5 * SECOND), "evil's nodes are there"))
			break;
	CHECK(!strcmp(xs_reply, "ENOENT"), "%s", xs_reply);
	/* Its end value, once the image is put back. */
	while (xs_read(0, EVIL_STATE) != 1 || xs_reply[0] != '6')
		if (!CHECK(xs_event(5 * SECOND), "%s", xs_reply))
			break;
	round_of_work(i);
	check_home();
	CHECK(flips > 100, "%u flips were seen", flips);
	test_end();
}
