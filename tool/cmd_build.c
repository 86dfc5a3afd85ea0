/* SPDX-License-Identifier: MIT */
/*
 * bulkhead build: a machine as a folder of modules or as a bootable ISO.
 * Equal input makes equal bytes: dates, identifiers and the FAT serial
 * number are fixed. The last has no option in grub-mkrescue, so a mformat
 * of ours, which adds it, stands before the real one in PATH.
 */
#include "qemu.h"
#include "progress.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUILD_EPOCH "1767225600" /* 1 January 2026 */

static int cannot_write(const char *path, int err)
{
	return complain("%s cannot be written (%s)", path, strerror(err));
}

static int put_file(const char *folder, const char *name, const void *bytes,
		    size_t size)
{
	char *path = path_join(folder, name);
	int err = file_write(path, bytes, size);

	if (err)
		cannot_write(path, err);
	free(path);
	return err ? EXIT_BAD : EXIT_GOOD;
}

static int put_modules(const char *folder, const struct machine *m)
{
	int status = EXIT_GOOD;

	for (size_t i = 0; !status && i < m->module_count; i++) {
		const struct module *x = &m->module[i];
		char *name = text_format("module%zu", i + 1);
		void *map =
			mmap(NULL, x->size, PROT_READ, MAP_PRIVATE, x->fd, 0);

		if (map == MAP_FAILED) {
			status = complain("%s cannot be read (%s)", x->path,
					  strerror(errno));
		} else {
			status = put_file(folder, name, map, x->size);
			munmap(map, x->size);
		}
		free(name);
	}
	return status;
}

static void grub_config(const struct machine *m, const char *prefix,
			struct text *t)
{
	text_add(t,
		 "serial --unit=0 --speed=115200\n"
		 "terminal_input serial console\n"
		 "terminal_output serial console\n"
		 "set timeout=0\nset default=0\n"
		 "menuentry \"%s\" {\n"
		 "\tmultiboot2 %s/bulkhead.elf\n"
		 "\tmodule2 --nounzip %s/launch.dtb launch.dtb\n",
		 m->name, prefix, prefix);
	for (size_t i = 0; i < m->module_count; i++)
		text_add(t, "\tmodule2 --nounzip %s/module%zu module%zu\n",
			 prefix, i + 1, i + 1);
	text_add(t, "}\n");
}

/* The VMM, the tree and the modules into `folder`. */
static int put_payload(const struct machine *m, const char *vmm,
		       const char *folder)
{
	struct blob image, tree;
	int err = folder_make(folder, 0777);

	if (err)
		return cannot_write(folder, err);
	err = file_read(vmm, UINT32_MAX, &image);
	if (err)
		return complain("the VMM's image %s cannot be read (%s): build "
				"it with `make`, or write --vmm PATH",
				vmm, strerror(err));
	tree = tree_make(m);
	int status = put_file(folder, "bulkhead.elf", image.at, image.size);

	if (!status)
		status = put_file(folder, "launch.dtb", tree.at, tree.size);
	if (!status)
		status = put_modules(folder, m);
	blob_free(&image);
	blob_free(&tree);
	return status;
}

static int build_folder(const struct machine *m, const char *vmm,
			const char *out)
{
	struct text grub = { 0 };
	int status = put_payload(m, vmm, out);

	grub_config(m, "/boot", &grub);
	if (!status)
		status = put_file(out, "grub.cfg", grub.at, grub.length);
	text_free(&grub);
	if (!status)
		printf("%s: bulkhead.elf, launch.dtb, %zu modules and "
		       "grub.cfg, which expects them in /boot\n",
		       out, m->module_count);
	return status;
}

static bool tools_present(void)
{
	static const char *const needed[][2] = {
		{ "grub-mkrescue", "grub-common" },
		{ "xorriso", "xorriso" },
		{ "mformat", "mtools" },
		{ "/usr/lib/grub/i386-pc", "grub-pc-bin" },
		{ "/usr/lib/grub/x86_64-efi", "grub-efi-amd64-bin" },
	};
	bool all = true;

	for (size_t i = 0; i < ARRAY_COUNT(needed); i++) {
		const char *name = needed[i][0];
		char *path = *name == '/' ? NULL : program_find(name);
		bool there = *name == '/' ? access(name, R_OK) == 0
					  : path != NULL;

		if (!there)
			complain("%s is missing: install it with `apt install "
				 "%s`",
				 name, needed[i][1]);
		free(path);
		all = all && there;
	}
	return all;
}

