/* SPDX-License-Identifier: MIT */
/*
 * The driver VM of an e1000e writes everything that is not its own: each
 * register of its function in each width, functions of others, ports beside
 * CF8 and CFC; moves its regions over memory, registers and local APICs; and
 * has messages point anywhere. What it reads then is what it read before, and
 * no message is more than a vector of its own. Its neighbours notice nothing.
 * Guards against: a bit of configuration space that leads outside.
 */
#include "edu.h"

#define E1000E		0x10d38086u
#define BAR		0x10u
#define BAR_TABLE	0x1cu		/* the fourth: of its messages */
#define REGION		0x20000u	/* bytes of the first */
#define CAP_MSI		0x05u
#define CAP_MSIX	0x11u
enum { CAUSE = 0xc0, CAUSE_SET = 0xc8, MASK_SET = 0xd0, AUTO_CLEAR = 0xdc,
       WHICH_VECTOR = 0xe4, SCRATCH = 0x170 };
#define QUEUE0		(1u << 20)	/* the cause; its vector is valid: */
#define VALID		8u
#define PATTERN		0x5a17u
#define LOG_PAUSE	(51 * MILLISECOND)	/* room for another line */

static volatile uint64_t hits[256], all_hits;
static uint64_t registers, table;
static uint64_t *page;

static volatile uint32_t *mmio(uint64_t at)
{
	return (volatile uint32_t *)at;
}

static void on_vector(struct trap_frame *f)
{
	hits[f->vector]++;
	all_hits++;
	apic_eoi();
}

static void out_sized(uint16_t port, unsigned int size, uint32_t value)
{
	if (size == 1)
		out8(port, (uint8_t)value);
	else if (size == 2)
		out16(port, (uint16_t)value);
	else
		out32(port, value);
}

