/* SPDX-License-Identifier: MIT */
/* What guests see of the CPU, whatever CPU it is. */
#include "machine.h"
#include <string.h>
#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"

#define EVERYTHING ((struct cpuid_regs){ ~0u, ~0u, ~0u, ~0u })

static struct cpuid_policy everything;	/* from a CPU that has it all */

static int make_policy(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CPUID_BASIC_COUNT; i++)
		everything.basic[i] = cpuid_limit(i, 0, EVERYTHING);
	for (uint32_t i = 0; i < CPUID_EXTENDED_COUNT; i++)
		everything.extended[i] =
			cpuid_limit(0x80000000 + i, 0, EVERYTHING);
	everything.xsave[0] = cpuid_limit(0xd, 0, EVERYTHING);
	everything.xsave[1] = cpuid_limit(0xd, 1, EVERYTHING);
	everything.xsave[2] = (struct cpuid_regs){ 256, 576, 0, 0 };
	return machine_reset(state);
}

static struct cpuid_regs ask(uint32_t leaf, uint32_t subleaf)
{
	const struct cpuid_vcpu v = { .id = 2, .count = 3, .xcr0 = 3 };

	return cpuid_lookup(&everything, &v, leaf, subleaf);
}

static void what_nobody_switches_is_hidden(void **state)
{
	struct cpuid_regs r = ask(1, 0);

	(void)state;
	assert_int_equal(r.ecx & BIT32(5), 0);		/* VMX */
	assert_int_equal(r.ecx & BIT32(3), 0);		/* MONITOR */
	assert_int_equal(r.ecx & BIT32(15), 0);		/* PDCM */
	assert_int_equal(r.ecx & BIT32(17), 0);		/* PCID */
	assert_int_equal(r.ecx & BIT32(24), 0);		/* TSC deadline */
	assert_int_equal(r.edx & BIT32(12), 0);		/* MTRR */
	assert_int_equal(r.edx & BIT32(21), 0);		/* debug store */
	r = ask(7, 0);
	assert_int_equal(r.ebx & BIT32(1), 0);		/* TSC_ADJUST */
	assert_int_equal(r.ebx & BIT32(10), 0);		/* INVPCID */
	assert_int_equal(r.ebx & BIT32(14), 0);		/* MPX */
	assert_int_equal(r.ebx & BIT32(16), 0);		/* AVX-512 */
	assert_int_equal(r.ecx & BIT32(3), 0);		/* PKU */
	assert_int_equal(r.ecx & BIT32(7), 0);		/* CET */
	assert_int_equal(r.ecx & BIT32(16), 0);		/* LA57 */
	assert_int_equal(r.edx & BIT32(26), 0);		/* SPEC_CTRL */
	r = ask(0x80000001, 0);
	assert_int_equal(r.ecx & BIT32(2), 0);		/* SVM */
	assert_int_equal(r.ecx & BIT32(3), 0);		/* extended APIC */
	assert_int_equal(r.ecx & BIT32(10), 0);		/* IBS */
	assert_int_equal(r.ecx & BIT32(12), 0);		/* SKINIT */
	assert_int_equal(r.ecx & BIT32(22), 0);		/* TOPOEXT */
	assert_int_equal(r.ecx & BIT32(23), 0);		/* PMU */
	assert_int_equal(r.edx & BIT32(25), 0);		/* FFXSR */
	assert_int_equal(ask(0xd, 1).eax & BIT32(3), 0);	/* XSAVES */
}

static void leaves_without_a_policy_are_zero(void **state)
{
	static const uint32_t gone[] = {
		3, 4, 5, 8, 9, 0xa, 0xc, 0xe, 0xf, 0x10, 0x12, 0x14, 0x1000,
		0x80000009, 0x8000000a, 0x8000001e, 0x8000001f, 0xffffffff,
	};
	const struct cpuid_regs none = { 0, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		struct cpuid_regs r = ask(gone[i], 0);

		assert_memory_equal(&r, &none, sizeof(r));
	}
	struct cpuid_regs r = ask(7, 1);

	assert_memory_equal(&r, &none, sizeof(r));
	r = ask(0xd, 9);
	assert_memory_equal(&r, &none, sizeof(r));
}

static void a_guest_knows_that_it_is_one(void **state)
{
	struct cpuid_regs bare = cpuid_limit(1, 0,
					     (struct cpuid_regs){ 0, 0, 0, 0 });

	(void)state;
	assert_true(bare.ecx & BIT32(31));	/* hypervisor */
	assert_true(bare.ecx & BIT32(21));	/* x2APIC */
}

