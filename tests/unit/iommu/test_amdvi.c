/* SPDX-License-Identifier: MIT */
/* AMD-Vi: what is in its tables, when it is told, what it reports. */
#include "hardware.h"
#include "iommu/amdvi.h"

#define BDF	0x28u
#define NUMBER	1u

static uint64_t *entry_of(uint32_t bdf)
{
	uint64_t (*table)[4] = phys_ptr(hardware_read64(0, REG_DEVICE_TABLE) &
					~0xfffull);

	return table[bdf];
}

static void add_unit(uint8_t type, uint64_t address)
{
	struct amdvi_block b = { .type = type, .size = 24,
				 .address = address };
	uint8_t rest[8] = { 0 };

	hardware_table(&b, sizeof(b));
	hardware_table(rest, sizeof(rest));
}

static void add_memory(uint8_t type, uint16_t first, uint16_t last)
{
	struct amdvi_block b = { .type = type, .size = 32, .id = first,
				 .last_id = last };
	uint8_t rest[16] = { 0 };

	hardware_table(&b, sizeof(b));
	hardware_table(rest, sizeof(rest));
}

static int setup(void **state)
{
	(void)state;
	hardware_reset(false);
	add_unit(0x10, 0x10000);
	add_unit(0x11, 0x10000);
	add_unit(0x11, 0x20000);
	iommu_init();
	hardware_forget();
	return 0;
}

static void without_a_table_nothing_is_confined(void **state)
{
	struct arch_dma_fault fault;

	(void)state;
	hardware_reset(false);
	hw.table_name = NULL;
	iommu_init();
	assert_string_equal(arch_iommu_lacks(BDF), "it has no IOMMU");
	arch_device_attach(NUMBER, BDF, &owner);
	assert_int_equal(arch_device_message(NUMBER, 2, 0).address,
			 0xfee00000 | 3 << 12);
	assert_false(arch_iommu_fault(&fault));
	assert_int_equal(hw.looks, 0);
}

static void every_function_is_blocked_from_the_start(void **state)
{
	(void)state;
	assert_int_equal(unit_count, 2);
	assert_string_equal(hw.log, "IOMMU: AMD-Vi, units: 2; all DMA is "
				    "blocked");
	for (uint32_t bdf = 0; bdf < BIT32(16); bdf++) {
		const uint64_t *e = entry_of(bdf);

		/* Valid, translated by an empty table, neither IR nor IW. */
		assert_int_equal(e[0] & (BIT64(61) | BIT64(62) | 0xfff), 0x203);
		assert_int_equal(e[2], 1);
	}
	for (unsigned int u = 0; u < 2; u++) {
		assert_int_equal(hardware_read64(u, REG_DEVICE_TABLE),
				 hardware_read64(0, REG_DEVICE_TABLE));
		assert_int_equal(hardware_read64(u, REG_DEVICE_TABLE) & 0xfff,
				 511);
		assert_int_equal(hardware_read64(u, REG_CONTROL), CONTROL_ON);
	}
	assert_null(arch_iommu_lacks(BDF));
}

static void an_owner_opens_one_function_and_closes_it(void **state)
{
	uint64_t *e = entry_of(BDF);

	(void)state;
	arch_device_attach(NUMBER, BDF, &owner);
	assert_int_equal(e[0], 0x12345ull << 12 | 4u << 9 | 3 | BIT64(61) |
				       BIT64(62));
	assert_int_equal(e[1], owner.id);
	assert_int_equal(e[2] & 0xf00000000000007f, 0x2000000000000007);
	assert_int_equal(entry_of(BDF + 1)[0] & BIT64(61), 0);
	for (unsigned int u = 0; u < 2; u++) {
		assert_int_equal(hw.told_count[u], 3);
		assert_int_equal(hw.told[u][0][0], 2ull << 60 | BDF);
		assert_int_equal(hw.told[u][1][0], 5ull << 60 | BDF);
		assert_int_equal(hw.told[u][2][0], 3ull << 60 | 5ull << 32);
	}
	hardware_forget();
	arch_device_attach(NUMBER, BDF, NULL);
	assert_int_equal(e[0] & (BIT64(61) | BIT64(62) | 0xfff), 0x203);
	assert_int_equal(e[2], 1);
	/* Pages of the one that it had. */
	assert_int_equal(hw.told[1][2][0], 3ull << 60 | 5ull << 32);
}