/* Removes what a build left in its private folder, which has no links. */
static void folder_remove(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static int wrapper_write(const char *bin)
{
	char *mformat = program_find("mformat");
	char *script = text_format("#!/bin/sh\nexec '%s' -N 42554c4b \"$@\"\n",
				   mformat ? mformat : "mformat");
	char *path = path_join(bin, "mformat");
	int status = put_file(bin, "mformat", script, strlen(script));

	if (!status && chmod(path, 0755) < 0)
		status = cannot_write(path, errno);
	free(path);
	free(script);
	free(mformat);
	return status;
}

/* YYYYMMDDhhmmsscc, the form in which an ISO has its identifier. */
static bool iso_date(const char *epoch, char out[24])
{
	char *end;
	long long n = strtoll(epoch, &end, 10);
	time_t t = (time_t)n;
	struct tm tm;

	if (*epoch < '0' || *epoch > '9' || *end || n > 253402300799ll ||
	    !gmtime_r(&t, &tm))
		return false;
	return strftime(out, 24, "%Y%m%d%H%M%S00", &tm) > 0;
}

static _Noreturn void mkrescue_child(const char *work, const char *out,
				     const char *epoch, const char *date,
				     int log)
{
	char *tree = path_join(work, "tree");
	const char *old = getenv("PATH");
	char *path = text_format("%s/bin:%s:/usr/sbin:/sbin", work,
				 old ? old : "/usr/bin:/bin");
	char *when = text_format("=%s", epoch);

	setenv("PATH", path, 1);
	setenv("SOURCE_DATE_EPOCH", epoch, 1);
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C", 1);
	setenv("TMPDIR", work, 1);
	umask(022);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execlp("grub-mkrescue", "grub-mkrescue", "-o", out, tree, "--",
	       "-volid", "BULKHEAD", "-volume_date", "all_file_dates", when,
	       "-volume_date", "uuid", date, (char *)NULL);
	_exit(127);
}

static int mkrescue(const char *work, const char *out)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char date[24], *log = path_join(work, "log");
	struct blob words;
	int status = 0;

	if (!epoch || !*epoch)
		epoch = BUILD_EPOCH;
	if (!iso_date(epoch, date)) {
		free(log);
		return complain("SOURCE_DATE_EPOCH is '%s': write seconds "
				"since 1970",
				epoch);
	}
	int fd = open(log, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	pid_t pid = fork();

	if (pid == 0)
		mkrescue_child(work, out, epoch, date, fd);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		status = -1;
	if (fd >= 0)
		close(fd);
	if (status) {
		complain("grub-mkrescue failed; it said:");
		if (file_read(log, 1u << 20, &words) == 0) {
			fwrite(words.at, 1, words.size, stderr);
			blob_free(&words);
		}
		unlink(out);
	}
	free(log);
	return status ? EXIT_BAD : EXIT_GOOD;
}

/* Every file gets the same date: it goes into the ISO's directory. */
static int iso_tree(const struct machine *m, const char *vmm, const char *work)
{
	char *boot = path_join(work, "tree/boot");
	char *grub = path_join(boot, "grub"), *bin = path_join(work, "bin");
	struct text config = { 0 };
	int err = folder_make(grub, 0755), status;

	if (!err)
		err = folder_make(bin, 0755);
	status = err ? cannot_write(work, err) : put_payload(m, vmm, boot);
	grub_config(m, "/boot", &config);
	if (!status)
		status = put_file(grub, "grub.cfg", config.at, config.length);
	if (!status)
		status = wrapper_write(bin);
	text_free(&config);
	free(bin);
	free(grub);
	free(boot);
	return status;
}

static int build_iso(const struct machine *m, const char *vmm, const char *out)
{
	const char *temp = getenv("TMPDIR");
	char *work =
		path_join(temp && *temp ? temp : "/tmp", "bulkhead-iso-XXXXXX");
	char *draft = text_format("%s.new-%d", out, (int)getpid());
	int status = EXIT_BAD;

	if (!tools_present()) {
		free(draft);
		free(work);
		return EXIT_BAD;
	}
	if (!mkdtemp(work)) {
		status = cannot_write(work, errno);
	} else {
		progress("building %s", out);
		status = iso_tree(m, vmm, work);
		if (!status)
			status = mkrescue(work, draft);
		progress_end();
		folder_remove(work);
	}
	if (!status && rename(draft, out) < 0)
		status = cannot_write(out, errno);
	if (!status)
		printf("%s: boots on BIOS and UEFI\n", out);
	else
		unlink(draft);
	free(draft);
	free(work);
	return status;
}

int cmd_build(const struct arguments *a)
{
	const char *format = argument_value(a, "format", "iso");
	const char *out = argument_value(a, "output", NULL);
	char *cache = machine_cache();
	char *vmm = qemu_vmm_path(argument_value(a, "vmm", NULL));
	struct faults faults = { 0 };
	struct machine m;
	int status = EXIT_BAD;
	bool iso = text_equal(format, "iso");

	machine_read(a->word[0], &m, &faults);
	machine_load(&m, cache, &faults);
	machine_plan(&m, &faults);
	faults_print(&faults, stderr);
	char *name = out ? text_copy(out)
			 : text_format("%s%s", m.name ? m.name : "machine",
				       iso ? ".iso" : ".boot");

	if (!iso && !text_equal(format, "dir"))
		complain("--format is '%s': write dir or iso", format);
	else if (!faults.bad)
		status = iso ? build_iso(&m, vmm, name)
			     : build_folder(&m, vmm, name);
	faults_free(&faults);
	machine_free(&m);
	free(name);
	free(vmm);
	free(cache);
	return status;
}
