/* SPDX-License-Identifier: MIT */
/* What is injected when, what two events make, what skipping an instruction
 * does, and the format of nested page-table entries. */
#include "machine.h"
#include "arch/x86/regs.h"
#include "core/arch.h"

enum { DE = 0, DB = 1, BP = 3, UD = 6, DF = 8, TS = 10, NP = 11, SS = 12,
       GP = 13, PF = 14, AC = 17 };

static struct vcpu *ready(void)
{
	machine.vcpu.regs.rflags = RFLAGS_FIXED | RFLAGS_IF;
	machine.reg[REG_CR0] = CR0_PE | CR0_PG;
	return &machine.vcpu;
}

static void error_codes_belong_to_their_vectors(void **state)
{
	(void)state;
	assert_int_equal(event_exception(UD, 5), 0x80000306);
	assert_int_equal(event_exception(GP, 0x1234), 0x123480000b0dull);
	assert_int_equal(event_exception(PF, 7), 0x780000b0eull);
	assert_int_equal(event_make(EVENT_INTERRUPT, 0xf3), 0x800000f3);
}

static void two_exceptions_combine_as_the_manual_says(void **state)
{
	static const uint8_t contributory[] = { DE, TS, NP, SS, GP };
	static const uint8_t benign[] = { DB, BP, UD, AC };
	uint64_t df = event_exception(DF, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(contributory); i++) {
		uint64_t c = event_exception(contributory[i], 1);
		uint64_t pf = event_exception(PF, 2);

		for (size_t j = 0; j < ARRAY_SIZE(contributory); j++)
			assert_int_equal(event_combine(event_exception(
				contributory[j], 0), c), df);
		assert_int_equal(event_combine(c, pf), pf);
		assert_int_equal(event_combine(pf, c), df);
		assert_int_equal(event_combine(pf, pf), df);
		assert_int_equal(event_combine(df, c), 0);
		assert_int_equal(event_combine(df, pf), 0);
		for (size_t j = 0; j < ARRAY_SIZE(benign); j++) {
			uint64_t b = event_exception(benign[j], 0);

			assert_int_equal(event_combine(b, c), c);
			assert_int_equal(event_combine(c, b), b);
			assert_int_equal(event_combine(df, b), b);
		}
		assert_int_equal(event_combine(0, c), c);
		assert_int_equal(event_combine(event_make(EVENT_INTERRUPT, 13),
					       c), c);
	}
}

static void interrupts_wait_for_if_shadow_and_queue(void **state)
{
	struct vcpu *v = ready();

	(void)state;
	assert_true(arch_vcpu_may_interrupt(v));
	machine.arch.shadow = 1;
	assert_false(arch_vcpu_may_interrupt(v));
	machine.arch.shadow = 0;
	v->regs.rflags &= ~RFLAGS_IF;
	assert_false(arch_vcpu_may_interrupt(v));
	assert_true(arch_vcpu_may_nmi(v));
	v->regs.rflags |= RFLAGS_IF;
	arch_vcpu_inject_interrupt(v, 0xf3);
	assert_int_equal(machine.arch.event, 0x800000f3);
	assert_int_equal(machine.injected, 0x800000f3);
	assert_false(arch_vcpu_may_interrupt(v));
	assert_false(arch_vcpu_may_nmi(v));
}

static void nmis_wait_until_the_last_iret_is_done(void **state)
{
	struct vcpu *v = ready();

	(void)state;
	arch_vcpu_inject_nmi(v);
	assert_int_equal(machine.arch.event, 0x80000202);
	assert_int_equal(machine.injected, 0x80000202);
	assert_true(machine.iret_watched);
	machine.arch.event = 0;
	assert_false(arch_vcpu_may_nmi(v));
	/* The back end saw IRET about to run. */
	machine.arch.nmi_blocked = false;
	machine.arch.iret_rip = v->regs.rip = 0x1234;
	assert_false(arch_vcpu_may_nmi(v));
	v->regs.rip = 0x5678;
	assert_true(arch_vcpu_may_nmi(v));
}

static void a_third_fault_is_a_shutdown(void **state)
{
	struct vcpu *v = ready();

	(void)state;
	machine.injected = machine.arch.event = event_exception(DF, 0);
	arch_vcpu_inject_fault(v, GP, 0);
	assert_int_equal(machine.injected, 0);
	assert_true(machine.arch.shutdown);
	assert_int_equal(machine.unloads, 1);
}

static void real_mode_pushes_no_error_code(void **state)
{
	struct vcpu *v = ready();

	(void)state;
	machine.reg[REG_CR0] = 0;
	arch_vcpu_inject_fault(v, GP, 0);
	assert_int_equal(machine.injected, event_make(EVENT_EXCEPTION, GP));
}

