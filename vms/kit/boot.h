/* SPDX-License-Identifier: MIT */
/*
 * What the loader handed over, copied before anything can overwrite it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#define BOOT_MEMMAP_MAX		127u
#define BOOT_COMMAND_MAX	1024u
#define BOOT_MODULE_MAX		8u

/* Registers at the PVH entry; the layout is head.S's. */
struct entry_state {
	uint32_t ebx, esp, cr0, cr3, cr4, eflags;
	uint16_t cs, ds, es, ss, tr, pad;
	uint32_t dr6, dr7, efer;
};

struct boot {
	struct hvm_start_info info;
	struct hvm_memmap_table_entry memmap[BOOT_MEMMAP_MAX];
	unsigned int memmap_count;
	struct hvm_modlist_entry module[BOOT_MODULE_MAX];
	unsigned int module_count;
	char command[BOOT_COMMAND_MAX];
};

extern const struct entry_state entry_state;
extern struct boot boot;
extern uint8_t image_start[], image_end[];

/* The program: what the kit calls when all is set up (see boot.c). */
int main(void);

/*
 * The value of name=value on the command line, copied into a static buffer
 * per call site's choice: text is the caller's. False if it is absent.
 */
bool boot_argument(const char *name, char *text, unsigned int size);
/* The same as a decimal number, or fallback. */
uint64_t boot_number(const char *name, uint64_t fallback);
