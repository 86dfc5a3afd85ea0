/* SPDX-License-Identifier: MIT */
/* VT-d: what is in its tables, when it is told, what it reports. */
#include "hardware.h"
#include "iommu/vtd.h"

#define BDF		0x28u
#define NUMBER		1u
#define RECORDS_AT	0x220u
#define CAPABLE		(CAPABLE_NEEDED | CAPABLE_4_LEVELS | \
			 CAPABLE_3_LEVELS | 2ull << 40 | \
			 (uint64_t)RECORDS_AT / 16 << 24)
#define EXTENDED	(EXTENDED_QUEUE | EXTENDED_MESSAGES | \
			 EXTENDED_COHERENT)

static void can(unsigned int u, uint64_t capable, uint64_t extended)
{
	memcpy(&hw.regs[u][VTD_CAPABLE], &capable, 8);
	memcpy(&hw.regs[u][VTD_EXTENDED], &extended, 8);
}

static void add_unit(uint16_t segment, uint64_t address)
{
	struct dmar_block b = { DMAR_UNIT, sizeof(b), 0, segment, address };

	hardware_table(&b, sizeof(b));
}

static void prepare(void)
{
	hardware_reset(true);
	add_unit(0, 0x10000);
	add_unit(0, 0x20000);
	can(0, CAPABLE, EXTENDED);
	can(1, CAPABLE, EXTENDED);
}

static int setup(void **state)
{
	(void)state;
	prepare();
	iommu_init();
	hardware_forget();
	return 0;
}

static uint64_t *root(void)
{
	return phys_ptr(hardware_read64(0, VTD_ROOT));
}

static uint64_t *entry_of(uint32_t bdf)
{
	return (uint64_t *)phys_ptr(root()[0] & ~1ull) + 2 * bdf;
}

static uint64_t *message_of(unsigned int n)
{
	return (uint64_t *)phys_ptr(hardware_read64(0, VTD_MESSAGES) &
				    ~0xfffull) + 2 * n;
}

static void every_function_is_blocked_from_the_start(void **state)
{
	(void)state;
	assert_int_equal(unit_count, 2);
	assert_string_equal(hw.log,
			    "IOMMU: VT-d, units: 2; all DMA is blocked");
	assert_int_equal(root()[0] & 0xfff, 1);
	for (unsigned int i = 1; i < 512; i++)
		assert_int_equal(root()[i], 0);
	for (unsigned int i = 0; i < 512; i++)
		assert_int_equal(entry_of(0)[i] | message_of(0)[i], 0);
	for (unsigned int u = 0; u < 2; u++) {
		assert_int_equal(*hardware_register(u, VTD_STATUS) & STAYING,
				 STAYING);
		assert_int_equal(hardware_read64(u, VTD_ROOT),
				 hardware_read64(0, VTD_ROOT));
		assert_int_equal(hardware_read64(u, VTD_MESSAGES) & 0xfff, 7);
		assert_int_equal(*hardware_register(u, VTD_FAULT_CONTROL),
				 FAULT_MASK);
	}
	assert_null(arch_iommu_lacks(BDF));
}

static void caches_are_emptied_before_translation_starts(void **state)
{
	(void)state;
	prepare();
	hw.patience = 3;
	iommu_init();
	for (unsigned int u = 0; u < 2; u++) {
		assert_int_equal(hw.told_count[u], 3);
		assert_int_equal(hw.told[u][0][0] & 0x3f, 0x11);
		assert_int_equal(hw.told[u][1][0] & 0x1f, 0x04);
		assert_int_equal(hw.told[u][2][0] & 0x3f, 0x12);
	}
}

static void told_everything(void)
{
	for (unsigned int u = 0; u < 2; u++) {
		assert_int_equal(hw.told_count[u], 3);
		assert_int_equal(hw.told[u][0][0], 0x11);
		assert_int_equal(hw.told[u][1][0], 0x04);
		/* Reading and writing are drained. */
		assert_int_equal(hw.told[u][2][0], 0xd2);
	}
	assert_int_equal(hw.waits, 2);
	hardware_forget();
}

