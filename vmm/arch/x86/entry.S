/* SPDX-License-Identifier: MIT */
/*
 * 256 interrupt stubs, 16 bytes apart, that leave struct trap_regs on the
 * stack for trap_handle(). Exceptions 8, 10-14, 17, 21, 29 and 30 bring an
 * error code; the other stubs push a 0. GS is the VMM's at all times.
 */
	.text
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if !((vector == 8) || (vector >= 10 && vector <= 14) || \
	      (vector == 17) || (vector == 21) || (vector == 29) || \
	      (vector == 30))
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	.set vector, vector + 1
	.endr

trap_common:
	.irp reg, ax, bx, cx, dx, si, di, bp, 8, 9, 10, 11, 12, 13, 14, 15
	pushq %r\reg
	.endr
	cld
	movq %rsp, %rdi
	call trap_handle
	.irp reg, 15, 14, 13, 12, 11, 10, 9, 8, bp, di, si, dx, cx, bx, ax
	popq %r\reg
	.endr
	addq $16, %rsp
	iretq
