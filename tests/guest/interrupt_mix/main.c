/* SPDX-License-Identifier: MIT */
/*
 * Two NMIs, interrupts of two classes and an upcall, all raised in the first
 * NMI's handler in an order that changes: under handlers that take long,
 * enable interrupts early or late, send their EOI first or last and fault;
 * before a guest that spins, halts, polls, or enables interrupts by STI, POPF
 * or IRET. Each comes once, none while interrupts are off, no NMI in another,
 * and nothing is left in service.
 * Guards against: an event that another one displaces, or that comes again.
 */
#include "test.h"
#include <xen/sched.h>

#define ROUNDS	2000u
#define LOW	0x41u
#define HIGH	0x91u
#define INT	0x60u
#define LIMIT	(200 * MILLISECOND)

/* How the handlers of a round behave: bits of mode. */
enum { UPCALL_ENABLES = 1, EOI_FIRST = 2, ENABLES = 4, DISABLES = 8,
       NMI_FIRST = 32, HIGH_TPR = 64, ENABLED_BEFORE = 128, FAULTS = 256 };

static volatile uint64_t upcalls, low, high, nmis, while_off, nested, depth;
static volatile uint64_t length;
static volatile uint64_t mode, armed;
static evtchn_port_t port;

static void work(void)
{
	for (volatile uint64_t i = 0; i < length; i++)
		;
	if (!(mode & FAULTS))
		return;
	probe_wrmsr(0x12345, 1);
	__asm__ volatile("int %0" : : "i"(INT));
}

static void on_int(struct trap_frame *f)
{
	(void)f;
}

static void on_upcall(struct trap_frame *f)
{
	while_off += !(f->rflags & RFLAGS_IF);
	test_upcall_taken(port);
	upcalls++;
	if (mode & UPCALL_ENABLES)
		irq_on();
	work();
	irq_off();
}

static void on_vector(struct trap_frame *f)
{
	while_off += !(f->rflags & RFLAGS_IF);
	if (f->vector == LOW)
		low++;
	else
		high++;
	if (mode & EOI_FIRST)
		apic_eoi();
	if (mode & ENABLES)
		irq_on();
	work();
	if (mode & DISABLES)
		irq_off();
	if (!(mode & EOI_FIRST))
		apic_eoi();
}

static void raise(unsigned int which)
{
	if (which == 0)
		event_send(port);
	else
		apic_send(0, ICR_FIXED | (which == 1 ? LOW : HIGH));
}

static void on_nmi(struct trap_frame *f)
{
	unsigned int first = (unsigned int)(test_random() % 3);
	unsigned int step = 1 + (unsigned int)(test_random() % 2);

	(void)f;
	nested += depth++;
	nmis++;
	if (armed) {
		armed = 0;
		if (mode & NMI_FIRST)
			apic_send(0, ICR_NMI);
		for (unsigned int i = 0; i < 3; i++)
			raise((first + i * step) % 3);
		if (!(mode & NMI_FIRST))
			apic_send(0, ICR_NMI);
	}
	work();
	depth--;
}

static bool all_came(void)
{
	return upcalls && low && high && nmis > 1;
}

static void poll_once(bool enabled)
{
	struct sched_poll poll = { .timeout = clock_now() + MILLISECOND };

	if (enabled)
		irq_on();
	sched_op(SCHEDOP_poll, &poll);
	irq_on();
}

static void enable_by_iret(void)
{
	__asm__ volatile("movl %%ss, %%eax; pushq %%rax\n\t"
			 "leaq 8(%%rsp), %%rcx; pushq %%rcx\n\t"
			 "pushq $0x202\n\t"
			 "movl %%cs, %%eax; pushq %%rax\n\t"
			 "leaq 1f(%%rip), %%rax; pushq %%rax\n\t"
			 "iretq\n1:"
			 : : : "rax", "rcx", "memory", "cc");
}

/* Interrupts are off; until all came, in one of several ways. */
static void wait(unsigned int way)
{
	uint64_t end = clock_now() + LIMIT;

	if (way == 0)
		__asm__ volatile("pushq $0x202; popfq" : : : "memory", "cc");
	else if (way == 1)
		enable_by_iret();
	else if (way < 5)
		irq_on();
	while (!all_came() && clock_now() < end) {
		if (way == 2) {
			cpu_pause();
		} else if (way == 3) {
			cpuid(0, 0);
		} else if (way == 5) {
			irq_off();
			if (!all_came())
				irq_wait();
		} else if (way > 5) {
			irq_off();
			poll_once(way == 6);
		}
	}
}

static unsigned int round(unsigned int number)
{
	unsigned int way = (unsigned int)(test_random() % 8), bad = 0;

	upcalls = low = high = nmis = while_off = nested = 0;
	mode = test_random();
	length = test_random() % 40 * (test_random() % 2 ? 30 : 700);
	irq_off();
	if (mode & HIGH_TPR)
		apic_write(APIC_TPR, (uint32_t)(test_random() % 16 << 4));
	armed = 1;
	if (mode & ENABLED_BEFORE)
		irq_on();
	apic_send(0, ICR_NMI);
	if (mode & HIGH_TPR)
		apic_write(APIC_TPR, 0);
	wait(way);
	irq_off();
	irq_on();
	bad += !CHECK_EQ(upcalls, 1, "round %u way %u mode %lx", number, way,
			 mode);
	bad += !CHECK_EQ(low, 1, "round %u way %u mode %lx", number, way, mode);
	bad += !CHECK_EQ(high, 1, "round %u way %u mode %lx", number, way,
			 mode);
	bad += !CHECK_EQ(nmis, 2, "round %u way %u mode %lx", number, way,
			 mode);
	bad += !CHECK_EQ(while_off + nested, 0, "round %u way %u mode %lx",
			 number, way, mode);
	for (unsigned int i = 0; i < 8; i++)
		bad += !CHECK_EQ(apic_read(APIC_ISR + i), 0, "round %u",
				 number);
	return bad;
}

int main(void)
{
	unsigned int bad = 0;

	port = test_ipi_port();
	trap_set_handler(VECTOR_EVENT, on_upcall);
	trap_set_handler(VECTOR_NMI, on_nmi);
	trap_set_handler(LOW, on_vector);
	trap_set_handler(HIGH, on_vector);
	trap_set_handler(INT, on_int);
	for (unsigned int i = 0; i < ROUNDS && bad < 5; i++)
		bad += round(i);
	test_end();
}
