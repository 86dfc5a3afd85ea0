/* SPDX-License-Identifier: MIT */
/* Copies between hypercall arguments and guest memory. */
#include "world_fixture.h"
#include <xen/errno.h>
#include "core/gmem.h"
#include "core/p2m.h"

#define RAM_END		(32ull * PAGE_SIZE)

static int setup(void **state)
{
	(void)state;
	world_start(1, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
}

static void a_copy_may_cross_pages(void **state)
{
	uint8_t out[PAGE_SIZE], in[PAGE_SIZE];
	struct vcpu *v = vcpu_at(1, 0);

	(void)state;
	fill(out, sizeof(out));
	for (uint64_t va = 0x1ff0; va <= 0x2010; va++) {
		memset(in, 0, sizeof(in));
		assert_int_equal(gmem_write(v, va, out, sizeof(out)), 0);
		assert_int_equal(gmem_read(v, in, va, sizeof(in)), 0);
		assert_memory_equal(in, out, sizeof(in));
	}
}

static void long_reads_cross_many_pages(void **state)
{
	static uint8_t in[5 * PAGE_SIZE + 3];

	(void)state;
	fill(vm_ptr(1, 0x3000), PAGE_SIZE);
	assert_int_equal(gmem_read(vcpu_at(1, 0), in, 0x2ffd, sizeof(in)), 0);
	assert_memory_equal(in + 3, vm_ptr(1, 0x3000), PAGE_SIZE);
}

static void addresses_outside_ram_fault(void **state)
{
	static const uint64_t bad[] = {
		RAM_END, RAM_END - 3, UINT64_MAX, UINT64_MAX - 3, BIT64(40),
		BIT64(40) - 2, BIT64(47), BIT64(63), 0xfeffc000, 0xfefff000,
		0xfee00000
	};
	struct vcpu *v = vcpu_at(1, 0);
	struct gmem_span span;
	uint64_t word = 0;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_refused(gmem_read(v, &word, bad[i], sizeof(word)),
			       -XEN_EFAULT);
		assert_refused(gmem_write(v, bad[i], &word, sizeof(word)),
			       -XEN_EFAULT);
		assert_refused(gmem_span(v, bad[i], sizeof(word), &span),
			       -XEN_EFAULT);
	}
	assert_int_equal(gmem_read(v, &word, RAM_END - 8, 8), 0);
	assert_int_equal(gmem_write(v, RAM_END - 8, &word, 8), 0);
}

static void a_write_is_done_whole_or_not_at_all(void **state)
{
	struct vcpu *v = vcpu_at(1, 0);
	uint8_t out[64];

	(void)state;
	memset(out, 0x5a, sizeof(out));
	mock.readonly_va = 0x3000;
	assert_refused(gmem_write(v, 0x2fe0, out, sizeof(out)), -XEN_EFAULT);
	mock.readonly_va = 0x2000;
	assert_refused(gmem_write(v, 0x2fe0, out, sizeof(out)), -XEN_EFAULT);
	mock.readonly_va = MOCK_VA_NONE;
	assert_int_equal(gmem_write(v, 0x2fe0, out, sizeof(out)), 0);
}

static void read_only_pages_can_be_read(void **state)
{
	uint32_t word;

	(void)state;
	mock.readonly_va = 0x2000;
	assert_int_equal(gmem_read(vcpu_at(1, 0), &word, 0x2000, 4), 0);
}

static void a_span_survives_a_change_of_the_guests_tables(void **state)
{
	struct vcpu *v = vcpu_at(1, 0);
	uint8_t out[32], in[32];
	struct gmem_span span;

	(void)state;
	fill(out, sizeof(out));
	assert_int_equal(gmem_span(v, 0x2ff0, sizeof(out), &span), 0);
	mock.fault_va = 0x2000;
	gmem_span_write(&span, out);
	gmem_span_read(&span, in);
	assert_memory_equal(in, out, sizeof(in));
	assert_memory_equal(vm_ptr(1, 0x2ff0), out, 16);
	assert_memory_equal(vm_ptr(1, 0x3000), out + 16, 16);
}

static void a_span_is_a_page_at_most(void **state)
{
	struct gmem_span span;

	(void)state;
	assert_int_equal(gmem_span(vcpu_at(1, 0), 0, PAGE_SIZE, &span), 0);
	assert_int_equal(gmem_span(vcpu_at(1, 0), 0, PAGE_SIZE + 1, &span),
			 -XEN_EFAULT);
	assert_int_equal(gmem_span(vcpu_at(1, 0), BIT64(50), 0, &span), 0);
}

static void given_up_pages_fault(void **state)
{
	struct domain *d = vm_at(1);
	uint32_t word = 0;

	(void)state;
	p2m_replace(d, GFN(5), P2M_NONE, false, MFN_NONE);
	assert_refused(gmem_read(vcpu_at(1, 0), &word, 0x5000, 4),
		       -XEN_EFAULT);
	assert_refused(gmem_write(vcpu_at(1, 0), 0x4ffe, &word, 4),
		       -XEN_EFAULT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_copy_may_cross_pages),
		TEST(long_reads_cross_many_pages),
		TEST(addresses_outside_ram_fault),
		TEST(a_write_is_done_whole_or_not_at_all),
		TEST(read_only_pages_can_be_read),
		TEST(a_span_survives_a_change_of_the_guests_tables),
		TEST(a_span_is_a_page_at_most),
		TEST(given_up_pages_fault),
	};

	return cmocka_run_group_tests_name("gmem", tests, NULL, NULL);
}
