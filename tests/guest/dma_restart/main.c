/* SPDX-License-Identifier: MIT */
/*
 * A driver VM attacks in each of its lives: with DMA of its own time, with DMA
 * that is under way when it ends, and with what its device was told in the
 * life before. The device cannot be reset and so remembers which life it is.
 * Without an IOMMU (base=) the first and the last succeed; the one under way
 * does not, as an end takes the device's right to the bus, too.
 * Guards against: DMA between two lives, or into memory of the next.
 */
#include "edu.h"

#define VECTOR	0x60u
#define LIFE	0x04u		/* a register that keeps its complement */
#define CANARY	0x5ec4e75ec4e2ull
#define EVIL	0xbadbadbadbadull
#define MARK	(4ull << 20)	/* own memory that no life writes itself */

static uint64_t target;		/* the neighbour's, in the machine */
static uint64_t *page;
static bool protected;

/* Fill the device's buffer, then send it there; it takes 0.1 s. */
static void shoot(uint64_t at)
{
	page[0] = page[1] = EVIL;
	edu_copy(edu_base + page_gpa(page), EDU_BUFFER, 16, 0);
	edu_start(EDU_BUFFER, at, 16, EDU_TO_MEMORY);
}

/* What the device finds there: 0 if nothing. */
static uint64_t look(uint64_t at)
{
	page[0] = page[1] = 0;
	edu_read(at, page, 16);
	return page[0] == ~0ull ? 0 : page[0];
}

static void wait_idle(void)
{
	for (unsigned int i = 0; i < 200 && edu_busy(); i++)
		clock_sleep(MILLISECOND);
	CHECK(!edu_busy());
}

_Noreturn static void end(uint32_t life, unsigned int how)
{
	if (test_failures())
		test_end();
	*edu_register(LIFE) = ~(life + 1);
	power_end(how);
}

_Noreturn static void last_life(void)
{
	long port;

	/* Only "go": from where and where to are what the last life said. */
	*edu_register(EDU_GO) = 1 | EDU_TO_MEMORY;
	clock_sleep(100 * MILLISECOND);
	wait_idle();
	CHECK_EQ(look(target + 32), protected ? 0 : EVIL);
	port = event_bind_any(test_peer(), 10 * SECOND);
	if (CHECK(port > 0, "%ld", port))
		event_send((evtchn_port_t)port);
	test_end();
}

int main(void)
{
	volatile uint64_t *mark = (volatile uint64_t *)MARK;
	uint32_t life;

	edu_base = boot_number("base", 0);
	target = boot_number("target", 0);
	protected = !edu_base;
	page = page_alloc();
	if (!CHECK(edu_init(VECTOR)))
		test_end();
	CHECK(!edu_busy());
	life = *edu_register(LIFE);
	CHECK_EQ(*mark, 0, "life %u", life);
	if (life == 0) {
		CHECK_EQ(look(target), protected ? 0 : CANARY);
		shoot(target);
		wait_idle();
		CHECK_EQ(look(target), protected ? 0 : EVIL);
		shoot(edu_base + MARK);
		end(life, SHUTDOWN_crash);
	} else if (life == 1) {
		/* Nothing comes late. */
		clock_sleep(200 * MILLISECOND);
		CHECK_EQ(*mark, 0);
		shoot(target + 16);
		end(life, SHUTDOWN_reboot);
	}
	if (life == 2) {
		CHECK_EQ(look(target + 16), protected ? 0 : CANARY);
		shoot(target + 32);
		end(life, SHUTDOWN_crash);
	}
	last_life();
}
