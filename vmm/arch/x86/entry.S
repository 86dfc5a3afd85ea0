/* SPDX-License-Identifier: MIT */
/*
 * 256 interrupt stubs, 16 bytes apart, that leave struct trap_regs on the
 * stack for trap_handle(). Where no error code comes, a stub pushes a 0. GS is
 * the VMM's at all times.
 */
#include "arch/x86/desc.h"

	.text
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if vector > 31 || !(PUSH_ERROR >> (vector & 31) & 1)
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
