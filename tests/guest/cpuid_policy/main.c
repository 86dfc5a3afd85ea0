/* SPDX-License-Identifier: MIT */
/*
 * What CPUID shows: the real vendor, a hypervisor, Xen's leaves with this
 * domain's and this vCPU's numbers; no SVM, VMX, MONITOR or PMU; never more
 * than the machine can switch.
 * Guards against: a feature shown but not virtualised, and host identity
 * (APIC ids, topology) shown to a guest.
 */
#include "test.h"

static void check_hidden(void)
{
	struct cpuid one = cpuid(1, 0), ext = cpuid(0x80000001, 0);
	struct cpuid svm = cpuid(0x8000000a, 0), seven = cpuid(7, 0);

	CHECK_EQ(ext.c >> 2 & 1, 0, "SVM");
	CHECK_EQ(svm.a | svm.b | svm.c | svm.d, 0, "leaf 8000000a");
	CHECK_EQ(one.c >> 5 & 1, 0, "VMX");
	CHECK_EQ(one.c >> 6 & 1, 0, "SMX");
	CHECK_EQ(one.c >> 3 & 1, 0, "MONITOR");
	CHECK_EQ(ext.c >> 29 & 1, 0, "MWAITX");
	CHECK_EQ(ext.c >> 12 & 1, 0, "SKINIT");
	CHECK_EQ(seven.b >> 2 & 1, 0, "SGX");
	CHECK_EQ(seven.b >> 25 & 1, 0, "PT");
	CHECK_EQ(ext.c >> 23 & 3, 0, "PMU extensions");
	if (cpuid(0, 0).a >= 0xa)
		CHECK_EQ(cpuid(0xa, 0).a & 0xff, 0, "PMU version");
	if (cpuid(0, 0).a >= 5) {
		struct cpuid five = cpuid(5, 0);

		CHECK_EQ(five.a | five.b | five.c | five.d, 0, "leaf 5");
	}
}

static void check_shown(void)
{
	struct cpuid one = cpuid(1, 0), ext = cpuid(0x80000001, 0);

	CHECK_EQ(one.c >> 31 & 1, 1, "hypervisor");
	CHECK_EQ(one.c >> 21 & 1, 1, "x2APIC");
	CHECK_EQ(one.d >> 9 & 1, 1, "APIC");
	CHECK_EQ(ext.d >> 29 & 1, 1, "long mode");
	CHECK_EQ(ext.d >> 20 & 1, 1, "NX");
	CHECK((cpuid(0x80000008, 0).a & 0xff) <= 40, "physical width");
	if (one.c >> 26 & 1) {
		struct cpuid xsave = cpuid(0xd, 0);

		CHECK_EQ(xsave.a & 3, 3, "x87 and SSE");
		CHECK(xsave.c >= 576 && xsave.c <= 16384, "%u", xsave.c);
		CHECK_EQ(xsave.d, 0);
	}
}

static void check_xen(unsigned int vcpu)
{
	uint32_t base = xen_cpuid_base();
	struct cpuid leaf = cpuid(base, 0);

	CHECK_EQ(base, 0x40000000);
	CHECK(leaf.a >= base + 4 && leaf.a <= base + 5, "%x", leaf.a);
	leaf = cpuid(base + 1, 0);
	CHECK_EQ(leaf.a, 0x00040011, "version 4.17");
	leaf = cpuid(base + 2, 0);
	CHECK_EQ(leaf.a, 1);
	CHECK_EQ(leaf.c | leaf.d, 0);
	leaf = cpuid(base + 4, 0);
	CHECK_EQ(leaf.a >> 3 & 3, 3, "vCPU and domain id present");
	CHECK_EQ(leaf.b, vcpu);
	CHECK_EQ(leaf.c, boot_number("domid", 0));
	CHECK_EQ(cpuid(1, 0).b >> 24, vcpu, "APIC id in leaf 1");
	if (cpuid(0, 0).a >= 0xb)
		CHECK_EQ(cpuid(0xb, 0).d, vcpu, "x2APIC id in leaf b");
}

/* Every leaf answers without harm; beyond the ends nothing is invented. */
static void sweep(void)
{
	static const uint32_t start[] = { 0, 0x20000000, 0x40000000,
					  0x40000100, 0x4000ff00, 0x80000000,
					  0x8fffffff, 0xc0000000, 0xfffffff0 };

	for (unsigned int i = 0; i < ARRAY_SIZE(start); i++)
		for (uint32_t n = 0; n < 48 && start[i] + n >= start[i]; n++)
			for (uint32_t sub = 0; sub < 4; sub++)
				cpuid(start[i] + n, sub * 0x55555555u);
	CHECK(cpuid(0, 0).a < 0x100);
	CHECK(cpuid(0x80000000, 0).a >= 0x80000008 &&
	      cpuid(0x80000000, 0).a < 0x80000100);
	for (uint32_t n = cpuid(0x40000000, 0).a + 1; n < 0x40000100; n++) {
		struct cpuid leaf = cpuid(n, 0);

		CHECK_EQ(leaf.a | leaf.b | leaf.c | leaf.d, 0, "leaf %x", n);
	}
}

static volatile uint64_t ap_done;

static void ap_main(unsigned int cpu)
{
	check_xen(cpu);
	check_hidden();
	ap_done = 1;
}

int main(void)
{
	check_hidden();
	check_shown();
	check_xen(0);
	sweep();
	CHECK_EQ(xen_domid(), boot_number("domid", 0));
	if (smp_cpu_count() > 1 && CHECK(smp_start(1, ap_main)))
		for (uint64_t end = clock_now() + 5 * SECOND; !ap_done;)
			if (!CHECK(clock_now() < end, "vCPU 1 is late"))
				break;
	test_end();
}
