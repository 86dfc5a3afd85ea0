/* SPDX-License-Identifier: MIT */
/*
 * Start-up of all processors by INIT and start-up IPI (AMD APM volume 2,
 * "Initializing Processors"; Intel SDM volume 3, "MP Initialization").
 */
#include "arch/x86/machine.h"
#include "arch/x86/acpi.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/layout.h"
#include "arch/x86/multiboot.h"
#include "arch/x86/paging.h"
#include "arch/x86/regs.h"
#include "arch/x86/virt.h"
#include "core/upcall.h"
#include "lib/format.h"

#define XCR0_X87_SSE_AVX	UINT64_C(7)
#define PAT_DEFAULT		UINT64_C(0x0007040600070406)

/* CPUID leaf 0x40000000, EBX: QEMU emulates, without KVM. */
#define TCG_SIGNATURE	0x54474354u	/* "TCGT" */

#define INIT_WAIT	(200 * UINT64_C(1000))
#define SOON		(300 * UINT64_C(1000))	/* most CPUs need less */
#define LATE		(10 * NSEC_PER_SEC)	/* a CPU under a busy host */
#define SHORT		(10 * UINT64_C(1000))

static_assert(offsetof(struct cpu_local, apic_id) == CPU_LOCAL_APIC_ID &&
	      offsetof(struct cpu_local, stack_top) == CPU_LOCAL_STACK_TOP &&
	      sizeof(struct cpu_local) == CPU_LOCAL_SIZE, "layout.h");

extern const char trampoline_start[], trampoline_end[];
extern char boot_pml4[];
extern struct cpu_local cpu_local_table[CPU_MAX];	/* boot.S searches */
extern uint32_t cpu_count;

struct cpu_local cpu_local_table[CPU_MAX];
uint32_t cpu_count;		/* how many of the table are in use */
static uint32_t released;	/* [A] arch_start_cpus() was called */

unsigned int cpu_local_count(void)
{
	return cpu_count;
}

struct cpu_local *cpu_local_at(unsigned int index)
{
	return &cpu_local_table[index];
}

static void cpu_add(uint32_t id)
{
	cpu_local_table[cpu_count].apic_id = id;
	cpu_local_table[cpu_count].index = cpu_count;
	cpu_count++;
}

void smp_init(void)
{
	cpu_add(insn_cpuid(1, 0).ebx >> 24);
	cpu_local_at(0)->arrived = true;
	/* Until it has stacks of its own. */
	cpu_local_at(0)->tss.ist[IST_DF - 1] = (uint64_t)boot_stack + PAGE_SIZE;
}

void smp_find(void)
{
	for (unsigned int i = 0; i < acpi.cpu_count; i++)
		if (acpi.cpu_apic_id[i] != cpu_local_at(0)->apic_id &&
		    cpu_count < CPU_MAX)
			cpu_add(acpi.cpu_apic_id[i]);
}

void smp_add_stacks(void)
{
	for (unsigned int i = 0; i < cpu_count; i++) {
		struct cpu_local *cpu = cpu_local_at(i);

		paging_add_stacks(i);
		cpu->stack_top = stack_slot(i) + STACK_MAIN_END;
		cpu->tss.ist[IST_DF - 1] = stack_slot(i) + STACK_DF_END;
	}
}

struct cpu_local *smp_cpu_of_stack(uint64_t address)
{
	return &cpu_local_table[(address - STACK_BASE) / STACK_SLOT % CPU_MAX];
}

void smp_init_cpu(void)
{
	struct cpuid_regs seven = cpuid_host(7, 0);
	uint64_t cr4 = insn_read_cr4() | CR4_MCE | CR4_PGE | CR4_OSFXSR |
		       CR4_OSXMMEXCPT |
		       (seven.ebx & BIT32(7) ? CR4_SMEP : 0) |
		       (seven.ebx & BIT32(20) ? CR4_SMAP : 0) |
		       (seven.ecx & BIT32(2) ? CR4_UMIP : 0) |
		       (insn_cpuid(1, 0).ecx & BIT32(26) ? CR4_OSXSAVE : 0);

	insn_write_cr0(insn_read_cr0() & ~(CR0_EM | CR0_TS | CR0_NW | CR0_CD));
	insn_write_cr4(cr4);
	insn_wrmsr(MSR_PAT, PAT_DEFAULT);
	if (cr4 & CR4_OSXSAVE)
		insn_xsetbv(0, XCR0_X87_SSE_AVX & insn_cpuid(0xd, 0).eax);
	apic_init_cpu();
	virt_init_cpu();
}