static unsigned int capability(uint8_t id)
{
	unsigned int at = pci_get(0x34) & 0xfc;

	for (unsigned int n = 0; at && n < 48; n++) {
		uint32_t head = pci_get(at);

		if ((uint8_t)head == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

static void device_is_there(unsigned int line)
{
	CHECK_EQ(pci_get(BAR), registers, "line %u", line);
	CHECK_EQ(*mmio(registers + SCRATCH), PATTERN, "line %u", line);
	CHECK_EQ(page[0], PATTERN, "line %u", line);
}

/* Own memory, local APICs, others' registers as the machine has them. */
static void regions_stay(void)
{
	const uint64_t to[] = {
		page_gpa(page), 0, 0x100000, 0xfee00000, 0xfec00000,
		0xfed80000, 0xb0000000, 0xf0000000, 0xf0200000, 0xfc000000,
		0xfea00000, 0xfeb00000, 0xfebc0000, 0xff000000,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(to); i++) {
		for (unsigned int bar = BAR; bar < 0x28; bar += 4)
			pci_put(bar, (uint32_t)to[i]);
		pci_put(0x30, (uint32_t)to[i] | 1);
		pci_command(0);			/* no memory, says who? */
		device_is_there(__LINE__);
		pci_command(0xffff);
		device_is_there(__LINE__);
		CHECK_EQ(pci_get(BAR_TABLE), table);
		clock_sleep(7 * LOG_PAUSE);
	}
	pci_command(6);
}

/* CF8 is written as a whole; CF9 would be the machine's reset. */
static void ports_beside(void)
{
	static const uint32_t values[] = { 0x06, 0x0e, 0x80003000 };

	out32(0xcf8, PCI_FUNCTION);
	for (uint16_t port = 0xcf4; port < 0xcfc; port++)
		for (unsigned int size = 1; size <= 4; size *= 2)
			for (unsigned int i = 0; i < ARRAY_SIZE(values); i++)
				if (port != 0xcf8 || size < 4)
					out_sized(port, size, values[i]);
	CHECK_EQ(in32(0xcf8), PCI_FUNCTION);
	CHECK_EQ(in32(0xcfc), E1000E);
}

static void functions_of_others(void)
{
	static const uint8_t bus[] = { 0, 1, 2, 0x80, 0xff };

	for (unsigned int i = 0; i < ARRAY_SIZE(bus) * 256; i++) {
		uint32_t at = 1u << 31 | (uint32_t)bus[i / 256] << 16 |
			      i % 256 << 8;

		if (at == PCI_FUNCTION || at == 1u << 31)
			continue;
		out32(0xcf8, at | 4);
		out32(0xcfc, 0);	/* off, if it were there */
		out32(0xcf8, at | BAR);
		out32(0xcfc, 0xfee00000);
		out32(0xcf8, at);
		CHECK_EQ(in32(0xcfc), 0xffffffff, "function %x", at);
	}
}

/* By the first message. */
static void fire(void)
{
	*mmio(registers + CAUSE) = ~0u;
	*mmio(registers + MASK_SET) = QUEUE0;	/* AUTO_CLEAR took it */
	*mmio(registers + CAUSE_SET) = QUEUE0;
	clock_sleep(2 * MILLISECOND);
}

static void expect_none(uint64_t address, uint32_t data)
{
	uint64_t before = all_hits, nmis = this_cpu()->nmi_count;

	*mmio(table) = (uint32_t)address;
	*mmio(table + 4) = (uint32_t)(address >> 32);
	*mmio(table + 8) = data;
	fire();
	CHECK_EQ(all_hits, before, "%x to %lx", data, address);
	CHECK_EQ(this_cpu()->nmi_count, nmis, "%x to %lx", data, address);
	device_is_there(__LINE__);
	clock_sleep(LOG_PAUSE);
}

static void messages_stay_inside(void)
{
	unsigned int msix = capability(CAP_MSIX);

	CHECK_EQ(pci_get(msix) >> 16 & 0x7ff, 4);
	pci_put(msix, 1u << 31 | pci_get(msix));
	*mmio(registers + WHICH_VECTOR) = VALID;
	*mmio(registers + AUTO_CLEAR) = QUEUE0;
	*mmio(table + 12) = 0;
	/* A foreign vector is only one's own of this number. */
	for (uint32_t vector = 0x20; vector < 0x100; vector += 0x10) {
		uint64_t before = all_hits;

		if (vector == VECTOR_USER)
			continue;
		*mmio(table) = 0xfee00000;
		*mmio(table + 4) = 0xdead;
		*mmio(table + 8) = vector;
		fire();
		CHECK_EQ(hits[vector], 1, "vector %x", vector);
		CHECK_EQ(all_hits, before + 1, "vector %x", vector);
	}
	for (uint32_t mode = 2; mode < 8; mode++)
		expect_none(0xfee00000, mode << 8 | 0x40);
	for (uint32_t vector = 0; vector < 0x10; vector += 5)
		expect_none(0xfee00000, vector);
	expect_none(0xfee01000, 0x41);
	expect_none(0xfee7f000, 0x41);
	expect_none(0xfeb00000, 0x41);
	expect_none(page_gpa(page), 0x41);
	expect_none(0x100000000ull | page_gpa(page), 0x41);
	/* All of the page, and what is pending on the next but one. */
	for (uint64_t at = 0; at < 2 * PAGE_SIZE; at += 4)
		if (at < PAGE_SIZE)
			*mmio(table + at) = 0xfee00041;
		else
			*mmio(table + PAGE_SIZE + at) = ~0u;
	for (uint64_t at = 0; at < 16 * 5; at += 16) {
		CHECK_EQ(*mmio(table + at), 0xfee00041);
		CHECK_EQ(*mmio(table + at + 12), 1);
	}
	pci_put(msix, pci_get(msix) & 0xffff);
}

/* Each byte, word and dword at each offset, over the end of one, too. */
static void every_register(void)
{
	static const uint32_t values[] = { 0, 0xffffffff, 0xa5a5a5a5, 0x03,
					   0x8103 };
	unsigned int msi = capability(CAP_MSI), msix = capability(CAP_MSIX);
	uint32_t before[64];

	for (unsigned int n = 0; n < 64; n++)
		before[n] = pci_get(4 * n);
	for (unsigned int i = 0; i < 256 * ARRAY_SIZE(values); i++) {
		unsigned int at = i % 256;

		out32(0xcf8, PCI_FUNCTION | (at & 0xfc));
		for (unsigned int size = 1; size <= 4; size *= 2)
			out_sized((uint16_t)(0xcfc + at % 4), size,
				  values[i / 256]);
	}
	device_is_there(__LINE__);
	pci_put(msix, 0);
	pci_put(msi, 0);
	pci_command(6);
	for (unsigned int n = 0; n < 64; n++) {
		unsigned int at = 4 * n;
		bool own = at == 4 || (at >= BAR && at < 0x28) ||
			   (at > msi && at < msi + 24);
		uint32_t now = pci_get(at);

		CHECK(own || now == before[n], "register %x: %x, was %x", at,
		      now, before[n]);
	}
	for (unsigned int bar = BAR; bar < 0x28; bar += 4) {
		pci_put(bar, 0);
		CHECK_EQ(pci_get(bar), before[bar / 4]);
	}
}

int main(void)
{
	long port[2];

	for (unsigned int i = 0; i < 2; i++) {
		port[i] = event_bind_any((domid_t)(2 + i), 10 * SECOND);
		CHECK(port[i] > 0, "%ld", port[i]);
	}
	apic_enable();
	for (unsigned int vector = 0x20; vector < 0x100; vector++)
		if (vector != VECTOR_EVENT && vector != VECTOR_USER)
			trap_set_handler(vector, on_vector);
	if (!CHECK_EQ(pci_get(0), E1000E) || test_failures())
		test_end();
	pci_command(6);
	registers = pci_get(BAR);
	table = pci_get(BAR_TABLE);
	page = page_alloc();
	page[0] = PATTERN;
	*mmio(registers + SCRATCH) = PATTERN;
	regions_stay();
	ports_beside();
	messages_stay_inside();
	functions_of_others();
	every_register();
	for (unsigned int i = 0; i < 2; i++)
		event_send((evtchn_port_t)port[i]);
	test_verdict();
	clock_sleep(2 * LOG_PAUSE);
	/* No plain move of a word: that is the end. */
	*(volatile uint8_t *)table = 0;
	test_error("it lives");
}
