/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables of each CPU, and what happens on interrupts and
 * exceptions of the VMM.
 */
#include "arch/x86/machine.h"
#include "arch/x86/paging.h"
#include "arch/x86/regs.h"
#include "core/arch.h"
#include "core/device.h"
#include "core/upcall.h"
#include "lib/format.h"

#define GATE_INTERRUPT		0x8eu
#define SEGMENT_CODE64		UINT64_C(0x00af9b000000ffff)
#define SEGMENT_DATA		UINT64_C(0x00cf93000000ffff)
#define SEGMENT_TSS		UINT64_C(0x0000890000000000)

extern const char trap_stubs[], svm_enter[], svm_enter_end[];

static struct gate idt[256];

unsigned int arch_cpu_id(void)
{
	return this_cpu()->index;
}

bool arch_take_interrupt_flag(void)
{
	struct cpu_local *cpu = this_cpu();
	bool taken = cpu->interrupted;

	cpu->interrupted = false;
	return taken;
}

static void idt_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(idt); i++) {
		uint64_t stub = (uint64_t)trap_stubs + 16 * (uint64_t)i;

		idt[i] = (struct gate){
			.offset_low = (uint16_t)stub,
			.selector = SELECTOR_CODE,
			.type = GATE_INTERRUPT,
			.offset_mid = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
		};
	}
	idt[VECTOR_DF].ist = IST_DF;
}

void trap_init_cpu(struct cpu_local *cpu)
{
	uint64_t tss = (uint64_t)&cpu->tss;
	struct table_register gdtr = { sizeof(cpu->gdt) - 1,
				       (uint64_t)cpu->gdt };
	struct table_register idtr = { sizeof(idt) - 1, (uint64_t)idt };

	if (!idt[0].type)
		idt_init();
	cpu->self = cpu;
	cpu->gdt[1] = SEGMENT_CODE64;
	cpu->gdt[2] = SEGMENT_DATA;
	cpu->gdt[3] = SEGMENT_TSS | (sizeof(cpu->tss) - 1) |
		      (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	cpu->gdt[4] = tss >> 32;
	cpu->tss.iopm_base = sizeof(cpu->tss);
	insn_lgdt(&gdtr);
	insn_lidt(&idtr);
	insn_ltr(SELECTOR_TSS);
	insn_wrmsr(MSR_GS_BASE, (uint64_t)cpu);
	insn_wrmsr(MSR_KERNEL_GS_BASE, 0);
}

static const char *const exception_name[32] = {
	"divide error", "debug trap", "NMI", "breakpoint", "overflow",
	"bound", "invalid opcode", "no FPU", "double fault", NULL,
	"invalid TSS", "segment not present", "stack fault",
	"general protection", "page fault", NULL, "FPU error",
	"alignment check", "machine check", "SIMD error", "virtualisation",
	"control protection", [29] = "VMM communication", "security", NULL
};

_Noreturn static void exception(const struct trap_regs *regs)
{
	char what[80];
	const char *stack = "";

	if ((regs->vector == VECTOR_DF || regs->vector == VECTOR_PF) &&
	    paging_is_guard(insn_read_cr2()))
		stack = ", stack overflow";
	format_text(what, sizeof(what), "%s (%lu), error code 0x%lx%s",
		    exception_name[regs->vector], regs->vector, regs->error,
		    stack);
	panic_at(regs, what);
}

/*
 * From VMRUN to the VMLOAD of the host's state GS and TR are the guest's.
 * GIF is 0, so nothing should come; but Bochs 2.7 lets a #DB that it
 * intercepted in the guest come again in the host. True: it may go on. If
 * not, the panic needs GS, and the stack tells which CPU this is.
 */
static bool settle_in_entry(const struct trap_regs *regs)
{
	if (regs->vector == VECTOR_DB) {
		insn_write_dr7(DR7_RESET);
		return true;
	}
	insn_wrmsr(MSR_GS_BASE, (uint64_t)smp_cpu_of_stack(regs->rsp));
	return false;
}

void trap_handle(struct trap_regs *regs)
{
	if (regs->rip >= (uint64_t)svm_enter &&
	    regs->rip < (uint64_t)svm_enter_end && settle_in_entry(regs))
		return;
	if (regs->vector == VECTOR_NMI)
		panic_stop_here();
	if (regs->vector < 32)
		exception(regs);
	if (regs->vector == VECTOR_SPURIOUS)	/* takes no EOI */
		return;
	if (regs->vector - VECTOR_DEVICE < DEVICE_MAX * DEVICE_MSI_MAX)
		upcall_device((unsigned int)regs->vector - VECTOR_DEVICE);
	else
		this_cpu()->interrupted = true;
	apic_eoi();
}