/* A page of RAM below 640 KiB; 0 if none. Modules have left it. */
static uint32_t find_trampoline_page(void)
{
	for (uint32_t page = 0x8000; page < 0xa0000; page += PAGE_SIZE)
		for (unsigned int i = 0; i < boot_info.ram_count; i++)
			if (boot_info.ram[i].start <= page &&
			    boot_info.ram[i].end >= page + PAGE_SIZE)
				return page;
	return 0;
}

/*
 * One CPU at a time, and always with a timer about to fire: an emulator that
 * counts instructions as time (QEMU -icount) charges a CPU that starts with
 * all the time up to the next timer.
 */
static void start_cpu(const struct cpu_local *cpu, uint32_t page)
{
	static const nsec_t patience[] = { SOON, LATE };
	char text[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(patience); i++) {
		nsec_t until = arch_time() + patience[i];

		arch_timer_arm(arch_time() + SHORT);
		apic_send(cpu->apic_id, APIC_STARTUP | page >> PAGE_SHIFT);
		while (!atomic_load(&cpu->arrived) && arch_time() < until) {
			arch_timer_arm(arch_time() + SHORT);
			__builtin_ia32_pause();
		}
		if (atomic_load(&cpu->arrived))
			return;
	}
	format_text(text, sizeof(text), "the CPU with APIC id %u does not "
		    "start", cpu->apic_id);
	arch_panic("smp", 0, text);
}

static void start_others(uint32_t page)
{
	uint64_t start;

	memcpy(phys_ptr(page), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	for (unsigned int i = 1; i < cpu_count; i++)
		apic_send(cpu_local_at(i)->apic_id, APIC_INIT);
	time_wait(INIT_WAIT);
	start = insn_rdtsc();
	for (unsigned int i = 1; i < cpu_count; i++) {
		const struct cpu_local *cpu = cpu_local_at(i);

		start_cpu(cpu, page);
		if (cpu->arrival_tsc - start > insn_rdtsc() - start)
			time_distrust();
	}
	arch_timer_arm(NSEC_NEVER);
	insn_sti_nop_cli();		/* forget what has fired */
	arch_take_interrupt_flag();
	memset(phys_ptr(page), 0, PAGE_SIZE);
}

void smp_start(void)
{
	uint32_t page = find_trampoline_page();

	if (cpu_count > 1 && !page) {
		log_line("no page below 640 KiB: other CPUs stay unused");
		cpu_count = 1;
	}
	if (cpu_count > 1)
		start_others(page);
	memset(boot_pml4, 0, PAGE_SIZE);
	boot_info.cpu_count = cpu_count;
	/*
	 * QEMU 7.2: an XRSTOR on any CPU rewrites, unlocked, a word of the
	 * first CPU's state that VMRUN and #VMEXIT change too.
	 */
	if (cpu_count > 1 && insn_cpuid(0x40000000, 0).ebx == TCG_SIGNATURE) {
		boot_info.cpu_first = 1;
		log_line("The boot CPU runs no VM: QEMU 7.2 would mix it up");
	}
}

_Noreturn void smp_cpu_entry(struct cpu_local *cpu)
{
	trap_init_cpu(cpu);
	smp_init_cpu();
	cpu->arrival_tsc = insn_rdtsc();
	atomic_store(&cpu->arrived, true);
	while (!atomic_load(&released))
		arch_idle();
	upcall_cpu_online(cpu->index);
}

void arch_start_cpus(void)
{
	atomic_store(&released, 1);
	for (unsigned int i = 1; i < cpu_count; i++)
		arch_cpu_kick(i);
}