static void an_owner_opens_one_function_and_closes_it(void **state)
{
	uint64_t *e = entry_of(BDF);

	(void)state;
	world.device = (struct device[2]){ { .bdf = 0x10 }, { .bdf = BDF } };
	arch_device_attach(NUMBER, BDF, &owner);
	told_everything();
	assert_int_equal(e[0], 0x12345ull << 12 | 1);
	assert_int_equal(e[1], 2u << 8 | 2);	/* domain 2, 4 levels */
	assert_int_equal(entry_of(BDF + 1)[0] | entry_of(BDF - 1)[0], 0);
	arch_device_message(NUMBER, 2, 0);
	arch_device_message(NUMBER - 1, 7, 0);
	hw.patience = 20;
	arch_device_attach(NUMBER, BDF, NULL);
	assert_true(hw.looks > 20);
	told_everything();
	assert_int_equal(e[0], 0);
	assert_int_equal(message_of(10)[0], 0);
	assert_int_not_equal(message_of(7)[0], 0);
}

static void three_levels_leave_the_top_out(void **state)
{
	(void)state;
	prepare();
	can(1, CAPABLE & ~CAPABLE_4_LEVELS, EXTENDED);
	iommu_init();
	hw.top[0] = arch_npte_table(MFN(0x777), 3);
	arch_device_attach(NUMBER, BDF, &owner);
	assert_int_equal(entry_of(BDF)[0], 0x777ull << 12 | 1);
	assert_int_equal(entry_of(BDF)[1], 2u << 8 | 1);
}

/* Bits 62 and 11 are reserved; what may be read and written is in 1 and 0. */
static void its_tables_are_the_processors(void **state)
{
	const uint64_t reserved = BIT64(62) | BIT64(11);

	(void)state;
	assert_int_equal(arch_npte_table(MFN(0x777), 3) & (reserved | 3), 3);
	assert_int_equal(arch_npte_leaf(MFN(1), 1, true, 7) & reserved, 0);
	for (unsigned int kind = 0; kind < 7; kind++) {
		uint64_t leaf = arch_npte_leaf(MFN(512), 2, false, kind);

		assert_int_equal(leaf & (reserved | 0xff000 | 0x83), 0x81);
		leaf = arch_npte_leaf(MFN(1), 1, true, kind);
		assert_int_equal(leaf & (reserved | 0x83), 3);
	}
}

static void a_message_is_one_of_its_sender(void **state)
{
	struct arch_message m;

	(void)state;
	world.device = (struct device[2]){ { .bdf = 0x10 }, { .bdf = BDF } };
	m = arch_device_message(NUMBER, 2, 0);
	/* Of the remappable form; looked up at 8 + 2. */
	assert_int_equal(m.address, 0xfee00000 | 8 << 5 | 0x18);
	assert_int_equal(m.data, 2);
	assert_int_equal(message_of(10)[0], 3ull << 40 |
			 (VECTOR_DEVICE + 10) << 16 | 1);
	assert_int_equal(message_of(10)[1], BIT64(18) | BDF);
}

