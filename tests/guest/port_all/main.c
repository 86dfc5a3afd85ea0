/* SPDX-License-Identifier: MIT */
/*
 * All 65,536 ports: unclaimed ones read ones at every width, writes change
 * nothing and end nobody, string instructions terminate.
 * Guards against: an I/O bitmap with a hole (the host's debug-exit, reset,
 * ACPI and PCI ports among them), off-by-one at the last port.
 */
#include "test.h"

/* Ports that the VMM claims: interval timer, port B, ACPI sleep registers. */
static bool is_claimed(uint32_t port)
{
	return (port >= 0x40 && port <= 0x43) || port == 0x61 ||
	       port == 0xb004 || port == 0xb005;
}

static bool touches_claimed(uint32_t port, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		if (is_claimed((port + i) & 0xffff))
			return true;
	return false;
}

static fault_t probe_in(uint16_t port, unsigned int size, uint32_t *value)
{
	uint32_t v = 0;
	fault_t f;

	if (size == 1)
		PROBE(f, "inb %%dx, %%al", (, "+a"(v)), ("d"(port)));
	else if (size == 2)
		PROBE(f, "inw %%dx, %%ax", (, "+a"(v)), ("d"(port)));
	else
		PROBE(f, "inl %%dx, %%eax", (, "+a"(v)), ("d"(port)));
	*value = v;
	return f;
}

static fault_t probe_out(uint16_t port, unsigned int size, uint32_t value)
{
	fault_t f;

	if (size == 1)
		PROBE(f, "outb %%al, %%dx", (), ("a"(value), "d"(port)));
	else if (size == 2)
		PROBE(f, "outw %%ax, %%dx", (), ("a"(value), "d"(port)));
	else
		PROBE(f, "outl %%eax, %%dx", (), ("a"(value), "d"(port)));
	return f;
}

static void check_in(uint32_t port, unsigned int size)
{
	uint32_t value, ones = size == 4 ? ~0u : (1u << 8 * size) - 1;
	fault_t f = probe_in((uint16_t)port, size, &value);

	CHECK_EQ(f, 0, "in %x size %u", port, size);
	if (!touches_claimed(port, size))
		CHECK_EQ(value, ones, "in %x size %u", port, size);
}

static void check_strings(void)
{
	static uint8_t buffer[64];
	void *at = buffer;
	uint64_t count = sizeof(buffer);
	fault_t f;

	PROBE(f, "rep outsb", (, "+S"(at), "+c"(count)), ("d"(0x3f8)));
	CHECK(!f || f == FAULT_GP, "rep outsb %lx", f);
	at = buffer;
	count = sizeof(buffer);
	PROBE(f, "rep insb", (, "+D"(at), "+c"(count)), ("d"(0x60)));
	CHECK(!f || f == FAULT_GP, "rep insb %lx", f);
	at = buffer;
	PROBE(f, "outsl", (, "+S"(at)), ("d"(0xf4)));
	CHECK(!f || f == FAULT_GP, "outsl %lx", f);
	at = buffer;
	PROBE(f, "insw", (, "+D"(at)), ("d"(0xcf8)));
	CHECK(!f || f == FAULT_GP, "insw %lx", f);
}

int main(void)
{
	for (uint32_t port = 0; port < 0x10000; port++) {
		check_in(port, 1);
		if (port % 5 == 0 || port > 0xfff0) {
			check_in(port, 2);
			check_in(port, 4);
		}
		if (touches_claimed(port, 4))
			continue;
		CHECK_EQ(probe_out((uint16_t)port, 1, 0x10), 0, "%x", port);
		if (port % 7 == 0 || port == 0xf4 || port == 0xcf8 ||
		    port == 0xcf9 || port == 0x604 || port == 0x92 ||
		    port > 0xfff0) {
			CHECK_EQ(probe_out((uint16_t)port, 4, ~0u), 0);
			CHECK_EQ(probe_out((uint16_t)port, 2, 0x2000), 0);
		}
	}
	check_strings();
	test_end();
}