static void a_message_is_one_of_its_device(void **state)
{
	struct arch_message m = arch_device_message(NUMBER, 2, 0);
	const uint32_t *table;

	(void)state;
	arch_device_attach(NUMBER, BDF, &owner);
	table = (uint32_t *)((entry_of(BDF)[2] & 0xfffffffffff80ull) +
			     IMAGE_BASE);
	assert_int_equal(m.address, MSI_ADDRESS);
	assert_int_equal(m.data, 2);
	assert_int_equal(table[2], (VECTOR_DEVICE + 10) << 16 | 3 << 8 | 1);
	assert_int_equal(table[3], 0);
}

static void a_flush_returns_when_both_units_are_done(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		hardware_forget();
		hw.patience = i % 3 * 10;
		iommu_flush(&owner);
		assert_true(hw.looks > hw.patience);
		assert_int_equal(hw.waits, 2);
		for (unsigned int u = 0; u < 2; u++) {
			assert_int_equal(hw.told_count[u], 1);
			assert_int_equal(hw.told[u][0][0],
					 3ull << 60 | 5ull << 32);
			assert_int_equal(hw.told[u][0][1], INT64_MAX - 0xffc);
		}
	}
}

static void a_unit_that_does_not_answer_stops_the_machine(void **state)
{
	(void)state;
	hw.dead = hw.expect_panic = true;
	if (!setjmp(hw.panic)) {
		iommu_flush(&owner);
		fail_msg("a frame could change its owner");
	}
}

static void events_are_reported_once_each(void **state)
{
	struct arch_dma_fault fault;

	(void)state;
	for (unsigned int i = 0; i < 2 * RING_ENTRIES + 1; i++) {
		struct unit *u = &unit[i % 2];
		uint64_t *event = u->event[u->head];

		event[1] = 0x1000 * i;
		event[0] = 2ull << 60 | 0x100000028;
		assert_true(arch_iommu_fault(&fault));
		assert_int_equal(fault.bdf, BDF);
		assert_int_equal(fault.address, 0x1000 * i);
		assert_int_equal(*hardware_register(i % 2, REG_EVENT_HEAD),
				 u->head * 16);
		assert_false(arch_iommu_fault(&fault));
	}
}

static void a_full_log_starts_again(void **state)
{
	struct arch_dma_fault fault;

	(void)state;
	unit[0].head = 7;
	*hardware_register(0, REG_EVENT_TAIL) = 0x70;
	*hardware_register(0, REG_STATUS) = STATUS_OVERFLOW;
	assert_false(arch_iommu_fault(&fault));
	assert_int_equal(unit[0].head, 0);
	assert_int_equal(*hardware_register(0, REG_EVENT_TAIL), 0);
	assert_int_equal(hardware_read64(0, REG_CONTROL), CONTROL_ON);
}

static void memory_of_firmware_is_refused_by_function(void **state)
{
	(void)state;
	hardware_reset(false);
	add_unit(0x10, 0x10000);
	add_memory(0x21, 0xe8, 0);
	add_memory(0x22, 0xf0, 0xf2);
	iommu_init();
	for (uint16_t bdf = 0; bdf < 256; bdf++) {
		if (bdf == 0xe8 || (bdf >= 0xf0 && bdf <= 0xf2))
			assert_non_null(strstr(arch_iommu_lacks(bdf),
					       "firmware wants"));
		else
			assert_null(arch_iommu_lacks(bdf));
	}
	add_memory(0x20, 0, 0);
	unit_count = 0;
	iommu_init();
	assert_non_null(arch_iommu_lacks(BDF));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_table_nothing_is_confined),
		TEST(every_function_is_blocked_from_the_start),
		TEST(an_owner_opens_one_function_and_closes_it),
		TEST(a_message_is_one_of_its_device),
		TEST(a_flush_returns_when_both_units_are_done),
		TEST(a_unit_that_does_not_answer_stops_the_machine),
		TEST(events_are_reported_once_each),
		TEST(a_full_log_starts_again),
		TEST(memory_of_firmware_is_refused_by_function),
	};

	return cmocka_run_group_tests_name("amdvi", tests, NULL, NULL);
}
