/* SPDX-License-Identifier: MIT */
/*
 * The store VM serves two guests: reads, writes, transactions, watches from
 * one to the other; permissions hold; and what a 64-byte read costs.
 *  role a: domid 2, drives; role b: domid 3, answers.
 */
#include "test.h"
#include "xs.h"

#define READS		1000u
#define DEVICE_A	"/local/domain/2/device/test/3"
#define DEVICE_B	"/local/domain/3/device/test/2"

static void check_own(void)
{
	CHECK(xs_read(0, "name") == 1 && xs_reply[0] == 'a', "%s", xs_reply);
	CHECK_EQ(xs_write(0, "name", "x"), -1);
	CHECK(!strcmp(xs_reply, "EACCES"), "%s", xs_reply);
	CHECK_EQ(xs_read(0, "/secret"), -1);
	CHECK(!strcmp(xs_reply, "EACCES"), "%s", xs_reply);
	CHECK_EQ(xs_read(0, "data/none"), -1);
	CHECK(!strcmp(xs_reply, "ENOENT"), "%s", xs_reply);
	CHECK_EQ(xs_write(0, "data/k", "value"), 3);
	CHECK(xs_read(0, "data/k") == 5 && !strcmp(xs_reply, "value"));
	CHECK_EQ(xs_path(XS_TRANSACTION_START, 0, ""), 2);
	CHECK_EQ(xs_reply[0], '1');
	CHECK_EQ(xs_write(1, "data/t", "in"), 3);
	CHECK_EQ(xs_read(0, "data/t"), -1);
	CHECK_EQ(xs_path(XS_TRANSACTION_END, 1, "T"), 3);
	CHECK(xs_read(0, "data/t") == 2 && !strcmp(xs_reply, "in"));
}

static void check_speed(void)
{
	static const char value[] = "0123456789abcdef0123456789abcdef"
				    "0123456789abcdef0123456789abcdef";
	uint64_t start;

	CHECK_EQ(xs_write(0, "data/speed", value), 3);
	start = clock_now();
	for (unsigned int i = 0; i < READS; i++)
		if (xs_read(0, "data/speed") != 64)
			break;
	kprintf("one read takes %lu ns\n", (clock_now() - start) / READS);
	CHECK(!strcmp(xs_reply, value));
}

/* Wait for an event of this path. */
static void await(const char *path)
{
	const char *got;

	do
		got = xs_event(5 * SECOND);
	while (got && strcmp(got, path));
	CHECK(got, "no event for %s", path);
}

static void await_state(const char *path, char state)
{
	while (xs_read(0, path) < 1 || xs_reply[0] != state)
		if (!CHECK(xs_event(5 * SECOND), "%s is not %c", path, state))
			test_end();
}

int main(void)
{
	bool a = test_role("a");

	if (!CHECK(xs_init(5 * SECOND), "no store"))
		test_end();
	CHECK_EQ(xs_ring->server_features, 3);
	CHECK_EQ(xs_ring->error, 0);
	CHECK_EQ(xs_watch(XS_WATCH, a ? DEVICE_B "/state" :
					DEVICE_A "/state", "t"), 3);
	await(a ? DEVICE_B "/state" : DEVICE_A "/state");
	if (a) {
		check_own();
		/* The two states step past each other, by watches alone. */
		CHECK_EQ(xs_write(0, DEVICE_A "/state", "3"), 3);
		await_state(DEVICE_B "/state", '4');
		CHECK_EQ(xs_write(0, DEVICE_A "/state", "4"), 3);
		await_state(DEVICE_B "/state", '5');
		check_speed();
	} else {
		await_state(DEVICE_A "/state", '3');
		CHECK_EQ(xs_write(0, DEVICE_A "/state", "9"), -1);
		CHECK_EQ(xs_write(0, DEVICE_B "/state", "4"), 3);
		await_state(DEVICE_A "/state", '4');
		CHECK_EQ(xs_write(0, DEVICE_B "/state", "5"), 3);
	}
	test_end();
}
