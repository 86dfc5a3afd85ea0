/* SPDX-License-Identifier: MIT */
/*
 * How a device's message comes to its driver. QEMU's device `edu`, the first
 * on bus 0, sends one at once when it is told to, while the processor runs;
 * and one after a copy, which takes it 0.1 s, while the processor sleeps. The
 * same file runs natively and as the VM that owns the device. It prints the
 * nanoseconds, which are instructions, until its handler ran.
 */
#include "edu.h"
#include "mark.h"

#define VECTOR		0x60u
#define TICK		MILLISECOND	/* a copy ends at a tick of QEMU's */
#define DONE		0x10u		/* what the VMM tells exit-port */

enum { COUNT = 1000, WARM = 100, COPIES = 20 };

static volatile uint32_t *device;
static bool x2apic;	/* asking costs an exit */
static volatile uint64_t interrupts, taken_at;

static void on_message(struct trap_frame *f)
{
	(void)f;
	taken_at = rdtsc();
	interrupts++;
	if (x2apic)
		wrmsr(MSR_X2APIC + APIC_EOI, 0);
	else
		apic_eoi();
}

static uint64_t while_running(unsigned int count)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t seen = interrupts, start = rdtsc();

		device[EDU_RAISE / 4] = 1;
		while (interrupts == seen)
			cpu_pause();
		device[EDU_ACK / 4] = 1;
		sum += taken_at - start;
	}
	return sum / count;
}

/* The TSC is QEMU's clock, here as in a VM. */
static uint64_t while_asleep(unsigned int count)
{
	static uint64_t page[PAGE_SIZE / 8] __attribute__((aligned(4096)));
	uint64_t sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t seen = interrupts;

		edu_start(page_gpa(page), EDU_BUFFER, 8, EDU_INTERRUPT);
		irq_off();
		while (interrupts == seen)
			irq_wait();
		irq_on();
		device[EDU_ACK / 4] = 0x100;
		sum += taken_at % TICK;
	}
	return sum / count;
}

/* The PC's timer, which firmware leaves running. */
static void pic_silence(void)
{
	out8(0x21, 0xff);
	out8(0xa1, 0xff);
}

int main(void)
{
	if (!xen_present())
		pic_silence();
	apic_enable();
	x2apic = apic_is_x2apic();
	trap_set_handler(VECTOR, on_message);
	if (!edu_init(VECTOR))
		return 1;
	device = edu_register(0);
	while_running(WARM);
	BENCH_MARK(20);
	kprintf("bench msi_running %lu\n", while_running(COUNT));
	BENCH_MARK(21);
	while_asleep(2);
	BENCH_MARK(22);
	kprintf("bench msi_asleep %lu\n", while_asleep(COPIES));
	BENCH_MARK(23);
	kprintf("bench end 0\n");
	if (!xen_present())
		out8(0xf4, DONE);
	return 0;
}