static void a_skipped_instruction_ends_the_shadow(void **state)
{
	struct vcpu *v = ready();
	const struct vmexit exit = { .next_rip = 0x1003 };

	(void)state;
	machine.arch.shadow = 1;
	v->regs.rflags |= RFLAGS_RF;
	arch_vcpu_skip(v, &exit);
	assert_int_equal(v->regs.rip, 0x1003);
	assert_true(machine.shadow_cleared);
	assert_int_equal(v->regs.rflags, RFLAGS_FIXED | RFLAGS_IF);
	assert_true(arch_vcpu_may_interrupt(v));
	assert_int_equal(machine.arch.event, 0);
}

static void a_skipped_instruction_is_single_stepped(void **state)
{
	struct vcpu *v = ready();
	const struct vmexit exit = { .next_rip = 0x1003 };

	(void)state;
	v->regs.rflags |= RFLAGS_TF;
	arch_vcpu_skip(v, &exit);
	assert_int_equal(machine.arch.event, event_exception(DB, 0));
	assert_int_equal(machine.reg[REG_DR6], DR6_BS);
}

static void a_due_interrupt_passes_over_hlt_in_stis_shadow(void **state)
{
	struct vcpu *v = ready();

	(void)state;
	machine.reg[REG_CR0] = CR0_PE;	/* code at its physical address */
	v->regs.rip = 0x1000;
	machine.ram[1][0] = 0xf4;
	arch_vcpu_want_window(v);
	assert_int_equal(v->regs.rip, 0x1000);	/* no shadow: a real HLT */
	machine.arch.shadow = 1;
	machine.ram[1][0] = 0x90;
	arch_vcpu_want_window(v);
	assert_int_equal(v->regs.rip, 0x1000);	/* not HLT */
	machine.ram[1][0] = 0xf4;
	arch_vcpu_want_window(v);
	assert_int_equal(v->regs.rip, 0x1001);
	assert_true(machine.shadow_cleared);
	assert_true(arch_vcpu_may_interrupt(v));
	assert_int_equal(machine.windows, 3);
}

static void nested_entries_keep_what_they_are_given(void **state)
{
	(void)state;
	for (unsigned int level = 1; level <= 3; level++)
		for (unsigned int kind = 0; kind < 8; kind++) {
			mfn_t mfn = MFN(UINT64_C(0x3abcde) << 18);
			uint64_t e = arch_npte_leaf(mfn, level, kind & 1, kind);

			assert_true(arch_npte_present(e));
			assert_true(arch_npte_is_leaf(e, level));
			assert_int_equal(arch_npte_writable(e), kind & 1);
			assert_int_equal(arch_npte_kind(e), kind);
			assert_int_equal(arch_npte_mfn(e).n, mfn.n);
			/* The CPU's accessed and dirty bits change nothing. */
			assert_int_equal(arch_npte_mfn(e | 0x60).n, mfn.n);
			assert_int_equal(arch_npte_kind(e | 0x60), kind);
			/* User, executable; write-back unless registers. */
			bool device = kind == ARCH_KIND_DEVICE;

			assert_int_equal(e & 0x800000000000003cull,
					 device ? 0x1c : 4);
			/* The IOMMU: a leaf, for reading, for writing, and
			 * nothing where it has reserved bits. */
			assert_int_equal(e & 0x07f0000000000e00ull, 0);
			assert_int_equal(e >> 61 & 1, !device);
			assert_int_equal(e >> 62 & 1, !device && kind & 1);
		}
	uint64_t table = arch_npte_table(MFN(0x1234), 3);

	assert_int_equal(table, 0x6000000001234607);
	assert_false(arch_npte_is_leaf(table, 2));
	assert_true(arch_npte_present(table));
	assert_false(arch_npte_present(0));
	assert_false(arch_npte_is_leaf(0, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, machine_reset)
	const struct CMUnitTest tests[] = {
		TEST(error_codes_belong_to_their_vectors),
		TEST(two_exceptions_combine_as_the_manual_says),
		TEST(interrupts_wait_for_if_shadow_and_queue),
		TEST(nmis_wait_until_the_last_iret_is_done),
		TEST(a_third_fault_is_a_shutdown),
		TEST(real_mode_pushes_no_error_code),
		TEST(a_skipped_instruction_ends_the_shadow),
		TEST(a_skipped_instruction_is_single_stepped),
		TEST(a_due_interrupt_passes_over_hlt_in_stis_shadow),
		TEST(nested_entries_keep_what_they_are_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
