/* SPDX-License-Identifier: MIT */
/*
 * The boot allocator against a map of every frame: whatever is asked in
 * whatever order, nothing is handed out twice or from where it must not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/mock/mock.h"
#include "core/arch.h"
#include "core/world.h"
#include "launch/boot_alloc.h"

#define FRAMES	(64u * 256u)

static struct boot_info boot;
static uint8_t taken[FRAMES];		/* 1 handed out, 2 never to be */

static void forbid(uint64_t start, uint64_t end)
{
	for (uint64_t n = start >> PAGE_SHIFT; n << PAGE_SHIFT < end; n++)
		taken[n] = 2;
}

/* 64 MiB with a hole, an odd piece, two VMM ranges and four modules. */
static int start(void **state)
{
	static const uint64_t module[4][2] = {
		{ 0x200000, 0x1001 }, { 0x202000, 0x3000 },
		{ 0x1234000, 0x345678 }, { 0x3fff000, 0x1000 },
	};

	(void)state;
	mock_start(FRAMES);
	memset((void *)MOCK_ARENA, 0xa5, FRAMES * (size_t)PAGE_SIZE);
	memset(&world, 0, sizeof(world));
	memset(taken, 2, sizeof(taken));
	boot = (struct boot_info){
		.ram = { { 0, 0x9f000 }, { 0x100000, 0x1801000 },
			 { 0x1c03000, 0x1c08000 }, { 0x2001000, 0x4000000 } },
		.ram_count = 4,
		.vmm = { { 0, 0x100000 }, { 0x100000, 0x1ff123 } },
		.vmm_count = 2,
		.module_count = 4,
	};
	for (unsigned int i = 1; i < boot.ram_count; i++)
		for (uint64_t n = boot.ram[i].start; n < boot.ram[i].end;
		     n += PAGE_SIZE)
			taken[n >> PAGE_SHIFT] = 0;
	forbid(0, 0x1ff123);
	for (unsigned int i = 0; i < 4; i++) {
		boot.module[i].address = module[i][0];
		boot.module[i].size = module[i][1];
		forbid(module[i][0], module[i][0] + module[i][1]);
	}
	boot_alloc_init(&boot);
	return 0;
}

static void claim(uint64_t mfn, uint64_t count, uint16_t owner,
		  enum frame_kind kind)
{
	for (uint64_t n = mfn; n < mfn + count; n++) {
		assert_true(n < FRAMES);
		assert_int_equal(taken[n], 0);
		assert_int_equal(world.partition.frame[n].owner, owner);
		assert_int_equal(world.partition.frame[n].kind, kind);
		taken[n] = 1;
	}
}

static uint64_t left(void)
{
	uint64_t count = 0;

	for (uint64_t n = 0; n < FRAMES; n++)
		count += taken[n] == 0;
	return count;
}

static uint64_t frame_of(const void *p)
{
	return ((uint64_t)(uintptr_t)p - MOCK_ARENA) >> PAGE_SHIFT;
}

/* Its own table is where it may be, and of what kind each frame is. */
static void claim_frame_table(void)
{
	uint64_t bytes = world.partition.frame_count * sizeof(struct frame);

	claim(frame_of(world.partition.frame),
	      ROUND_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT, 0, FRAME_VMM);
}

static void random_requests_never_overlap(void **state)
{
	static const unsigned int orders[] = { 0, 0, 0, 3, ORDER_2M };

	(void)state;
	for (unsigned int seed = 1; seed <= 40; seed++) {
		srand(seed);
		start(NULL);
		claim_frame_table();
		for (unsigned int i = 0; i < 400; i++) {
			unsigned int order = orders[rand() % 5];
			uint64_t unit = BIT64(order);
			uint64_t min = unit * (uint64_t)(1 + rand() % 2);
			uint64_t max = min + (uint64_t)(rand() % 700);
			struct run run = boot_take(min, max, order, 7,
						   FRAME_RAM);

			if (!run.count)
				continue;
			assert_in_range(run.count, min, max);
			assert_int_equal(run.count % unit, 0);
			assert_int_equal(run.mfn.n % unit, 0);
			claim(run.mfn.n, run.count, 7, FRAME_RAM);
			assert_int_equal(boot_free_frames(), left());
		}
	}
}

#define assert_refused(call) \
	do { \
		jmp_buf stop; \
\
		mock.panic_to = &stop; \
		if (setjmp(stop) == 0) { \
			(void)(call); \
			fail_msg("there was room"); \
		} \
		mock.panic_to = NULL; \
		assert_string_equal(mock.panic, "launch:0: there is no " \
				    "memory for the tables of all"); \
	} while (0)

static void every_free_frame_can_be_had(void **state)
{
	(void)state;
	claim_frame_table();
	for (;;) {
		struct run run = boot_take(1, 1, 0, 3, FRAME_POOL);

		if (!run.count)
			break;
		claim(run.mfn.n, 1, 3, FRAME_POOL);
	}
	assert_int_equal(left(), 0);
	assert_int_equal(boot_free_frames(), 0);
	boot_alloc_for("all");
	assert_refused(boot_alloc_pages(1));
	assert_refused(boot_alloc(5000));
}

static void tables_are_zeroed_aligned_and_apart(void **state)
{
	static uint8_t *table[500];
	static size_t size[500];

	(void)state;
	srand(3);
	for (unsigned int i = 0; i < 500; i++) {
		size[i] = (size_t)(rand() % (i % 10 ? 300 : 9000));
		table[i] = i % 7 ? boot_alloc(size[i])
				 : boot_alloc_pages(size[i]);
		assert_non_null(table[i]);
		assert_int_equal((uintptr_t)table[i] % 64, 0);
		for (size_t k = 0; k < size[i]; k++)
			assert_int_equal(table[i][k], 0);
		assert_int_equal(taken[frame_of(table[i])], 0);
		memset(table[i], (int)(i | 1) & 0xff, size[i]);
	}
	for (unsigned int i = 0; i < 500; i++)
		for (size_t k = 0; k < size[i]; k++)
			assert_int_equal(table[i][k], (i | 1) & 0xff);
}

static void each_frame_has_its_kind_from_the_start(void **state)
{
	(void)state;
	claim_frame_table();
	for (uint64_t n = 0; n < FRAMES; n++) {
		enum frame_kind kind = world.partition.frame[n].kind;

		assert_int_equal(world.partition.frame[n].owner, 0);
		if (taken[n] == 0)
			assert_int_equal(kind, FRAME_VMM);
		else if (taken[n] == 2)
			assert_true(kind == FRAME_VMM || kind == FRAME_HOLE);
	}
	assert_int_equal(world.partition.frame[0x1ff].kind, FRAME_VMM);
	assert_int_equal(world.partition.frame[0xa0].kind, FRAME_HOLE);
	assert_int_equal(world.partition.frame[0x1802].kind, FRAME_HOLE);
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_requests_never_overlap),
		TEST(every_free_frame_can_be_had),
		TEST(tables_are_zeroed_aligned_and_apart),
		TEST(each_frame_has_its_kind_from_the_start),
	};

	return cmocka_run_group_tests_name("boot_alloc", tests, NULL, NULL);
}
