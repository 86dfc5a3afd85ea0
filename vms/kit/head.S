/* SPDX-License-Identifier: MIT */
/*
 * The first instructions: PVH entry of the boot CPU, the real-mode
 * trampoline of the others, and the common way into 64-bit mode.
 *
 *  H1  the registers found at the PVH entry are recorded before any of them
 *      changes, so that a test can judge the loader;
 *  H2  both ways meet in head_long with a GDT, paging and a stack;
 *  H3  the trampoline is position independent below 1 MiB: it uses only CS.
 */
#define SEL_CODE32	0x08
#define SEL_CODE64	0x10
#define SEL_DATA	0x18
#define PTE_TABLE	0x7
#define PTE_LARGE	0x83
#define MSR_EFER	0xc0000080
#define EFER_NXE_LME	0x900
#define CR4_PAE_FXSR	0x620
#define CR0_LONG	0x80010033

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad head_start

	.section .text.head, "ax"
	.code32
	.globl head_start
head_start:
	movl %ebx, entry_state + 0
	movl %esp, entry_state + 4
	movl %cr0, %eax
	movl %eax, entry_state + 8
	movl %cr3, %eax
	movl %eax, entry_state + 12
	movl %cr4, %eax
	movl %eax, entry_state + 16
	movw %cs, entry_state + 24
	movw %ds, entry_state + 26
	movw %es, entry_state + 28
	movw %ss, entry_state + 30
	str entry_state + 32
	movl %dr6, %eax
	movl %eax, entry_state + 36
	movl %dr7, %eax
	movl %eax, entry_state + 40
	movl $MSR_EFER, %ecx
	rdmsr
	movl %eax, entry_state + 44
	movl $boot_stack_end, %esp
	pushfl
	popl entry_state + 20
	cld
	lgdtl head_gdt_pointer
	ljmpl $SEL_CODE32, $1f
1:	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss

	/* Identity map of the low 4 GiB in 2 MiB pages. */
	movl $head_pdpt + PTE_TABLE, head_pml4
	movl $head_pd + PTE_TABLE, %eax
	movl $head_pdpt, %edi
	movl $4, %ecx
2:	movl %eax, (%edi)
	addl $0x1000, %eax
	addl $8, %edi
	loop 2b
	movl $PTE_LARGE, %eax
	movl $head_pd, %edi
	movl $2048, %ecx
3:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 3b
	movl $boot_stack_end, head_stack
	xorl %ebp, %ebp

	/* %ebp = CPU index, head_stack = its stack, flat segments loaded. */
head_protected:
	movl $CR4_PAE_FXSR, %eax
	movl %eax, %cr4
	movl $head_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $EFER_NXE_LME, %eax
	wrmsr
	movl $CR0_LONG, %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE64, $head_long

	.code64
head_long:
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl head_stack, %esp
	movl %ebp, %edi
	xorl %ebp, %ebp
	testl %edi, %edi
	jnz 4f
	call boot_main
4:	call smp_ap_main
	ud2

	/* Copied to a page below 1 MiB; %cs is that page. */
	.code16
	.globl trampoline_start, trampoline_end
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl trampoline_gdt - trampoline_start
	movl %cr0, %eax
	andl $0x9fffffff, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE32, $trampoline_protected
	.balign 4
trampoline_gdt:
	.word head_gdt_end - head_gdt - 1
	.long head_gdt
trampoline_end:

	.code32
trampoline_protected:
	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl head_cpu, %ebp
	jmp head_protected

	.section .rodata
	.balign 8
head_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 32-bit code */
	.quad 0x00af9b000000ffff	/* 64-bit code */
	.quad 0x00cf93000000ffff	/* data */
head_gdt_end:
head_gdt_pointer:
	.word head_gdt_end - head_gdt - 1
	.long head_gdt

	.data
	.balign 8
	.globl entry_state, head_cpu, head_stack, head_pml4
entry_state:
	.fill 48, 1, 0
head_cpu:
	.long 0
head_stack:
	.long 0

	.bss
	.balign 0x1000
head_pml4:
	.skip 0x1000
head_pdpt:
	.skip 0x1000
head_pd:
	.skip 0x4000
	.skip 0x4000
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
