/* SPDX-License-Identifier: MIT */
/*
 * Into a guest and back. GIF is 0 from CLGI to STGI, so that nothing comes
 * between the loading of the guest's and the restoring of the host's FS, GS,
 * TR and system-call MSRs. STI lets physical interrupts end the guest; the
 * NOP keeps its shadow out of it.
 */
#define REG(n)	(8 * (n))	/* struct guest_regs: hardware order */

	.text

/*
 * RDI: struct guest_regs, RSI: the VMCB's address, RDX: that of the host's.
 * Keeps RBP and RSP; called by insn_svm_enter() alone.
 */
	.globl svm_enter, svm_enter_end
svm_enter:
	pushq %rbp
	pushq %rdi
	pushq %rdx
	clgi
	movq %rsi, %rax
	vmload %rax
	.irp reg, 8, 9, 10, 11, 12, 13, 14, 15
	movq REG(\reg)(%rdi), %r\reg
	.endr
	movq REG(1)(%rdi), %rcx
	movq REG(2)(%rdi), %rdx
	movq REG(3)(%rdi), %rbx
	movq REG(5)(%rdi), %rbp
	movq REG(6)(%rdi), %rsi
	movq REG(7)(%rdi), %rdi
	sti
	nop
	vmrun %rax
	cli
	vmsave %rax
	popq %rax
	vmload %rax
	popq %rax
	movq %rcx, REG(1)(%rax)
	movq %rdx, REG(2)(%rax)
	movq %rbx, REG(3)(%rax)
	movq %rbp, REG(5)(%rax)
	movq %rsi, REG(6)(%rax)
	movq %rdi, REG(7)(%rax)
	.irp reg, 8, 9, 10, 11, 12, 13, 14, 15
	movq %r\reg, REG(\reg)(%rax)
	.endr
	stgi
	popq %rbp
	ret
svm_enter_end:

/*
 * void fill_return_stack(void): no return of the VMM is predicted from what
 * a guest left in the return stack buffer.
 */
	.globl fill_return_stack
fill_return_stack:
	.rept 32
	call 1f
	int3
1:
	.endr
	addq $8 * 32, %rsp
	ret

	.section .note.GNU-stack, "", @progbits
