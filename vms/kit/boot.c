/* SPDX-License-Identifier: MIT */
/*
 * From the first C instruction to main().
 *
 *  B1  start_info, memory map, module list and command line are copied
 *      before the first page is allocated;
 *  B2  without a Xen signature main() runs all the same, with the console on
 *      the debug ports: enough to test the kit on a plain emulator.
 */
#include "boot.h"
#include "console.h"
#include "event.h"
#include "memory.h"
#include "power.h"
#include "string.h"
#include "trap.h"
#include "xen.h"
#include <xen/sched.h>

struct boot boot;
void boot_main(void);

static void boot_copy(void)
{
	const struct hvm_start_info *info = (void *)(uint64_t)entry_state.ebx;
	const char *command;

	if (info->magic != XEN_HVM_START_MAGIC_VALUE)
		return;
	boot.info = *info;
	boot.memmap_count = info->version >= 1 ? info->memmap_entries : 0;
	if (boot.memmap_count > BOOT_MEMMAP_MAX)
		boot.memmap_count = BOOT_MEMMAP_MAX;
	memcpy(boot.memmap, (void *)info->memmap_paddr,
	       boot.memmap_count * sizeof(boot.memmap[0]));
	boot.module_count = info->nr_modules;
	if (boot.module_count > BOOT_MODULE_MAX)
		boot.module_count = BOOT_MODULE_MAX;
	memcpy(boot.module, (void *)info->modlist_paddr,
	       boot.module_count * sizeof(boot.module[0]));
	command = (const char *)info->cmdline_paddr;
	for (unsigned int i = 0; command && i < BOOT_COMMAND_MAX - 1; i++) {
		boot.command[i] = command[i];
		if (!command[i])
			break;
	}
}

bool boot_argument(const char *name, char *text, unsigned int size)
{
	size_t length = strlen(name);

	for (const char *at = boot.command; *at;) {
		while (*at == ' ')
			at++;
		if (!strncmp(at, name, length) && at[length] == '=') {
			unsigned int n = 0;

			for (at += length + 1; *at && *at != ' '; at++)
				if (n + 1 < size)
					text[n++] = *at;
			text[n] = '\0';
			return true;
		}
		while (*at && *at != ' ')
			at++;
	}
	return false;
}

uint64_t boot_number(const char *name, uint64_t fallback)
{
	char text[24];
	uint64_t v = 0;

	if (!boot_argument(name, text, sizeof(text)))
		return fallback;
	for (unsigned int i = 0; text[i] >= '0' && text[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(text[i] - '0');
	return v;
}

void boot_main(void)
{
	trap_init_cpu(0);
	boot_copy();
	xen_detect();
	if (boot.info.magic != XEN_HVM_START_MAGIC_VALUE) {
		kprintf("KIT: no start_info at %x\n", entry_state.ebx);
		power_end(SHUTDOWN_crash);
	}
	memory_init();
	if (xen_present()) {
		xen_init();
		event_init_cpu();
	}
	irq_on();
	power_end(main() ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}
