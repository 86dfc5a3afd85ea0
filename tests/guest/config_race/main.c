/* SPDX-License-Identifier: MIT */
/*
 * Both processors of a driver VM write everything at once, the same registers
 * of the same functions, with messages and DMA under way, while the VM ends
 * again and again. A neighbour notices nothing, and in its last life the VM
 * finds its devices as in the first.
 * Guards against: a register, an entry of the IOMMU's or a message of which
 * two processors of the machine write half each; an end amid all that.
 */
#include "edu.h"

#define SECOND_FUNCTION	0x80001000u
#define E1000E		0x10d38086u
#define VECTOR		0x60u
#define LIFE		0x04u		/* keeps its complement over an end */
#define LIVES		5u
#define STEPS		1000u

static volatile uint64_t messages;
static volatile uint32_t *table, *edu;
static uint64_t *page;

static void on_message(struct trap_frame *f)
{
	(void)f;
	messages++;
	apic_eoi();
}

static void step(uint64_t *state)
{
	uint64_t r = *state = *state * 6364136223846793005ull + 1442695ull;
	uint32_t value = (uint32_t)(r >> 20);
	uint32_t at = (uint32_t)(r >> 52) & 0xff;

	switch (r >> 60) {
	case 0: case 1: case 2:
		out32(0xcf8, (r & 1u << 20 ? PCI_FUNCTION : SECOND_FUNCTION) |
		      at);
		break;
	case 3:
		out32(0xcfc, value);
		break;
	case 4:
		out16(0xcfc, 6);
		break;
	case 5:
		out8((uint16_t)(0xcfc + at % 4), (uint8_t)value);
		break;
	case 6:
		in32(0xcfc);
		break;
	case 7:
		pci_command((uint16_t)value);
		break;
	case 8: case 9:
		table[at] = value;
		break;
	case 10:
		(void)table[at];
		break;
	case 11:
		if (!(edu[EDU_GO / 4] & 1))
			edu_start(r & 2 ? page_gpa(page) : value, EDU_BUFFER,
				  16, EDU_INTERRUPT);
		break;
	default:
		edu[EDU_RAISE / 4] = 1;
	}
}

static void race(uint64_t seed, unsigned int steps)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15ull;

	for (unsigned int i = 0; i < steps; i++)
		step(&state);
}

static void race_for_ever(unsigned int cpu)
{
	for (uint64_t seed = cpu;; seed += 2)
		race(seed ^ clock_now(), STEPS);
}

static void last_life(void)
{
	long port = event_bind_any(test_peer(), 10 * SECOND);

	CHECK(edu_init(VECTOR));
	*edu_register(EDU_RAISE) = 1;
	for (unsigned int i = 0; i < 1000 && !messages; i++)
		clock_sleep(MILLISECOND);
	CHECK(messages);
	if (CHECK(port > 0, "%ld", port))
		event_send((evtchn_port_t)port);
	test_end();
}

int main(void)
{
	static const unsigned int ends[] = {
		SHUTDOWN_crash, SHUTDOWN_reboot, SHUTDOWN_watchdog
	};
	uint32_t life;

	apic_enable();
	for (unsigned int vector = 0x20; vector < 0x100; vector++)
		if (vector != VECTOR_EVENT && vector != VECTOR_USER)
			trap_set_handler(vector, on_message);
	page = page_alloc();
	pci_command(6);
	edu = edu_register(0);
	life = edu[LIFE / 4];
	out32(0xcf8, SECOND_FUNCTION);
	CHECK_EQ(in32(0xcfc), E1000E, "life %u", life);
	out32(0xcf8, SECOND_FUNCTION | 0x1c);
	table = (volatile uint32_t *)(uint64_t)in32(0xcfc);
	out32(0xcf8, SECOND_FUNCTION | 4);
	out16(0xcfc, 6);
	CHECK(edu_init(VECTOR), "life %u", life);
	if (test_failures())
		test_end();
	if (life == LIVES)
		last_life();
	CHECK(smp_start(1, race_for_ever));
	race(life, STEPS);
	edu[LIFE / 4] = ~(life + 1);
	power_end(ends[life % ARRAY_SIZE(ends)]);
}
