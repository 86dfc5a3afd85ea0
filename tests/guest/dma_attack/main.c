/* SPDX-License-Identifier: MIT */
/*
 * A driver VM has its device copy to and from the whole machine: the VMM, a
 * neighbour, registers, local APICs. In its own memory it works, messages
 * included; everywhere else nothing is read, nothing is written. Without an
 * IOMMU (base=, where its memory is in the machine) the same steps read and
 * write the neighbour: this test bites.
 * Guards against: DMA past the nested page tables; a forged message.
 */
#include "edu.h"

#define VECTOR		0x60u
#define MACHINE		0x10000000ull	/* all RAM of it */
#define STEP		0x400000ull
#define CANARY		0x5ec4e75ec4e7ull
#define EVIL		0xbadbadbadbadull
#define HALF		(PAGE_SIZE / 2)	/* the device takes no whole page */

static volatile uint64_t interrupts, strays;
static uint64_t *page;
static bool protected;

static void on_message(struct trap_frame *f)
{
	(void)f;
	interrupts++;
	apic_eoi();
}

static void on_stray(struct trap_frame *f)
{
	(void)f;
	strays++;
	apic_eoi();
}

static void own_memory_works(void)
{
	uint64_t *from = page_alloc(), *to = page_alloc();

	for (unsigned int i = 0; i < HALF / 8; i++)
		from[i] = test_random();
	edu_copy(edu_base + page_gpa(from), EDU_BUFFER, HALF, EDU_INTERRUPT);
	CHECK_EQ(interrupts, 1);
	CHECK_EQ(*edu_register(EDU_RAISED), 0x100);
	*edu_register(EDU_ACK) = 0x100;
	edu_copy(EDU_BUFFER, edu_base + page_gpa(to), HALF,
		 EDU_TO_MEMORY);
	for (unsigned int i = 0; i < HALF / 8; i++)
		if (!CHECK_EQ(to[i], from[i], "word %u: is base= right?", i))
			break;
}

/* One address; whether the neighbour's secret was there. */
static bool attack(uint64_t address, bool write)
{
	bool found;

	page[0] = page[1] = ~0ull;
	edu_read(address, page, 16);
	found = page[0] == CANARY;
	if (!CHECK(!protected || (page[0] | page[1]) == 0 ||
		   (page[0] & page[1]) == ~0ull, "%lx: read %lx", address,
		   page[0]))
		return found;
	page[0] = page[1] = EVIL;
	if (write || found)
		edu_write(address, page, 16);
	return found;
}

/* From below the device's memory map on; where nothing of ours is. */
static bool attack_machine(void)
{
	static const uint64_t special[] = {
		0xfec00000, 0xfed00000, 0xfed80000, 0xfee00300, 0xfeb00000,
		0xf0000000, 0xb0000000, 0x100000000, 0xffffff000,
		0x10000000000, 0x7ffffffff000,
	};
	uint64_t step = boot_number("step", STEP);
	bool found = false;

	for (uint64_t at = 4 * STEP; at < MACHINE && !found; at += step)
		found = attack(at + 0x1230, protected);
	for (unsigned int i = 0; protected &&
	     i < sizeof(special) / sizeof(special[0]); i++)
		attack(special[i], true);
	return found;
}

static void send(uint64_t address, uint64_t data)
{
	page[0] = data;
	edu_copy(page_gpa(page), EDU_BUFFER, 4, 0);
	edu_copy(EDU_BUFFER, address, 4, EDU_TO_MEMORY);
}

/*
 * VT-d has one table for all devices; 0 to 7 are ours, 8 to 15 a neighbour's.
 * QEMU's does not know who sends what is written by DMA, and so cannot refuse
 * the neighbour's: those are tried only by what the device sends by itself.
 */
static void forge_indices(void)
{
	unsigned int msi = pci_get(0x34) & 0xfc;
	uint64_t before = interrupts;

	for (uint64_t index = 16; index < 0x8000; index *= 2)
		send(0xfee00018 | index << 5, 0);
	send(0xfee00018, 16);
	CHECK_EQ(interrupts, before);
	for (uint32_t index = 8; index < 16; index++) {
		pci_put(msi + 4, 0xfee00018 | index << 5);
		*edu_register(EDU_RAISE) = 1;
		for (unsigned int i = 0; i < 1000 && interrupts == before; i++)
			clock_sleep(MILLISECOND);
		CHECK_EQ(interrupts, ++before);
		*edu_register(EDU_ACK) = 1;
	}
	pci_put(msi + 4, 0xfee00000);
}

/* Any data to any address of the local APICs' range: own vectors at most. */
static void forge_messages(void)
{
	uint64_t before = interrupts;

	for (unsigned int vector = 0x20; vector < 0x100; vector++)
		if (vector != VECTOR && vector != VECTOR_EVENT)
			trap_set_handler(vector, on_stray);
	for (uint64_t data = 0x30; data < 0x100; data += 0x11)
		send(0xfee00000, data);
	CHECK_EQ(interrupts, before);
	if (boot_number("indices", 0))
		forge_indices();
	CHECK_EQ(strays, 0);
}

int main(void)
{
	long port = event_bind_any(test_peer(), 10 * SECOND);

	edu_base = boot_number("base", 0);
	protected = !edu_base;
	apic_enable();
	trap_set_handler(VECTOR, on_message);
	page = page_alloc();
	if (!CHECK(port > 0, "%ld", port) || !edu_init(VECTOR))
		test_end();
	own_memory_works();
	CHECK_EQ(attack_machine(), !protected);
	if (protected) {
		forge_messages();
		interrupts = 0;
		own_memory_works();
	}
	for (unsigned int i = 0; i < 2; i++) {
		event_send((evtchn_port_t)port);
		clock_sleep(100 * MILLISECOND);
	}
	test_end();
}
