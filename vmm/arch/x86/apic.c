/* SPDX-License-Identifier: MIT */
/*
 * Local APIC (AMD APM volume 2, "Advanced Programmable Interrupt Controller").
 * Registers have xAPIC offsets here; x2APIC's MSR numbers follow from them.
 */
#include "arch/x86/machine.h"
#include "arch/x86/acpi.h"
#include "arch/x86/paging.h"
#include "arch/x86/regs.h"

#define BASE_X2APIC		BIT64(10)
#define BASE_ENABLE		BIT64(11)
#define BASE_ADDRESS		UINT64_C(0x000ffffffffff000)

enum {
	APIC_TPR = 0x080, APIC_EOI = 0x0b0, APIC_SVR = 0x0f0, APIC_ESR = 0x280,
	APIC_ICR = 0x300, APIC_ICR_HIGH = 0x310, APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330, APIC_LVT_COUNTERS = 0x340,
	APIC_LVT_LINT0 = 0x350, APIC_LVT_LINT1 = 0x360, APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380, APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define SVR_ENABLE		BIT32(8)
#define LVT_MASKED		BIT32(16)
#define LVT_NMI			0x400u
#define DIVIDE_BY_1		0x0bu
#define ICR_BUSY		BIT32(12)
#define ICR_SPINS		100000u

enum {
	PIC1_COMMAND = 0x20, PIC2_COMMAND = 0xa0, IOAPIC_SELECT = 0x00,
	IOAPIC_WINDOW = 0x10, IOAPIC_VERSION = 0x01, IOAPIC_ENTRY = 0x10,
};

static void *window;		/* xAPIC registers; NULL before apic_init() */
static bool x2apic;

static uint32_t get(unsigned int reg)
{
	return x2apic ? (uint32_t)insn_rdmsr(MSR_X2APIC_FIRST + reg / 16) :
			mmio_read32(window, reg);
}

static void set(unsigned int reg, uint32_t value)
{
	if (x2apic)
		insn_wrmsr(MSR_X2APIC_FIRST + reg / 16, value);
	else
		mmio_write32(window, reg, value);
}

/* Vectors where nobody minds a stray interrupt; then all are masked. */
static void pic_silence(void)
{
	static const uint8_t set_up[][3] = {	/* port - 0x20, PIC 1, PIC 2 */
		{ 0, 0x11, 0x11 }, { 1, VECTOR_PIC, VECTOR_PIC + 8 },
		{ 1, 4, 2 }, { 1, 1, 1 }, { 1, 0xff, 0xff },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(set_up); i++) {
		insn_outb(PIC1_COMMAND + set_up[i][0], set_up[i][1]);
		insn_outb(PIC2_COMMAND + set_up[i][0], set_up[i][2]);
	}
}

static void ioapic_silence(uint64_t address)
{
	void *io = paging_map_mmio(address);
	uint32_t last;

	mmio_write32(io, IOAPIC_SELECT, IOAPIC_VERSION);
	last = mmio_read32(io, IOAPIC_WINDOW) >> 16 & 0xff;
	for (uint32_t i = 0; i <= last; i++) {
		mmio_write32(io, IOAPIC_SELECT, IOAPIC_ENTRY + 2 * i);
		mmio_write32(io, IOAPIC_WINDOW, LVT_MASKED);
	}
}

void apic_init(void)
{
	uint64_t base = insn_rdmsr(MSR_APIC_BASE);

	x2apic = insn_cpuid(1, 0).ecx & BIT32(21) || base & BASE_X2APIC;
	window = paging_map_mmio(base & BASE_ADDRESS);
	pic_silence();
	for (unsigned int i = 0; i < acpi.ioapic_count; i++)
		ioapic_silence(acpi.ioapic[i]);
}

void apic_init_cpu(void)
{
	uint64_t base = insn_rdmsr(MSR_APIC_BASE) | BASE_ENABLE;

	insn_wrmsr(MSR_APIC_BASE, base);
	if (x2apic)
		insn_wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
	set(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	set(APIC_TPR, 0);
	set(APIC_LVT_THERMAL, LVT_MASKED);
	set(APIC_LVT_COUNTERS, LVT_MASKED);
	set(APIC_LVT_ERROR, LVT_MASKED);
	set(APIC_LVT_LINT0, acpi.nmi_lints & 1 ? LVT_NMI : LVT_MASKED);
	set(APIC_LVT_LINT1, acpi.nmi_lints & 2 ? LVT_NMI : LVT_MASKED);
	set(APIC_ESR, 0);
	set(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	set(APIC_TIMER_INITIAL, 0);
	set(APIC_LVT_TIMER, VECTOR_TIMER);	/* one-shot */
}

bool apic_is_x2(void)
{
	return x2apic;
}

void apic_eoi(void)
{
	set(APIC_EOI, 0);
}

void apic_send(uint32_t id, uint32_t signal)
{
	unsigned int spins = ICR_SPINS;

	if (x2apic) {
		/* Not serialising: what the target will read comes first. */
		insn_mfence();
		insn_wrmsr(MSR_X2APIC_FIRST + APIC_ICR / 16,
			   (uint64_t)id << 32 | signal);
		return;
	}
	while (get(APIC_ICR) & ICR_BUSY && --spins)
		__builtin_ia32_pause();
	set(APIC_ICR_HIGH, id << 24);
	set(APIC_ICR, signal);
}

void arch_cpu_kick(unsigned int cpu)
{
	apic_send(cpu_local_at(cpu)->apic_id, APIC_FIXED | VECTOR_KICK);
}

void apic_timer_start(uint32_t count)
{
	set(APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_left(void)
{
	return get(APIC_TIMER_CURRENT);
}
