/* SPDX-License-Identifier: MIT */
/*
 * A driver VM has its device copy to and from the whole machine: the VMM,
 * every neighbour, registers, local APICs. In its own memory it works,
 * messages included; everywhere else nothing is read, nothing is written.
 * Without an IOMMU (base=, where its memory is in the machine) the same steps
 * read and write the VMM and both neighbours: this test bites.
 * Guards against: DMA past the nested page tables; a forged message.
 */
#include "edu.h"

#define VECTOR		0x60u
#define MACHINE		0x10000000ull	/* all RAM of it */
#define STEP		0x800000ull
#define VMM		0x100000ull	/* its image, which begins with: */
#define VMM_MAGIC	0x1badb002u
#define VMM_DATA	0x200000ull	/* in it: what it writes */
#define CANARY		0x5ec4e75ec4e0ull	/* plus the VM's number */
#define VICTIMS		2u		/* the VMs from number 2 on */
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

/* One address; the number of the neighbour whose secret was there, or 0. */
static unsigned int attack(uint64_t address, unsigned int found)
{
	uint64_t who;

	page[0] = page[1] = ~0ull;
	edu_read(address, page, 16);
	who = page[0] - CANARY;
	if (who < 2 || who >= 2 + VICTIMS)
		who = 0;
	if (!CHECK(!protected || (page[0] | page[1]) == 0 ||
		   (page[0] & page[1]) == ~0ull, "%lx: read %lx", address,
		   page[0]))
		return 0;
	page[0] = page[1] = EVIL;
	if (protected || (who && !(found & 1u << who)))
		edu_write(address, page, 16);
	return (unsigned int)who;
}

/* From below the device's memory map on; where nothing of ours is. */
static unsigned int attack_machine(void)
{
	static const uint64_t special[] = {
		0xfec00000, 0xfed00000, 0xfed80000, 0xfee00300, 0xfeb00000,
		0xf0000000, 0xb0000000, 0x100000000, 0xffffff000,
		0x10000000000, 0xfdf8000000, 0xfdfe000000, 0x7ffffffff000,
	};
	uint64_t step = boot_number("step", STEP);
	unsigned int found = 0;

	for (uint64_t at = 2 * STEP; at < MACHINE; at += step)
		found |= 1u << attack(at + 0x1230, found);
	for (unsigned int i = 0; protected &&
	     i < sizeof(special) / sizeof(special[0]); i++)
		attack(special[i], 0);
	return found & ~1u;
}

/*
 * The VMM, where its image is in the machine: for the device that is its VM's
 * own memory. Without an IOMMU it is the VMM's, of which only what it needs
 * no more can be written here.
 */
static void attack_vmm(void)
{
	volatile uint64_t *own = (volatile uint64_t *)VMM, old[2] = { own[0],
								own[1] };

	edu_read(VMM, page, 16);
	CHECK_EQ((uint32_t)page[0] == VMM_MAGIC, !protected);
	CHECK(!protected || (page[0] == old[0] && page[1] == old[1]));
	page[0] = page[1] = EVIL;
	edu_write(VMM, page, 16);
	CHECK_EQ(own[0] == EVIL && own[1] == EVIL, protected);
	own[0] = old[0];
	own[1] = old[1];
	page[0] = 0;
	edu_read(VMM, page, 16);
	CHECK_EQ(page[0] == EVIL, !protected);
	if (!protected)
		return;
	own = (volatile uint64_t *)VMM_DATA;
	CHECK(memory_rest_start() <= VMM_DATA, "%lx", memory_rest_start());
	page[0] = page[1] = EVIL;
	edu_write(VMM_DATA, page, 16);
	CHECK_EQ(own[0], EVIL);
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

/* AMD-Vi's table for a device has 8 entries; a neighbour's may follow. */
static void forge_past_the_table(void)
{
	uint64_t before = interrupts;

	for (uint64_t data = 8; data < 0x800; data *= 2)
		send(0xfee00000, data);
	CHECK_EQ(interrupts, before);
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
	else
		forge_past_the_table();
	CHECK_EQ(strays, 0);
}

int main(void)
{
	long port[VICTIMS];

	for (unsigned int i = 0; i < VICTIMS; i++) {
		port[i] = event_bind_any((domid_t)(2 + i), 10 * SECOND);
		CHECK(port[i] > 0, "%ld", port[i]);
	}
	edu_base = boot_number("base", 0);
	protected = !edu_base;
	apic_enable();
	trap_set_handler(VECTOR, on_message);
	page = page_alloc();
	if (test_failures() || !edu_init(VECTOR))
		test_end();
	own_memory_works();
	attack_vmm();
	CHECK_EQ(attack_machine(), protected ? 0 : ((1u << VICTIMS) - 1) << 2);
	if (protected) {
		forge_messages();
		interrupts = 0;
		own_memory_works();
	}
	for (unsigned int i = 0; i < VICTIMS; i++)
		event_send((evtchn_port_t)port[i]);
	test_end();
}
