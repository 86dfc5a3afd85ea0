/* SPDX-License-Identifier: MIT */
/* CR0, CR4, EFER, MSRs: what a guest may write, what it reads back. */
#include "machine.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/virt.h"
#include "arch/x86/regs.h"

#define LONG_MODE ((struct cr_state){ \
	.cr0 = CR0_PE | CR0_ET | CR0_PG, .cr4 = CR4_PAE, \
	.efer = EFER_LME | EFER_LMA, .code64 = true })
#define FLAT ((struct cr_state){ .cr0 = CR0_PE | CR0_ET })

static void refused_writes_change_nothing(struct cr_state s,
					  struct cr_state was)
{
	assert_int_equal(s.cr0, was.cr0);
	assert_int_equal(s.cr4, was.cr4);
	assert_int_equal(s.efer, was.efer);
}

static void cr0_that_vmrun_would_refuse_faults(void **state)
{
	static const uint64_t bad[] = {
		CR0_PG,				/* paging without protection */
		CR0_PE | CR0_NW,		/* NW without CD */
		CR0_PE | BIT64(32), CR0_PE | BIT64(63),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct cr_state s = FLAT;

		assert_false(cr0_write(&s, bad[i]));
		refused_writes_change_nothing(s, FLAT);
	}
	struct cr_state s = FLAT;

	s.efer = EFER_LME;	/* long mode needs PAE */
	assert_false(cr0_write(&s, CR0_PE | CR0_PG));
	s = LONG_MODE;
	assert_false(cr0_write(&s, CR0_PE));
	refused_writes_change_nothing(s, LONG_MODE);
}

static void lma_follows_lme_and_pg(void **state)
{
	struct cr_state s = FLAT;

	(void)state;
	assert_true(cr0_write(&s, CR0_PE | CR0_PG));
	assert_int_equal(s.efer, 0);
	s = FLAT;
	s.cr4 = CR4_PAE;
	assert_true(efer_write(&s, EFER_LME | EFER_NXE));
	assert_int_equal(s.efer, EFER_LME | EFER_NXE);
	assert_true(cr0_write(&s, CR0_PE | CR0_PG));
	assert_int_equal(s.efer, EFER_LME | EFER_LMA | EFER_NXE);
	assert_true(cr0_write(&s, CR0_PE));	/* from compatibility code */
	assert_int_equal(s.efer, EFER_LME | EFER_NXE);
}

static void reserved_cr0_bits_read_as_hardware_has_them(void **state)
{
	struct cr_state s = FLAT;

	(void)state;
	assert_true(cr0_write(&s, 0x1fff0000u | CR0_PE));
	assert_int_equal(s.cr0, CR0_PE | CR0_ET | CR0_WP | CR0_AM);
}

static void cr4_is_an_allow_list(void **state)
{
	const uint64_t allowed = CR4_PAE | CR4_PGE | CR4_OSFXSR;

	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		struct cr_state s = LONG_MODE;
		bool may = BIT64(bit) & allowed;

		assert_int_equal(cr4_write(&s, CR4_PAE | BIT64(bit), allowed),
				 may);
		assert_int_equal(s.cr4, may ? CR4_PAE | BIT64(bit) : CR4_PAE);
	}
	struct cr_state s = LONG_MODE;

	assert_false(cr4_write(&s, CR4_PGE, allowed));	/* no PAE */
	s = FLAT;
	assert_true(cr4_write(&s, CR4_PGE, allowed));
}

static void efer_shows_nothing_of_svm(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		struct cr_state s = FLAT;
		uint64_t may = EFER_SCE | EFER_LME | EFER_NXE | EFER_LMA;

		assert_int_equal(efer_write(&s, BIT64(bit)),
				 (BIT64(bit) & may) != 0);
		assert_int_equal(s.efer & (EFER_SVME | EFER_LMA), 0);
	}
	struct cr_state s = LONG_MODE;

	assert_false(efer_write(&s, EFER_SCE));	/* LME off under paging */
	refused_writes_change_nothing(s, LONG_MODE);
	assert_true(efer_write(&s, EFER_LME | EFER_SCE));
	assert_int_equal(s.efer, EFER_LME | EFER_SCE | EFER_LMA);
}

