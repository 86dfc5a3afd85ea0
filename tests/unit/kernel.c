/* SPDX-License-Identifier: MIT */
/* Small PVH kernels for tests. */
#include "kernel.h"
#include <string.h>

struct note {
	Elf64_Nhdr header;
	char owner[4];
	uint32_t value;
};

static const Elf64_Phdr loads[KERNEL_LOADS] = {
	{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 2048,
	  .p_paddr = 0x100000, .p_filesz = 2500, .p_memsz = 2500 },
	{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 4548,
	  .p_paddr = 0x102100, .p_filesz = 3644, .p_memsz = 9000 },
	{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0,
	  .p_paddr = 0x108000, .p_filesz = 0, .p_memsz = 0x1234 },
};

void kernel_make(struct kernel *kernel)
{
	struct note note = { { 4, 4, 18 }, "Xen", 0x100010 };

	for (size_t i = 0; i < KERNEL_SIZE; i++)
		kernel->bytes[i] = (uint8_t)(i * 7 + i / 256 + 1);
	memset(&kernel->header, 0, sizeof(kernel->header));
	memcpy(kernel->header.e_ident, "\177ELF\2\1\1", 7);
	kernel->header.e_type = ET_EXEC;
	kernel->header.e_machine = EM_X86_64;
	kernel->header.e_version = 1;
	kernel->header.e_phoff = sizeof(kernel->header);
	kernel->header.e_phentsize = sizeof(Elf64_Phdr);
	kernel->header.e_phnum = KERNEL_LOADS + 1;
	memcpy(kernel->segment, loads, sizeof(loads));
	kernel->segment[KERNEL_LOADS] = (Elf64_Phdr){
		.p_type = PT_NOTE, .p_offset = KERNEL_NOTE,
		.p_filesz = sizeof(note), .p_align = 4,
	};
	memcpy(kernel->bytes + KERNEL_NOTE, &note, sizeof(note));
}

void kernel_move(struct kernel *kernel, uint64_t by)
{
	struct note *note = (void *)(kernel->bytes + KERNEL_NOTE);

	note->value += (uint32_t)by;
	for (unsigned int i = 0; i < KERNEL_LOADS; i++)
		kernel->segment[i].p_paddr += by;
}
