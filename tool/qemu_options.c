/* SPDX-License-Identifier: MIT */
/*
 * Which QEMU, which VMM, which accelerator: the options that all commands
 * share which start a machine.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

char *program_find(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return runnable(name) ? text_copy(name) : NULL;
	/* grub-mkrescue and its like are in sbin, which users may lack. */
	char *all = text_format("%s:/usr/sbin:/sbin",
				path ? path : "/usr/bin:/bin");
	char *rest = all, *folder, *found = NULL;

	while (!found && (folder = strsep(&rest, ":"))) {
		char *file = path_join(*folder ? folder : ".", name);

		if (runnable(file))
			found = file;
		else
			free(file);
	}
	free(all);
	return found;
}

/* The VMM drives AMD's SVM; under Intel's KVM it would find nothing. */
bool qemu_kvm_nests(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	char c = '0';

	if (fd < 0)
		return false;
	close(fd);
	fd = open("/sys/module/kvm_amd/parameters/nested",
		  O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool nests = read(fd, &c, 1) == 1 && (c == '1' || c == 'Y');

	close(fd);
	return nests;
}

char *qemu_vmm_path(const char *given)
{
	static const char *const places[] = { "build/vmm/bulkhead.elf",
					      "../vmm/bulkhead.elf",
					      "../lib/bulkhead/bulkhead.elf" };
	const char *environment = getenv("BULKHEAD_VMM");

	if (given)
		return text_copy(given);
	if (environment && *environment)
		return text_copy(environment);
	char *folder = tool_folder(), *path = NULL;

	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		free(path);
		path = path_join(folder, places[i]);
		if (access(path, R_OK) == 0)
			break;
		if (i + 1 == ARRAY_COUNT(places)) {
			free(path);
			path = path_join(folder, places[0]);
		}
	}
	free(folder);
	return path;
}

static bool accel_read(const struct arguments *a, struct qemu_options *out)
{
	const char *accel = argument_value(a, "accel", NULL);

	if (accel && !text_equal(accel, "kvm") && !text_equal(accel, "tcg")) {
		complain("--accel is '%s': write kvm or tcg", accel);
		return false;
	}
	if (out->icount && accel && text_equal(accel, "kvm")) {
		complain("--icount works with --accel tcg only");
		return false;
	}
	if (accel && text_equal(accel, "kvm") && !qemu_kvm_nests()) {
		complain("--accel kvm needs an AMD processor, a usable "
			 "/dev/kvm and nested=1: see `bulkhead doctor`, or "
			 "write --accel tcg");
		return false;
	}
	out->kvm = accel ? text_equal(accel, "kvm")
			 : !out->icount && qemu_kvm_nests();
	return true;
}

bool qemu_options_read(const struct arguments *a, struct qemu_options *out)
{
	static const uint64_t ports[2] = { 1, 65535 };
	static const uint64_t seconds[2] = { 1, 1u << 30 };

	*out = (struct qemu_options){ .given = a };
	out->program = argument_value(a, "qemu", "qemu-system-x86_64");
	out->icount = argument_flag(a, "icount");
	out->verbose = argument_flag(a, "verbose");
	out->save = argument_value(a, "save-modules", NULL);
	out->http = argument_value(a, "http", NULL);
	if (!accel_read(a, out) ||
	    !argument_number(a, "gdb", ports, &out->gdb_port) ||
	    !argument_number(a, "port", ports, &out->port) ||
	    !argument_number(a, "timeout", seconds, &out->timeout))
		return false;
	out->vmm = qemu_vmm_path(argument_value(a, "vmm", NULL));
	if (access(out->vmm, R_OK) == 0)
		return true;
	complain("the VMM's image %s cannot be read (%s): build it with "
		 "`make`, or write --vmm PATH",
		 out->vmm, strerror(errno));
	qemu_options_free(out);
	return false;
}

void qemu_options_free(struct qemu_options *o)
{
	free(o->vmm);
	o->vmm = NULL;
}
