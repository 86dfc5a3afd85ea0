/* SPDX-License-Identifier: MIT */
/*
 * One VM tries every guest-physical frame up to 4 GiB and samples up to 2^52:
 * all of them through the hypervisor (grant copies name frames), a selection
 * by touching them. A touch may fault, read a constant or crash the VM, which
 * is restarted and goes on with the next; a page of the other VM's keeps the
 * place. That other VM has filled its memory with a word that must neither be
 * seen nor changed.
 * Guards against: nested mappings that are too large, wrap, or leak frames
 * that nobody owns.
 */
#include "test.h"

#define SECRET		0x5ec2e7a5u
#define BATCH		128u
#define DONE		0xd02eu

static uint32_t page[1024] __attribute__((aligned(4096)));
static struct gnttab_copy op[BATCH];
static unsigned int filled;

static bool is_named(uint64_t gpa)
{
	for (unsigned int i = 0; i < boot.memmap_count; i++)
		if (gpa >= boot.memmap[i].addr &&
		    gpa - boot.memmap[i].addr < boot.memmap[i].size)
			return true;
	return false;
}

static void frames_try(void)
{
	if (!filled)
		return;
	CHECK_EQ(grant_op(GNTTABOP_copy, op, filled), 0);
	for (unsigned int i = 0; i < filled; i++) {
		uint64_t gfn = op[i].source.u.gmfn;
		bool near = gfn < 1ull << 40;
		bool own = near && memory_is_ram(gfn << PAGE_SHIFT) &&
			   gfn != (uint64_t)xen_shared_page >> PAGE_SHIFT;

		/* ACPI tables and rings are ours too; readable or not. */
		if (near && !own && is_named(gfn << PAGE_SHIFT))
			continue;
		CHECK((op[i].status == GNTST_okay) == own,
		      "frame %lx: status %d", gfn, op[i].status);
	}
	filled = 0;
}

static void frame_add(uint64_t gfn)
{
	op[filled] = (struct gnttab_copy){
		.source = { .u.gmfn = gfn, .domid = DOMID_SELF },
		.dest = { .u.gmfn = (uint64_t)page >> PAGE_SHIFT,
			  .domid = DOMID_SELF },
		.len = 16, .status = 1,
	};
	if (++filled == BATCH)
		frames_try();
}

static void sweep(void)
{
	for (uint64_t gfn = 0; gfn < 0x40000; gfn++)
		frame_add(gfn);
	for (uint64_t gfn = 0x40000; gfn < 0x100000; gfn += 16)
		frame_add(gfn);
	for (unsigned int bit = 20; bit < 64; bit++) {
		frame_add(1ull << bit);
		frame_add((1ull << bit) + 0x100);
		frame_add((1ull << bit) - 1);
	}
	for (unsigned int i = 0; i < 10000; i++) {
		uint64_t gfn = test_random() & ((1ul << 28) - 1);

		if (!is_named(gfn << PAGE_SHIFT))
			frame_add(gfn);
	}
	frames_try();
}

/* Where touch number i goes: ends of RAM, powers of two, and the last bit. */
static uint64_t target(unsigned int i)
{
	static const uint64_t odd[] = { 0x800000, 0x801000, 0xa00000,
					0x9ff000, 0x2000000, 0xfffff000,
					0xfee00000, 0xfec00000, 0xfed00000,
					0xb0000000 };

	if (i < ARRAY_SIZE(odd))
		return odd[i];
	i -= (unsigned int)ARRAY_SIZE(odd);
	return i < 18 ? 1ull << (23 + i) : 0;
}

/* The victim's page under ref 8 tells how far we are; 0: no word yet. */
static uint32_t place(uint16_t to_victim, uint32_t value)
{
	struct gnttab_copy c = { .len = 4, .status = 1 };
	uint64_t end = clock_now() + 10 * SECOND;
	int status;

	page[0] = value;
	c.source.u.gmfn = c.dest.u.gmfn = (uint64_t)page >> PAGE_SHIFT;
	c.source.domid = c.dest.domid = DOMID_SELF;
	if (to_victim) {
		c.dest.u.ref = GRANT_FIRST;
		c.dest.domid = test_peer();
		c.flags = GNTCOPY_dest_gref;
	} else {
		c.source.u.ref = GRANT_FIRST;
		c.source.domid = test_peer();
		c.flags = GNTCOPY_source_gref;
	}
	while ((status = grant_copy(&c)) != GNTST_okay && clock_now() < end)
		clock_sleep(MILLISECOND);
	CHECK_EQ(status, GNTST_okay);
	return page[0];
}

static void touch(uint64_t gpa, bool write)
{
	volatile uint32_t *at = page_window(gpa);
	uint32_t value = 0;

	if (write)
		probe_write32(at, 0xbadbad00);
	else if (!probe_read32(at, &value))
		CHECK(value == ~0u || value == 0, "%x at %lx", value, gpa);
}

_Noreturn static void attack(void)
{
	uint32_t next = place(0, 0);

	if (next == 1)
		sweep();
	for (; !test_failures() && target(next / 2); next++) {
		place(1, next + 1);
		if (!is_named(target(next / 2)))
			touch(target(next / 2), next & 1);
	}
	place(1, DONE);
	test_end();
}

_Noreturn static void defend(void)
{
	uint32_t *from, *to, *counter = page_alloc();
	uint64_t end = clock_now() + 50 * SECOND;

	CHECK(grant_init(1));
	from = (uint32_t *)memory_rest_start();
	to = (uint32_t *)memory_rest_end();
	for (uint32_t *at = from; at < to; at++)
		*at = SECRET;
	counter[0] = 1;
	grant_offer(GRANT_FIRST, test_peer(), (uint64_t)counter >> PAGE_SHIFT,
		    0);
	while (READ_ONCE(counter[0]) != DONE && clock_now() < end)
		clock_sleep(5 * MILLISECOND);
	CHECK_EQ(counter[0], DONE);
	for (uint32_t *at = from; at < to; at++)
		if (!CHECK(*at == SECRET, "%x at %p", *at, (void *)at))
			break;
	test_end();
}

int main(void)
{
	if (test_role("attacker"))
		attack();
	defend();
}
