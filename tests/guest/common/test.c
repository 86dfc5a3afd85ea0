/* SPDX-License-Identifier: MIT */
#include "test.h"

#define REPORT_MAX	20u

static unsigned int failures;
static uint64_t random_state = 0x9e3779b97f4a7c15ull;

static void report(int line, const char *what, const char *format,
		   va_list args)
{
	char text[160];

	failures++;
	if (failures > REPORT_MAX)
		return;
	kvsnprintf(text, sizeof(text), format, args);
	kprintf("FAILED %s:%d: %s %s\n", TEST_NAME, line, what, text);
	if (failures == REPORT_MAX)
		kprintf("FAILED %s: more is not printed\n", TEST_NAME);
}

bool test_check(bool ok, int line, const char *what, const char *format, ...)
{
	va_list args;

	if (ok)
		return true;
	va_start(args, format);
	report(line, what, format, args);
	va_end(args);
	return false;
}

bool test_check_equal(long got, long want, int line, const char *what,
		      const char *format, ...)
{
	char text[200];
	va_list args;

	if (got == want)
		return true;
	ksnprintf(text, sizeof(text), "%s is %ld (%lx), want %ld", what, got,
		  (unsigned long)got, want);
	va_start(args, format);
	report(line, text, format, args);
	va_end(args);
	return false;
}

unsigned int test_failures(void)
{
	return failures;
}

void test_verdict(void)
{
	if (failures)
		kprintf("TEST %s: failure %u checks failed\n", TEST_NAME,
			failures);
	else
		kprintf("TEST %s: success\n", TEST_NAME);
}

void test_end(void)
{
	test_verdict();
	power_end(SHUTDOWN_poweroff);
}

void test_skip(const char *why)
{
	kprintf("TEST %s: skip %s\n", TEST_NAME, why);
	power_end(SHUTDOWN_poweroff);
}

void test_error(const char *why)
{
	kprintf("TEST %s: error %s\n", TEST_NAME, why);
	power_end(SHUTDOWN_poweroff);
}

uint64_t test_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

bool test_role(const char *role)
{
	char text[32];

	return boot_argument("role", text, sizeof(text)) &&
	       !strcmp(text, role);
}

domid_t test_peer(void)
{
	return (domid_t)boot_number("peer", DOMID_INVALID);
}

evtchn_port_t test_ipi_port(void)
{
	long port = event_bind_ipi(0);

	if (port <= 0)
		test_error("no port");
	apic_enable();
	event_attach((evtchn_port_t)port, NULL);
	return (evtchn_port_t)port;
}

void test_upcall_taken(evtchn_port_t port)
{
	struct cpu *c = this_cpu();

	WRITE_ONCE(c->vcpu->evtchn_upcall_pending, 0);
	c->vcpu->evtchn_pending_sel = 0;
	event_clear(port);
}
