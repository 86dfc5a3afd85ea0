/* SPDX-License-Identifier: MIT */
/*
 * The way in. Boot loaders (Multiboot 1 and 2) start the boot CPU at
 * boot_entry, in 32-bit mode without paging; the other CPUs come from
 * trampoline_start, a copy of which lies below 1 MiB, in 16-bit mode. Both
 * meet at to_long_mode with EDI, ESI = magic and address of the loader's
 * information, or EDI = 0 for the other CPUs, which must not use any stack
 * before they have found their own.
 */
#include "arch/x86/desc.h"
#include "arch/x86/layout.h"

#define PHYS(symbol)	(symbol - IMAGE_BASE)

#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x00010003	/* aligned modules, memory, addresses */
#define MB2_MAGIC	0xe85250d6

#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900
#define CR0_WANTED	0x80010033	/* PG WP NE ET MP PE; caches on */
#define PTE_TABLE	0x03		/* present, writable */
#define PTE_LARGE	0x83
#define BOOT_STACK_SIZE	16384

	.section .multiboot, "ax"
	.balign 8
mb1_header:
	.long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
	.long PHYS(mb1_header), PHYS(image_start), PHYS(image_load_end)
	.long PHYS(image_end), PHYS(boot_entry)

	.balign 8			/* each tag is, too */
mb2_header:
	.long MB2_MAGIC, 0, mb2_end - mb2_header
	.long -(MB2_MAGIC + mb2_end - mb2_header)
	.short 1, 1				/* information, optional */
	.long 8 + 4 * 4
	.long 3, 6, 14, 15			/* modules, map, RSDP 1, 2 */
	.short 2, 0				/* addresses */
	.long 24
	.long PHYS(mb2_header), PHYS(image_start)
	.long PHYS(image_load_end), PHYS(image_end)
	.short 3, 0				/* entry */
	.long 12
	.long PHYS(boot_entry)
	.balign 8
	.short 6, 0				/* modules on page boundaries */
	.long 8
	.short 0, 0
	.long 8
mb2_end:

	.text
	.code32
	.globl boot_entry
boot_entry:
	cli
	cld
	movl %eax, %edi
	movl %ebx, %esi

	/* Without long mode there is nothing that we could do. */
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx
	jnc no_long_mode

to_long_mode:
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $PHYS(boot_pml4), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl $CR0_WANTED, %eax
	movl %eax, %cr0
	lgdt PHYS(boot_gdtr)		/* in C each CPU gets its own */
	ljmp $SELECTOR_CODE, $PHYS(long_mode)

	/* "no 64-bit CPU" on the first serial port, whatever its speed. */
no_long_mode:
	movl $PHYS(no_long_mode_text), %esi
	movl $0x3f8, %edx
3:	lodsb
	testb %al, %al
	jz 4f
	outb %al, %dx
	jmp 3b
4:	hlt
	jmp 4b

	.code64
long_mode:
	movabsq $long_mode_high, %rax
	jmp *%rax
long_mode_high:
	xorl %eax, %eax
	.irp segment, ds, es, ss, fs, gs
	movl %eax, %\segment
	.endr
	xorl %ebp, %ebp			/* ends every back-trace */
	testl %edi, %edi
	jz other_cpu
	movl %edi, %edi			/* the upper halves are undefined */
	movl %esi, %esi
	leaq boot_stack + BOOT_STACK_SIZE(%rip), %rsp
	call x86_boot			/* (magic, information) */
	ud2

	/* Which CPU is this? Its APIC id tells, its stack is in the table. */
other_cpu:
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	leaq cpu_local_table(%rip), %rdi
	movl cpu_count(%rip), %ecx
7:	decl %ecx
	js 8f
	cmpl %ebx, CPU_LOCAL_APIC_ID(%rdi)
	je 9f
	addq $CPU_LOCAL_SIZE, %rdi
	jmp 7b
8:	hlt				/* not in the MADT: stay out */
	jmp 8b
9:	movq paging_root(%rip), %rax
	movq %rax, %cr3
	movq CPU_LOCAL_STACK_TOP(%rdi), %rsp
	call smp_cpu_entry		/* (cpu) */
	ud2

	/* paging_enter(root, stack): the boot tables are left here. */
	.globl paging_enter
paging_enter:
	movq %rdi, %cr3
	movq %rsi, %rsp
	xorl %ebp, %ebp
	call boot_finish
	ud2

	.section .rodata
no_long_mode_text:
	.asciz "bulkhead: no 64-bit CPU\r\n"
	.balign 8
boot_gdt:				/* code and data, then 32-bit code */
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff

	/*
	 * The other CPUs' first steps, in 16-bit mode at any page: CS tells
	 * which. From here all addresses are those of the image.
	 */
	.globl trampoline_start, trampoline_end
trampoline_start:
	.code16
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl boot_gdtr - trampoline_start
	movl %cr0, %eax
	orl $1, %eax
	andl $0x9fffffff, %eax		/* caches on */
	movl %eax, %cr0
	ljmpl $0x18, $PHYS(trampoline_32)
	.balign 4
boot_gdtr:
	.short 31
	.long PHYS(boot_gdt)
trampoline_end:

	.text
	.code32
trampoline_32:
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	xorl %edi, %edi
	jmp to_long_mode

	/* The lowest 4 GiB, at 0, at IMAGE_BASE and at DIRECT_BASE. */
	.data
	.balign 4096
	.globl boot_pml4
boot_pml4:
	.quad PHYS(boot_pdpt) + PTE_TABLE
	.org boot_pml4 + 8 * ((IMAGE_BASE >> 39) & 511)
	.quad PHYS(boot_pdpt) + PTE_TABLE
	.org boot_pml4 + 8 * ((DIRECT_BASE >> 39) & 511)
	.quad PHYS(boot_pdpt) + PTE_TABLE
	.org boot_pml4 + 4096
boot_pdpt:
	.set at, 0
	.rept 4
	.quad PHYS(boot_pd) + at * 4096 + PTE_TABLE
	.set at, at + 1
	.endr
	.org boot_pdpt + 4096
boot_pd:
	.set at, 0
	.rept 2048
	.quad at * 0x200000 + PTE_LARGE
	.set at, at + 1
	.endr

	.bss
	.balign 4096
	.globl boot_stack, boot_stack_end
boot_stack:
	.skip BOOT_STACK_SIZE
boot_stack_end:
