/* SPDX-License-Identifier: MIT */
/*
 * The end after a bug of the VMM: other CPUs are stopped by NMI, then the
 * report goes to both serial ports, waiting for them. What runs here trusts
 * as little as it can: no lock, no log, memory only inside known stacks.
 */
#include "arch/x86/machine.h"
#include <bulkhead/telemetry.h>
#include "arch/x86/paging.h"
#include "core/world.h"
#include "lib/crc.h"
#include "lib/format.h"

#define PANIC_EXIT	0x13u
#define TRACE_MAX	16u
#define STOP_SPINS	1000000u

static uint32_t panicking;	/* [A] how many CPUs came here */
static char text[TELEMETRY_PAYLOAD_MAX];
static size_t text_size;

/* To COM1, and as much as fits to the frame for COM2. */
static void say(const char *line)
{
	size_t size = MIN(strlen(line), sizeof(text) - text_size);

	uart_text(line);
	memcpy(text + text_size, line, size);
	text_size += size;
}

static void send_frame(void)
{
	uint8_t head[6] = { TELEMETRY_START, TELEMETRY_PANIC, 0, 0,
			    (uint8_t)text_size, (uint8_t)(text_size >> 8) };
	uint16_t crc = crc16(crc16(0xffff, head + 1, sizeof(head) - 1), text,
			     text_size);

	uart_write(UART_TELEMETRY, head, sizeof(head));
	uart_write(UART_TELEMETRY, text, text_size);
	uart_write(UART_TELEMETRY, &crc, sizeof(crc));
}

/* Return addresses, the innermost first; in the form that addr2line takes. */
static void back_trace(uint64_t rip, uint64_t frame)
{
	char line[40];

	say("addr2line -pfie build/vmm/bulkhead.elf");
	for (unsigned int i = 0; i < TRACE_MAX; i++) {
		const uint64_t *link = (const uint64_t *)frame;

		if (rip) {
			format_text(line, sizeof(line), " %lx", rip);
			say(line);
		}
		if (!paging_is_stack(frame) || !paging_is_stack(frame + 8) ||
		    (i && link[0] && link[0] <= frame))
			break;
		rip = link[1] - 1;	/* inside the call */
		frame = link[0];
	}
	say("\n");
}

static void say_registers(const struct trap_regs *r)
{
	char text_of[512];

	format_text(text_of, sizeof(text_of),
		    "rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n"
		    "rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx\n"
		    "r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx\n"
		    "r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx\n"
		    "rip %016lx  rflags %lx  cs %lx\n", r->rax, r->rbx, r->rcx,
		    r->rdx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8, r->r9,
		    r->r10, r->r11, r->r12, r->r13, r->r14, r->r15, r->rip,
		    r->rflags, r->cs);
	uart_text(text_of);
}

/* What was logged and has not gone out yet. */
static void print_log(void)
{
	char line[LOG_LINE_MAX + 1];
	size_t size;

	for (unsigned int i = 0; i < cpu_local_count(); i++)
		while ((size = log_read(i, line, sizeof(line) - 1)) > 0) {
			line[size] = 0;
			uart_text(line);
		}
}

static void stop_others(unsigned int self)
{
	unsigned int spins = STOP_SPINS;

	/* A CPU that has not arrived has no IDT: an NMI would reset us all. */
	for (unsigned int i = 0; i < cpu_local_count(); i++) {
		struct cpu_local *cpu = cpu_local_at(i);

		if (i == self || !atomic_load(&cpu->arrived))
			continue;
		apic_send(cpu->apic_id, APIC_NMI);
		while (!atomic_load(&cpu->stopped) && --spins)
			__builtin_ia32_pause();
	}
}

void panic_stop_here(void)
{
	if (!atomic_load(&panicking))
		return;
	atomic_store(&this_cpu()->stopped, 1);
	insn_stop();
}

_Noreturn void panic_at(const struct trap_regs *regs, const char *what)
{
	char line[512];
	unsigned int self;

	insn_cli();
	if (atomic_fetch_add(&panicking, 1)) {
		if (atomic_load(&this_cpu()->stopped) == 2)
			power_exit(PANIC_EXIT);	/* a panic in the panic */
		panic_stop_here();
	}
	self = arch_cpu_id();
	atomic_store(&this_cpu()->stopped, 2);
	stop_others(self);
	print_log();
	format_text(line, sizeof(line), "\nPANIC on CPU %u: %s\n", self, what);
	say(line);
	if (regs) {
		say_registers(regs);
		back_trace(regs->rip, regs->rbp);
	} else {
		back_trace(0, (uint64_t)__builtin_frame_address(0));
	}
	format_text(line, sizeof(line), "cr0 %lx  cr2 %lx  cr3 %lx  cr4 %lx\n",
		    insn_read_cr0(), insn_read_cr2(), insn_read_cr3(),
		    insn_read_cr4());
	uart_text(line);
	send_frame();
	power_exit(PANIC_EXIT);
}

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
	char text_at[400];

	format_text(text_at, sizeof(text_at), line ? "%s (%s:%u)" : "%s (%s)",
		    what, file, (unsigned int)line);
	panic_at(NULL, text_at);
}
