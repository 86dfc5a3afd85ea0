/* SPDX-License-Identifier: MIT */
/*
 * The console ring with indices out of range, running backwards, and changed
 * while the hypervisor reads; floods of output; then it still works. The
 * second VM checks input and that its own console is undisturbed.
 * Guards against: a ring index used unchecked; a VM that stalls the log.
 */
#include "test.h"

static void notify(void)
{
	struct evtchn_send arg = { .port = console_port };

	event_op(EVTCHNOP_send, &arg);
}

static void check_garbage(void)
{
	static const uint32_t value[] = { 0x800, 0x801, 0xffff, 0x7fffffff,
					  0x80000000, 0xffffffff, 0xfffff800 };
	struct xencons_interface *r = console_ring;

	for (unsigned int p = 0; p < ARRAY_SIZE(value); p++)
		for (unsigned int c = 0; c < ARRAY_SIZE(value); c++) {
			if (value[p] - value[c] <= sizeof(r->out))
				continue;	/* plain text, not garbage */
			WRITE_ONCE(r->out_prod, value[p]);
			WRITE_ONCE(r->out_cons, value[c]);
			notify();
			WRITE_ONCE(r->in_prod, value[p]);
			WRITE_ONCE(r->in_cons, value[c]);
			notify();
		}
	clock_sleep(10 * MILLISECOND);
}

static void ring_reset(void)
{
	struct xencons_interface *r = console_ring;

	WRITE_ONCE(r->in_cons, 0);
	WRITE_ONCE(r->in_prod, 0);
	WRITE_ONCE(r->out_cons, 0);
	WRITE_ONCE(r->out_prod, 0);
	notify();
}

/* All of text, within a second: the ring must be drained. */
static bool say(const char *text, size_t count)
{
	uint64_t end = clock_now() + SECOND;

	while (count) {
		size_t n = console_ring_write(text, count);

		text += n;
		count -= n;
		if (!n && clock_now() > end)
			return false;
		if (!n)
			sched_op(SCHEDOP_yield, NULL);
	}
	return true;
}

static void check_flood(void)
{
	static char line[64];

	memset(line, '.', sizeof(line));
	line[0] = 7;		/* not printable */
	line[1] = 27;
	line[63] = '\n';
	for (unsigned int i = 0; i < 600; i++)
		if (!CHECK(say(line, sizeof(line)), "line %u", i))
			return;
}

int main(void)
{
	static const char last[] = "ring says good-bye\n";

	if (!CHECK(console_ring_init(), "no ring"))
		test_end();
	event_attach(console_port, NULL);
	check_flood();
	check_garbage();
	ring_reset();
	clock_sleep(200 * MILLISECOND);
	CHECK(say(last, sizeof(last) - 1));
	/* Nobody else may use the port, and closing it stops nothing. */
	CHECK(event_bind(DOMID_SELF, console_port) < 0);
	clock_sleep(300 * MILLISECOND);
	test_end();
}
