/* SPDX-License-Identifier: MIT */
/*
 * console_io: output before the guest has a console, 512 bytes between two
 * preemption points. Bytes that a terminal could take for commands are left
 * out; a guest's real console is its ring.
 */
#include "abi/table.h"
#include "core/gmem.h"
#include "vdev/console.h"

#define SLICE	512u

static bool is_plain(char c)
{
	return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
}

static int64_t write(struct vcpu *v, uint32_t count, uint64_t va)
{
	char text[SLICE];
	uint32_t size = MIN(count, SLICE), kept = 0;

	if (gmem_read(v, text, va, size))
		return -XEN_EFAULT;
	for (uint32_t i = 0; i < size; i++)
		if (is_plain(text[i]))
			text[kept++] = text[i];

	console_put(v->domain, text, kept);
	if (count == size)
		return 0;
	v->regs.rsi = count - size;
	v->regs.rdx = va + size;
	return HYPERCALL_AGAIN;
}

int64_t do_console_io(struct vcpu *v)
{
	switch ((uint32_t)v->regs.rdi) {
	case CONSOLEIO_write:
		return write(v, (uint32_t)v->regs.rsi, v->regs.rdx);
	case CONSOLEIO_read:
		return 0;	/* input goes to the ring */
	default:
		return -XEN_ENOSYS;
	}
}
