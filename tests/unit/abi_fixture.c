/* SPDX-License-Identifier: MIT */
#include "abi_fixture.h"
#include <xen/memory.h>
#include <xen/xen.h>
#include "abi/hypercall.h"

#define VCPUS		4u
#define SCRATCH		0x100000ull	/* of vCPU 0 */
#define SCRATCH_PAGES	4u

#define LIST		0x8000ull

/*
 * Gives the scratch pages' frames back and takes them again, which reverses
 * their order: what is written past a page end shows.
 */
static void shuffle_scratch(struct vcpu *v)
{
	struct xen_memory_reservation r = {
		.nr_extents = VCPUS * SCRATCH_PAGES, .domid = DOMID_SELF,
	};
	uint64_t gfn[VCPUS * SCRATCH_PAGES];

	for (unsigned int i = 0; i < ARRAY_SIZE(gfn); i++)
		gfn[i] = (SCRATCH >> PAGE_SHIFT) + i;
	guest_write(v, LIST, gfn, sizeof(gfn));
	r.extent_start.p = (void *)LIST;
	guest_write(v, LIST + PAGE_SIZE, &r, sizeof(r));
	assert_int_equal(call(v, __HYPERVISOR_memory_op,
			      XENMEM_decrease_reservation, LIST + PAGE_SIZE,
			      0), r.nr_extents);
	assert_int_equal(call(v, __HYPERVISOR_memory_op,
			      XENMEM_populate_physmap, LIST + PAGE_SIZE, 0),
			 r.nr_extents);
	assert_ptr_not_equal((char *)vm_ptr(v->domain->id, SCRATCH) +
				     PAGE_SIZE,
			     vm_ptr(v->domain->id, SCRATCH + PAGE_SIZE));
}

int abi_setup(void **state)
{
	static const struct vm_spec spec = { .vcpu_count = VCPUS,
					     .ram_frames = 512 };

	(void)state;
	world_start(2, (struct vm_spec[]){ spec, spec });
	mock.time = 1000;
	shuffle_scratch(vm(1, 0));
	shuffle_scratch(vm(2, 0));
	return 0;
}

int abi_teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

struct vcpu *vm(unsigned int domid, unsigned int vcpu)
{
	return vcpu_at(domid, vcpu);
}

void set_time(nsec_t now)
{
	mock.time = now;
}

unsigned int fire_timers(struct vcpu *v)
{
	struct cpu *cpu = &world.cpu[v->cpu];
	struct timer *timer;
	unsigned int kinds = 0;

	while ((timer = timer_take_expired(cpu, mock.time))) {
		if (timer >= v->timer && timer < v->timer + TIMER_KIND_COUNT)
			kinds |= 1u << timer->kind;
	}
	return kinds;
}

uint64_t scratch(const struct vcpu *v, uint64_t n)
{
	return SCRATCH + v->id * SCRATCH_PAGES * PAGE_SIZE + n;
}

uint64_t gpa_of(const struct vcpu *v, uint64_t va)
{
	(void)v;
	return va;
}

/* Byte by byte, so that page ends need no thought. */
void guest_write(struct vcpu *v, uint64_t va, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*(uint8_t *)vm_ptr(v->domain->id, gpa_of(v, va + i)) =
			((const uint8_t *)from)[i];
}

void guest_read(struct vcpu *v, uint64_t va, void *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] =
			*(uint8_t *)vm_ptr(v->domain->id, gpa_of(v, va + i));
}

int64_t call(struct vcpu *v, uint64_t number, uint64_t a, uint64_t b,
	     uint64_t c)
{
	v->regs.rax = number;
	v->regs.rdi = a;
	v->regs.rsi = b;
	v->regs.rdx = c;
	for (unsigned int i = 0; i < 10000; i++) {
		if (hypercall_dispatch(v))
			return (int64_t)v->regs.rax;
	}
	fail_msg("the call does not end");
	return 0;
}
