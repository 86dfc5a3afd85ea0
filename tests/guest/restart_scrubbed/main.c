/* SPDX-License-Identifier: MIT */
/*
 * A VM fills its memory with a pattern and reboots, four times: each new
 * incarnation finds only zeros, and a neighbour that checks its own free
 * memory finds zeros too. The neighbour tells the incarnations apart.
 * Guards against: frames handed on with their old contents; a reboot that
 * loses or keeps channels (the neighbour's end must turn unbound).
 */
#include "test.h"

#define PATTERN	0xfeedc0dedeadbeefull
#define LIVES	4u

static void check_zero(void)
{
	uint64_t *from = (uint64_t *)memory_rest_start();
	uint64_t *to = (uint64_t *)memory_rest_end();

	for (uint64_t *at = from; at < to; at++)
		if (!CHECK(*at == 0, "%lx at %p", *at, (void *)at))
			return;
	/* Low memory is ours as well; the kit has used none of it. */
	for (uint64_t *at = (uint64_t *)0x10000; at < (uint64_t *)0xf0000;
	     at++)
		if (!CHECK(*at == 0, "%lx at %p", *at, (void *)at))
			return;
}

static void fill(void)
{
	uint64_t *to = (uint64_t *)memory_rest_end();

	for (uint64_t *at = (uint64_t *)memory_rest_start(); at < to; at++)
		*at = PATTERN;
	for (uint64_t *at = (uint64_t *)0x10000; at < (uint64_t *)0xf0000;
	     at++)
		*at = PATTERN;
}

_Noreturn static void phoenix(void)
{
	long port = event_bind_any(test_peer(), 5 * SECOND);

	if (!CHECK(port > 0, "bind %ld", port))
		test_end();
	event_send((evtchn_port_t)port);
	/* The neighbour closes its end when it has seen enough lives. */
	for (unsigned int i = 0; i < 100; i++) {
		if (event_status(DOMID_SELF, (evtchn_port_t)port, NULL) ==
		    EVTCHNSTAT_unbound)
			test_end();
		clock_sleep(MILLISECOND);
	}
	fill();
	power_end(test_failures() ? SHUTDOWN_crash : SHUTDOWN_reboot);
}

_Noreturn static void keeper(void)
{
	long port = event_offer(test_peer());
	evtchn_port_t p = (evtchn_port_t)port;
	uint64_t end = clock_now() + 20 * SECOND;
	unsigned int lives = 0;

	if (!CHECK(port > 0, "offer %ld", port))
		test_end();
	event_attach(p, NULL);
	while (clock_now() < end) {
		if (!CHECK(event_wait(p, lives, 10 * SECOND), "life %u", lives))
			break;
		if (++lives == LIVES)
			break;
		/* The end of that life turns the channel unbound again. */
		while (event_status(DOMID_SELF, p, NULL) !=
		       EVTCHNSTAT_unbound && clock_now() < end)
			clock_sleep(MILLISECOND);
	}
	CHECK_EQ(lives, LIVES);
	CHECK_EQ(event_close(p), 0);
	check_zero();
	test_end();
}

int main(void)
{
	check_zero();
	if (test_role("phoenix"))
		phoenix();
	keeper();
}
