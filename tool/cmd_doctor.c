/* SPDX-License-Identifier: MIT */
/*
 * bulkhead doctor: what this host has, lacks, and what to do about it.
 */
#include "qemu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QEMU_OLDEST  7u	   /* major version the VMM is tested on */
#define MEMORY_LEAST 1024u /* MiB free */

static void good(const char *what, const char *detail)
{
	printf("ok       %-22s %s\n", what, detail);
}

/* `needed`: without it nothing runs; otherwise something is slower or off. */
static bool lacking(const char *what, const char *advice, bool needed)
{
	printf("%-8s %-22s %s\n", needed ? "missing" : "absent", what, advice);
	return !needed;
}

static bool qemu_check(void)
{
	char *program = program_find("qemu-system-x86_64");
	unsigned int major = 0, minor = 0;
	char line[128] = "";

	if (!program)
		return lacking("QEMU", "apt install qemu-system-x86", true);
	char *command = text_format("'%s' --version 2>/dev/null", program);
	FILE *f = popen(command, "re");

	if (f && fgets(line, sizeof(line), f))
		sscanf(line, "QEMU emulator version %u.%u", &major, &minor);
	if (f)
		pclose(f);
	free(command);
	char *detail = text_format("%s, version %u.%u", program, major, minor);
	bool fine = major >= QEMU_OLDEST;

	if (fine)
		good("QEMU", detail);
	else
		lacking("QEMU",
			"7.0 or later is needed: apt install "
			"qemu-system-x86",
			true);
	free(detail);
	free(program);
	return fine;
}

static void kvm_check(void)
{
	if (qemu_kvm_nests())
		good("KVM", "nested virtualisation works: fast");
	else if (access("/dev/kvm", F_OK) < 0)
		lacking("KVM",
			"no /dev/kvm: QEMU emulates the CPU, which is "
			"slower",
			false);
	else if (access("/dev/kvm", R_OK | W_OK) < 0)
		lacking("KVM",
			"/dev/kvm is not yours to use: adduser $USER "
			"kvm, then log in again",
			false);
	else if (access("/sys/module/kvm_amd", F_OK) < 0)
		lacking("KVM",
			"kvm_amd is not there, and the VMM needs an AMD "
			"processor: QEMU emulates one, which is slower",
			false);
	else
		lacking("KVM",
			"no nesting: modprobe -r kvm_amd; modprobe kvm_amd "
			"nested=1",
			false);
}

static bool tool_check(const char *program, const char *package,
		       const char *purpose)
{
	char *path = program_find(program);
	char *words =
		path ? text_format("%s", path)
		     : text_format("apt install %s (for %s)", package, purpose);

	if (path)
		good(program, words);
	else
		lacking(program, words, false);
	free(words);
	free(path);
	return true;
}

static bool vmm_check(void)
{
	char *path = qemu_vmm_path(NULL);
	bool there = access(path, R_OK) == 0;

	if (there)
		good("VMM image", path);
	else
		lacking("VMM image", "build it with `make`", true);
	free(path);
	return there;
}

static bool memory_check(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	char *words = text_format("%lu MiB available%s", kib >> 10,
				  kib >> 10 < MEMORY_LEAST
					  ? ": end other programs, or make "
					    "VMs small"
					  : "");
	if (kib >> 10 < MEMORY_LEAST)
		lacking("memory", words, false);
	else
		good("memory", words);
	free(words);
	return true;
}

static void folder_check(const char *folder, const char *package)
{
	if (access(folder, R_OK) == 0) {
		good("GRUB", folder);
		return;
	}
	char *words = text_format("apt install %s (for `build`)", package);

	lacking("GRUB", words, false);
	free(words);
}

int cmd_doctor(const struct arguments *a)
{
	(void)a;
	bool fine = qemu_check();

	kvm_check();
	fine = vmm_check() && fine;
	memory_check();
	tool_check("grub-mkrescue", "grub-common", "`build`");
	tool_check("xorriso", "xorriso", "`build`");
	tool_check("mformat", "mtools", "`build`");
	folder_check("/usr/lib/grub/i386-pc", "grub-pc-bin");
	folder_check("/usr/lib/grub/x86_64-efi", "grub-efi-amd64-bin");
	tool_check("gdb", "gdb", "`gdb`");
	puts(fine ? "\nAll that `run` and `boot` need is there."
		  : "\nSomething is missing: see above.");
	return fine ? EXIT_GOOD : EXIT_BAD;
}