static void big_apic_numbers_are_told_in_full(void **state)
{
	(void)state;
	prepare();
	can(0, CAPABLE, EXTENDED | EXTENDED_X2APIC);
	can(1, CAPABLE, EXTENDED | EXTENDED_X2APIC);
	hw.x2apic = true;
	iommu_init();
	assert_int_equal(hardware_read64(1, VTD_MESSAGES) & 0xfff, 0x807);
	world.device = (struct device[2]){ { .bdf = 0x10 }, { .bdf = BDF } };
	arch_device_message(NUMBER, 0, 0);
	assert_int_equal(message_of(8)[0] >> 32, 3);
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
			assert_int_equal(hw.told[u][0][0], 2u << 16 | 0xe2);
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

static void record(unsigned int n, uint32_t reason, uint64_t address)
{
	uint32_t at = RECORDS_AT + 16 * n;

	memcpy(&hw.regs[1][at], &address, 8);
	*hardware_register(1, at + 8) = BDF;
	*hardware_register(1, at + 12) = RECORD_FAULT | reason;
	*hardware_register(1, VTD_FAULT_STATUS) = FAULT_PENDING;
}

static void faults_are_reported_once_each(void **state)
{
	struct arch_dma_fault fault;

	(void)state;
	record(2, 6, 0x123000);		/* wherever the unit began */
	for (unsigned int i = 0; i < 9; i++) {
		uint32_t *word = hardware_register(1, RECORDS_AT + 12 +
						   16 * ((i + 2) % 3));

		assert_true(arch_iommu_fault(&fault));
		assert_int_equal(fault.bdf, BDF);
		assert_int_equal(fault.address, 0x123000 + 0x1000 * i);
		assert_int_equal(*word, RECORD_FAULT);	/* clears it */
		*word = 0;
		record(i % 3, 5, 0x124000 + 0x1000 * i);
	}
	*hardware_register(1, VTD_FAULT_STATUS) = 0;
	assert_false(arch_iommu_fault(&fault));
}

static void a_refused_message_is_reported_as_one(void **state)
{
	struct arch_dma_fault fault;

	(void)state;
	record(0, 0x26, 5ull << 48);
	assert_true(arch_iommu_fault(&fault));
	assert_int_equal(fault.bdf, BDF);
	assert_int_equal(fault.address, MSI_ADDRESS);
}

static void lost_faults_do_not_end_the_reports(void **state)
{
	struct arch_dma_fault fault;

	(void)state;
	*hardware_register(1, VTD_FAULT_STATUS) =
		FAULT_PENDING | FAULT_OVERFLOW;
	assert_false(arch_iommu_fault(&fault));
	assert_int_equal(*hardware_register(1, VTD_FAULT_STATUS),
			 FAULT_OVERFLOW);
}

static void refused(const char *why)
{
	iommu_init();
	assert_non_null(arch_iommu_lacks(BDF));
	assert_non_null(strstr(arch_iommu_lacks(BDF), why));
	assert_int_equal(unit_count, 0);
	assert_int_equal(*hardware_register(0, VTD_COMMAND), 0);
	prepare();
}

static void units_that_cannot_do_it_are_not_used(void **state)
{
	(void)state;
	prepare();
	can(1, CAPABLE, EXTENDED & ~EXTENDED_MESSAGES);
	refused("does not remap interrupts");
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (!(CAPABLE_NEEDED & BIT64(bit)))
			continue;
		can(bit % 2, CAPABLE & ~BIT64(bit), EXTENDED);
		refused("not supported");
	}
	can(0, CAPABLE | BIT64(7), EXTENDED);
	refused("not supported");
	can(0, CAPABLE & ~(CAPABLE_4_LEVELS | CAPABLE_3_LEVELS), EXTENDED);
	refused("not supported");
	can(0, CAPABLE, EXTENDED & ~EXTENDED_QUEUE);
	refused("not supported");
	add_unit(1, 0x30000);
	refused("several segments");
	if (!(insn_cpuid(1, 0).ecx & BIT32(31))) {
		can(1, CAPABLE, EXTENDED & ~EXTENDED_COHERENT);
		refused("caches");
	}
	iommu_init();
	assert_null(arch_iommu_lacks(BDF));
}

static void memory_of_firmware_is_refused_by_function(void **state)
{
	struct dmar_block b = { DMAR_MEMORY, 24 + 8 + 10, 0, 0, 0x7000000 };
	const uint8_t rest[26] = { [8] = 1, 8, 0, 0, 0, 0, 0x1d, 2,
				   2, 10, 0, 0, 0, 0, 0x1c, 0, 0, 0 };

	(void)state;
	prepare();
	hardware_table(&b, sizeof(b));
	hardware_table(rest, sizeof(rest));
	iommu_init();
	assert_int_equal(unit_count, 2);
	for (uint16_t bdf = 0; bdf < 256; bdf++) {
		if (bdf == (0x1d << 3 | 2))
			assert_non_null(strstr(arch_iommu_lacks(bdf),
					       "firmware wants"));
		else
			assert_null(arch_iommu_lacks(bdf));
	}
}

static void a_broken_table_is_read_to_its_break(void **state)
{
	struct dmar_block b = { DMAR_MEMORY, 3, 0, 0, 0 };

	(void)state;
	prepare();
	hardware_table(&b, sizeof(b));
	add_unit(0, 0x30000);
	iommu_init();
	assert_int_equal(unit_count, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(every_function_is_blocked_from_the_start),
		TEST(caches_are_emptied_before_translation_starts),
		TEST(an_owner_opens_one_function_and_closes_it),
		TEST(three_levels_leave_the_top_out),
		TEST(its_tables_are_the_processors),
		TEST(a_message_is_one_of_its_sender),
		TEST(big_apic_numbers_are_told_in_full),
		TEST(a_flush_returns_when_both_units_are_done),
		TEST(a_unit_that_does_not_answer_stops_the_machine),
		TEST(faults_are_reported_once_each),
		TEST(a_refused_message_is_reported_as_one),
		TEST(lost_faults_do_not_end_the_reports),
		TEST(units_that_cannot_do_it_are_not_used),
		TEST(memory_of_firmware_is_refused_by_function),
		TEST(a_broken_table_is_read_to_its_break),
	};

	return cmocka_run_group_tests_name("vtd", tests, NULL, NULL);
}