static void topology_is_one_core_per_vcpu(void **state)
{
	struct cpuid_regs r = ask(1, 0);

	(void)state;
	assert_int_equal(r.ebx >> 24, 2);
	assert_int_equal(r.ebx >> 16 & 0xff, 3);
	assert_true(r.edx & BIT32(28));
	r = ask(0xb, 0);
	assert_int_equal(r.eax, 0);
	assert_int_equal(r.ebx, 1);
	assert_int_equal(r.ecx, 0x100);
	assert_int_equal(r.edx, 2);
	r = ask(0xb, 1);
	assert_int_equal(r.eax, 2);
	assert_int_equal(r.ebx, 3);
	assert_int_equal(r.ecx, 0x201);
	assert_int_equal(ask(0xb, 2).ecx, 2);
	assert_int_equal(ask(0xb, 2).ebx, 0);
	r = ask(0x80000008, 0);
	assert_int_equal(r.ecx, 2u << 12 | 2);
	assert_true(ask(0x80000001, 0).ecx & BIT32(1));
}

static void addresses_are_as_wide_as_the_p2m(void **state)
{
	(void)state;
	assert_int_equal(ask(0x80000008, 0).eax,
			 (P2M_GFN_BITS + PAGE_SHIFT) | 48 << 8);
	assert_int_equal(cpuid_limit(0x80000008, 0, (struct cpuid_regs){
			 39 | 57 << 8, 0, 0, 0 }).eax, 39 | 48 << 8);
}

static void xsave_sizes_follow_xcr0(void **state)
{
	struct cpuid_vcpu v = { .id = 0, .count = 1, .xcr0 = 1 };

	(void)state;
	assert_int_equal(cpuid_lookup(&everything, &v, 0xd, 0).eax, 7);
	assert_int_equal(cpuid_lookup(&everything, &v, 0xd, 0).ebx, 576);
	assert_int_equal(cpuid_lookup(&everything, &v, 0xd, 0).ecx, 832);
	v.xcr0 = 7;
	assert_int_equal(cpuid_lookup(&everything, &v, 0xd, 0).ebx, 832);
}

static void osxsave_follows_cr4(void **state)
{
	struct cpuid_vcpu v = { .id = 0, .count = 1 };

	(void)state;
	assert_false(cpuid_lookup(&everything, &v, 1, 0).ecx & BIT32(27));
	v.cr4 = CR4_OSXSAVE;
	assert_true(cpuid_lookup(&everything, &v, 1, 0).ecx & BIT32(27));
	assert_false(cpuid_lookup(&everything, &v, 1, 0).edx & BIT32(28));
}

static void cr4_allows_what_cpuid_shows(void **state)
{
	struct cpuid_policy bare = { 0 };
	uint64_t all = cpuid_cr4_mask(&everything);

	(void)state;
	assert_int_equal(all & ~cpuid_cr4_mask(&bare),
			 CR4_UMIP | CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP |
			 CR4_SMAP);
	/* LA57, VMXE, SMXE, PCIDE, PKE, CET, PKS */
	assert_int_equal(all & (BIT64(12) | BIT64(13) | BIT64(14) | BIT64(17) |
				BIT64(22) | BIT64(23) | BIT64(24)), 0);
}

static void hypervisor_leaves_go_to_the_core(void **state)
{
	struct guest_regs *r = &machine.vcpu.regs;

	(void)state;
	r->rax = 0xffffffff40000102ull;
	r->rcx = 0x1234567800000007ull;
	cpuid_answer(&machine.vcpu);
	assert_int_equal(machine.upcalls, 1);
	assert_int_equal(r->rax, 0x40000102);
	assert_int_equal(r->rbx, 7);
	assert_int_equal(r->rcx, 3);
	assert_int_equal(r->rdx, 4);
	r->rax = 0x40010000;
	cpuid_answer(&machine.vcpu);
	assert_int_equal(machine.upcalls, 1);
	assert_int_equal(r->rax | r->rbx | r->rcx | r->rdx, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_switches_is_hidden),
		cmocka_unit_test(leaves_without_a_policy_are_zero),
		cmocka_unit_test(a_guest_knows_that_it_is_one),
		cmocka_unit_test(topology_is_one_core_per_vcpu),
		cmocka_unit_test(addresses_are_as_wide_as_the_p2m),
		cmocka_unit_test(xsave_sizes_follow_xcr0),
		cmocka_unit_test(osxsave_follows_cr4),
		cmocka_unit_test(cr4_allows_what_cpuid_shows),
		cmocka_unit_test(hypervisor_leaves_go_to_the_core),
	};

	return cmocka_run_group_tests(tests, make_policy, NULL);
}