static void a_vcpu_in_64bit_code_cannot_enter_long_mode_again(void **state)
{
	struct vcpu *v = &machine.vcpu;

	(void)state;
	machine.reg[REG_CR0] = CR0_PE | CR0_ET;
	machine.arch.cr4 = CR4_PAE;
	machine.arch.efer = EFER_LME;
	machine.reg[REG_CS_LONG] = 1;
	assert_false(vcpu_write_control(v, CONTROL_CR0, CR0_PE | CR0_PG));
	assert_int_equal(machine.syncs, 0);
	machine.reg[REG_CS_LONG] = 0;
	assert_true(vcpu_write_control(v, CONTROL_CR0, CR0_PE | CR0_PG));
	assert_int_equal(machine.reg[REG_CR0], CR0_PE | CR0_ET | CR0_PG);
	assert_int_equal(machine.arch.efer, EFER_LME | EFER_LMA);
	assert_int_equal(machine.syncs, 1);
	assert_int_equal(machine.flushes, 1);	/* old translations go */
}

static void unknown_msrs_fault(void **state)
{
	static const uint32_t gone[] = {
		0x3a, 0x48, 0x49, 0xc1, 0x186, 0x2ff, 0x480, 0x6e0, 0x7ff,
		0x900, 0xda0, 0xc0010000, 0xc0010114, 0xc0010115, 0xc0010117,
		0xc0011020, 0x12345678, 0xffffffff,
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		assert_false(msr_read(&machine.vcpu, gone[i], &value));
		assert_false(msr_write(&machine.vcpu, gone[i], 0));
	}
}

static void x2apic_and_xen_msrs_go_to_the_core(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 0x1000; i++)
		assert_int_equal(msr_is_core(i), i >= 0x800 && i < 0x900);
	assert_true(msr_is_core(0x40000000));
	assert_false(msr_is_core(0x40000001));
}

static void apic_base_says_x2apic_and_stays(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(msr_read(&machine.vcpu, MSR_APIC_BASE, &value));
	assert_int_equal(value, 0xfee00d00);
	assert_true(msr_write(&machine.vcpu, MSR_APIC_BASE, value));
	assert_false(msr_write(&machine.vcpu, MSR_APIC_BASE, 0xfee00900));
	machine.vcpu.id = 3;
	msr_read(&machine.vcpu, MSR_APIC_BASE, &value);
	assert_int_equal(value, 0xfee00c00);
}

static void early_linux_reads_do_not_fault(void **state)
{
	static const uint32_t early[] = {
		MSR_EFER, MSR_SEV_STATUS, MSR_HWCR, MSR_PATCH_LEVEL,
		MSR_MISC_ENABLE, MSR_APIC_BASE, MSR_PAT, MSR_MCG_CAP,
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(early); i++)
		assert_true(msr_read(&machine.vcpu, early[i], &value));
}

static void pat_takes_only_memory_types(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(msr_write(&machine.vcpu, MSR_PAT, 0x0007040600070406ull));
	msr_read(&machine.vcpu, MSR_PAT, &value);
	assert_int_equal(value, 0x0007040600070406ull);
	for (unsigned int byte = 0; byte < 8; byte++)
		for (uint64_t type = 0; type < 256; type++)
			assert_int_equal(msr_pat_is_valid(type << 8 * byte),
					 type < 8 && type != 2 && type != 3);
	assert_false(msr_write(&machine.vcpu, MSR_PAT, 2));
	assert_int_equal(machine.reg[REG_GUEST_PAT], 0x0007040600070406ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cr0_that_vmrun_would_refuse_faults),
		cmocka_unit_test(lma_follows_lme_and_pg),
		cmocka_unit_test(reserved_cr0_bits_read_as_hardware_has_them),
		cmocka_unit_test(cr4_is_an_allow_list),
		cmocka_unit_test(efer_shows_nothing_of_svm),
		cmocka_unit_test_setup(
			a_vcpu_in_64bit_code_cannot_enter_long_mode_again,
			machine_reset),
		cmocka_unit_test_setup(unknown_msrs_fault, machine_reset),
		cmocka_unit_test_setup(x2apic_and_xen_msrs_go_to_the_core,
				       machine_reset),
		cmocka_unit_test_setup(apic_base_says_x2apic_and_stays,
				       machine_reset),
		cmocka_unit_test_setup(early_linux_reads_do_not_fault,
				       machine_reset),
		cmocka_unit_test_setup(pat_takes_only_memory_types,
				       machine_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
