/* SPDX-License-Identifier: MIT */
/*
 * Clearing and copying with the widest moves. A guest's vector registers may
 * be live here: what is used is saved and put back. 32-byte moves are used
 * only if XCR0, which may be the guest's, has AVX on and AVX-512 off, since a
 * VEX-coded write clears the rest of a longer register.
 */
	/* Jumps to \other unless they may be. Uses rax, rcx, rdx. */
	.macro need_avx other
	movq %cr4, %rax
	btl $18, %eax			/* OSXSAVE: XGETBV exists */
	jnc \other
	xorl %ecx, %ecx
	xgetbv
	andl $0xe6, %eax
	cmpl $0x06, %eax
	jne \other
	.endm

	/* Clears 4 KiB at RDI by moves of size bytes, 64 of them in a turn. */
	.macro clear_frame unaligned, aligned, zero, register, size
	subq $32, %rsp
	\unaligned %\register, (%rsp)
	\zero
	movl $64 / \size, %ecx
1:	.set at, 0
	.rept 64
	\aligned %\register, at(%rdi)
	.set at, at + \size
	.endr
	addq $64 * \size, %rdi
	decl %ecx
	jnz 1b
	\unaligned (%rsp), %\register
	addq $32, %rsp
	ret
	.endm

	.text
	.balign 16
	.globl arch_frame_scrub
arch_frame_scrub:			/* (mfn) */
	shlq $12, %rdi
	movabsq $0xffff810000000000, %rax	/* DIRECT_BASE */
	addq %rax, %rdi
	need_avx 2f			/* else legacy SSE */
	clear_frame vmovdqu, vmovdqa, "vpxor %xmm0, %xmm0, %xmm0", ymm0, 32
2:	clear_frame movups, movaps, "xorps %xmm0, %xmm0", xmm0, 16

	.balign 16
	.globl arch_copy
arch_copy:				/* (to, from, size) */
	movq %rdx, %r8
	cmpq $256, %rdx
	jb 2f
	need_avx 2f
	subq $128, %rsp
	.irp n, 0, 1, 2, 3
	vmovdqu %ymm\n, \n * 32(%rsp)
	.endr
1:	.irp at, 0, 128
	.irp n, 0, 1, 2, 3
	vmovdqu \at + \n * 32(%rsi), %ymm\n
	.endr
	.irp n, 0, 1, 2, 3
	vmovdqu %ymm\n, \at + \n * 32(%rdi)
	.endr
	.endr
	addq $256, %rsi
	addq $256, %rdi
	subq $256, %r8
	cmpq $256, %r8
	jae 1b
	.irp n, 0, 1, 2, 3
	vmovdqu \n * 32(%rsp), %ymm\n
	.endr
	addq $128, %rsp
2:	movq %r8, %rcx
	shrq $3, %rcx
	rep movsq
	movl %r8d, %ecx
	andl $7, %ecx
	rep movsb
	ret
