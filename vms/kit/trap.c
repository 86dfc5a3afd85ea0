/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and the one C function behind all 256 vectors.
 *
 *  T1  an exception at an address in the fixup table continues at the
 *      address beside it, with the fault in r15 (insn.h);
 *  T2  an exception at CPL 3 ends user_run(); an interrupt there does not;
 *  T3  anything else unexpected is printed and ends the guest as a crash.
 */
#include "trap.h"
#include <xen/sched.h>
#include "cpu.h"
#include "console.h"
#include "power.h"
#include "string.h"

struct fixup {
	uint64_t insn, resume;
};

struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern const struct fixup fixup_start[], fixup_end[];
extern const uint8_t trap_entry_table[256][16];
void trap_handle(struct trap_frame *frame);
void user_enter(void *entry, void *stack, uint64_t *saved_rsp, uint64_t *rsp0,
		uint64_t argument);
_Noreturn void user_leave(uint64_t saved_rsp);

struct cpu cpu_table[CPU_MAX];
static struct gate idt[256] __attribute__((aligned(16)));
static trap_fn handler[256];

static void gate_set(unsigned int vector, uint8_t ist, uint8_t dpl)
{
	uint64_t at = (uint64_t)trap_entry_table[vector];

	idt[vector] = (struct gate){
		.offset0 = (uint16_t)at,
		.selector = SEL_CODE64,
		.ist = ist,
		.type = (uint8_t)(0x8e | dpl << 5),
		.offset1 = (uint16_t)(at >> 16),
		.offset2 = (uint32_t)(at >> 32),
	};
}

static void idt_build(void)
{
	for (unsigned int v = 0; v < 256; v++)
		gate_set(v, 0, 0);
	gate_set(VECTOR_NMI, 1, 0);
	gate_set(8, 2, 0);		/* double fault */
	gate_set(18, 3, 0);		/* machine check */
	gate_set(VECTOR_USER, 0, 3);
}

void trap_init_cpu(unsigned int index)
{
	struct cpu *c = &cpu_table[index];
	uint64_t tss = (uint64_t)&c->tss;

	if (index == 0)
		idt_build();
	c->self = c;
	c->index = index;
	for (unsigned int i = 0; i < 3; i++)
		c->tss.ist[i] = (uint64_t)(c->ist_stack[i] +
					   sizeof(c->ist_stack[i]));
	c->tss.iomap = sizeof(c->tss);
	c->gdt[0] = 0;
	c->gdt[1] = 0x00cf9b000000ffffull;	/* 0x08 code, 32 bits */
	c->gdt[2] = 0x00af9b000000ffffull;	/* 0x10 code, 64 bits */
	c->gdt[3] = 0x00cf93000000ffffull;	/* 0x18 data */
	c->gdt[4] = 0x00cffb000000ffffull;	/* 0x20 user code, 32 */
	c->gdt[5] = 0x00cff3000000ffffull;	/* 0x28 user data */
	c->gdt[6] = 0x00affb000000ffffull;	/* 0x30 user code, 64 */
	c->gdt[7] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 |
		    0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	c->gdt[8] = tss >> 32;

	struct table_pointer gdtr = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax;"
			 "lretq; 1:"
			 : : "i"(SEL_CODE64) : "rax", "memory");
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%ss"
			 : : "r"(SEL_DATA) : "memory");
	__asm__ volatile("lidt %0" : : "m"(idtr));
	__asm__ volatile("ltr %w0" : : "r"(0x38));
	wrmsr(MSR_GS_BASE, (uint64_t)c);
}

void trap_set_handler(unsigned int vector, trap_fn fn)
{
	handler[vector & 0xff] = fn;
}

static const struct fixup *fixup_find(uint64_t rip)
{
	for (const struct fixup *f = fixup_start; f < fixup_end; f++)
		if (f->insn == rip)
			return f;
	return NULL;
}

_Noreturn static void trap_die(const struct trap_frame *f)
{
	kprintf("KIT: unexpected vector %u error %x at %x:%lx flags %lx "
		"cr2 %lx\n",
		(unsigned int)f->vector, (unsigned int)f->error,
		(unsigned int)f->cs, f->rip, f->rflags, read_cr2());
	kprintf("KIT: rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rsp "
		"%lx rbp %lx cpu %u\n",
		f->rax, f->rbx, f->rcx, f->rdx, f->rsi, f->rdi, f->rsp,
		f->rbp, this_cpu()->index);
	power_end(SHUTDOWN_crash);
}

void trap_handle(struct trap_frame *f)
{
	const struct fixup *fix;
	struct cpu *c = this_cpu();

	if ((f->cs & 3) && (f->vector == VECTOR_USER ||
			    (f->vector < 32 && f->vector != VECTOR_NMI))) {
		c->user = (struct user_result){
			(unsigned int)f->vector, (uint32_t)f->error, f->rax,
			f->rip
		};
		user_leave(c->user_rsp);
	}
	if (f->vector < 32 && f->vector != VECTOR_NMI) {
		fix = fixup_find(f->rip);
		if (fix) {
			f->r15 = FAULT(f->vector, f->error);
			f->rip = fix->resume;
			return;
		}
	}
	if (f->vector == VECTOR_NMI)
		c->nmi_count++;
	if (handler[f->vector])
		handler[f->vector](f);
	else if (f->vector != VECTOR_NMI)
		trap_die(f);
}

struct user_result user_run(void *entry, void *stack, uint64_t argument)
{
	struct cpu *c = this_cpu();

	/* rsp[0] is at an odd multiple of 4: x86 does not mind. */
	user_enter(entry, stack, &c->user_rsp,
		   (uint64_t *)((uint8_t *)&c->tss +
				offsetof(struct tss, rsp)), argument);
	/* user_leave() came from an interrupt gate: IF is clear. */
	irq_on();
	return c->user;
}
