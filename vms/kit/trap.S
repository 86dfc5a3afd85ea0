/* SPDX-License-Identifier: MIT */
/*
 * 256 interrupt entries, and the way to CPL 3 and back.
 *
 *  A1  every entry leaves the same struct trap_frame on the stack;
 *  A2  no floating-point register is touched: the kit is compiled without
 *      them, so a test's own values survive any interrupt.
 */
	.text
	.code64
	.globl trap_entry_table
	.balign 16
trap_entry_table:
	vector = 0
	.rept 256
	.balign 16
	.if (vector == 8) || (vector >= 10 && vector <= 14) || \
	    (vector == 17) || (vector == 21) || (vector == 29) || \
	    (vector == 30)
	.else
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	vector = vector + 1
	.endr

trap_common:
	cld
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	movq %rsp, %rbx
	andq $-16, %rsp
	call trap_handle
	movq %rbx, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	addq $16, %rsp
	iretq

/*
 * void user_enter(void *entry, void *stack, uint64_t *saved_rsp,
 *                 uint64_t *rsp0, uint64_t argument)
 */
	.globl user_enter, user_leave
user_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdx)
	movq %rsp, %rax
	andq $-16, %rax
	movq %rax, (%rcx)
	pushq $0x2b			/* user data */
	pushq %rsi
	pushq $0x202
	pushq $0x33			/* user code, 64 bits */
	pushq %rdi
	movq %r8, %rdi
	iretq

/* void user_leave(uint64_t saved_rsp): returns from user_enter() */
user_leave:
	movq %rdi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	.section .note.GNU-stack, "", @progbits
