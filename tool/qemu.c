/* SPDX-License-Identifier: MIT */
/*
 * QEMU's command line and process; see qemu.h.
 */
#include "qemu.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VMM_MAX (64u << 20)

struct words {
	char **at; /* NULL-ended */
	size_t count;
};

static void word_add(struct words *w, char *word)
{
	w->at = mem_grow(w->at, w->count + 2, sizeof(w->at[0]));
	w->at[w->count++] = word;
	w->at[w->count] = NULL;
}

static void words_add(struct words *w, const char *line)
{
	char *copy = text_copy(line), *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			word_add(w, text_copy(word));
	free(copy);
}

static void shell_quote(struct text *t, const char *word)
{
	text_add(t, " '");
	for (; *word; word++)
		if (*word == '\'')
			text_add(t, "'\\''");
		else
			text_add(t, "%c", *word);
	text_add(t, "'");
}

static void words_free(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->at[i]);
	free(w->at);
}

/* What does not depend on where files and serial ports are. */
static void machine_words(struct words *w, const struct qemu_options *o,
			  const struct machine *m)
{
	/* Where QEMU emulates several CPUs, VMs do not get the first one. */
	bool extra_cpu = m->cpus > 1 && !o->kvm;
	bool iommu = machine_has_pci(m) && !m->unprotected_dma;
	char *size = text_format("-m %" PRIu64 " -smp %" PRIu64, m->memory,
				 m->cpus + extra_cpu);
	const char *extra;

	word_add(w, text_copy(o->program));
	words_add(w, "-nodefaults -no-user-config -display none -no-reboot "
		     "-monitor none");
	/* KVM's own I/O APIC knows no remapped interrupts. */
	words_add(w,
		  o->kvm && iommu ? "-M q35,kernel-irqchip=split" : "-M q35");
	words_add(w, o->kvm ? "-accel kvm -cpu host" : "-accel tcg -cpu EPYC");
	words_add(w, size);
	words_add(w, "-device isa-debug-exit,iobase=0xf4,iosize=4");
	if (o->icount)
		words_add(w, "-icount shift=0,sleep=off "
			     "-rtc base=2026-01-01,clock=vm");
	if (o->gdb_port) {
		char *gdb =
			text_format("-gdb tcp:127.0.0.1:%" PRIu64, o->gdb_port);

		words_add(w, gdb);
		free(gdb);
	}
	if (iommu)
		words_add(w, m->intel_iommu ? "-device intel-iommu,"
					      "intremap=on,aw-bits=48"
					    : "-device amd-iommu,intremap=on");
	for (size_t i = 0; i < m->hardware_count; i++) {
		const struct hardware *h = &m->hardware[i];

		word_add(w, text_copy(hardware_kind(h) == HARDWARE_NIC
					      ? "-netdev"
					      : "-drive"));
		word_add(w, hardware_back(h, i));
		word_add(w, text_copy("-device"));
		word_add(w, hardware_device(h, i));
	}
	for (size_t i = 0; (extra = argument_nth(o->given, "qemu-arg", i)); i++)
		word_add(w, text_copy(extra));
	free(size);
}

/* A comma separates modules in -initrd; inside a name it is doubled. */
static void module_name(struct text *t, const char *name)
{
	if (t->length)
		text_add(t, ",");
	for (; *name; name++)
		text_add(t, *name == ',' ? ",," : "%c", *name);
}

static int memory_file(const struct blob *b)
{
	int fd = memfd_create("bulkhead-tree", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, b->at, b->size) != (ssize_t)b->size) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A copy: somebody may build a new image before QEMU reads this one. */
static int vmm_open(const char *path)
{
	struct blob b;
	int err = file_read(path, VMM_MAX, &b), fd = -1;

	if (err)
		complain("the VMM's image %s cannot be read (%s)", path,
			 strerror(err));
	else if (!elf_is(b.at, b.size))
		complain("the VMM's image %s is not whole: build it again with "
			 "`make`",
			 path);
	else
		fd = memory_file(&b);
	blob_free(&b);
	return fd;
}

struct child_fds {
	int vmm, tree, com1, com2, errors;
};

static void child_words(struct words *w, const struct qemu_options *o,
			const struct machine *m, const struct child_fds *fd)
{
	struct text modules = { 0 };
	char *name = text_format("/proc/self/fd/%d", fd->tree);

	machine_words(w, o, m);
	word_add(w, text_copy("-chardev"));
	word_add(w, text_format("socket,id=com1,fd=%d", fd->com1));
	word_add(w, text_copy("-chardev"));
	word_add(w, text_format("socket,id=com2,fd=%d", fd->com2));
	words_add(w, "-serial chardev:com1 -serial chardev:com2 -kernel");
	word_add(w, text_format("/proc/self/fd/%d", fd->vmm));
	module_name(&modules, name);
	free(name);
	for (size_t i = 0; i < m->module_count; i++) {
		name = text_format("/proc/self/fd/%d", m->module[i].fd);
		module_name(&modules, name);
		free(name);
	}
	word_add(w, text_copy("-initrd"));
	word_add(w, text_copy(modules.at));
	text_free(&modules);
}

static void inherit(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

/* Between fork and exec: only system calls. */
static _Noreturn void child_run(const struct words *w, const char *program,
				const struct machine *m,
				const struct child_fds *fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0); /* Ctrl-C is for us to see */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(fd->errors, STDOUT_FILENO);
	dup2(fd->errors, STDERR_FILENO);
	inherit(fd->vmm);
	inherit(fd->tree);
	inherit(fd->com1);
	inherit(fd->com2);
	for (size_t i = 0; i < m->module_count; i++)
		inherit(m->module[i].fd);
	execv(program, w->at);
	dprintf(STDERR_FILENO, "%s cannot be run (%s)\n", program,
		strerror(errno));
	_exit(1);
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Pairs and files for the child; false when the host has no more of them. */
static bool child_open(const struct qemu_options *o, const struct machine *m,
		       struct child_fds *fd, struct qemu *out)
{
	int com1[2] = { -1, -1 }, com2[2] = { -1, -1 }, err[2] = { -1, -1 };
	struct blob tree = tree_make(m);
	const int kind = SOCK_STREAM | SOCK_CLOEXEC;

	*out = (struct qemu){ .com1 = -1, .com2 = -1, .errors = -1 };
	fd->vmm = vmm_open(o->vmm);
	fd->tree = memory_file(&tree);
	blob_free(&tree);
	bool good = fd->vmm >= 0 && fd->tree >= 0 &&
		    socketpair(AF_UNIX, kind, 0, com1) == 0 &&
		    socketpair(AF_UNIX, kind, 0, com2) == 0 &&
		    pipe2(err, O_CLOEXEC) == 0;

	out->com1 = com1[0];
	out->com2 = com2[0];
	out->errors = err[0];
	fd->com1 = com1[1];
	fd->com2 = com2[1];
	fd->errors = err[1];
	if (!good && fd->vmm >= 0)
		complain("QEMU cannot be prepared (%s)", strerror(errno));
	return good;
}

static void child_close(const struct child_fds *fd)
{
	close_if(fd->vmm);
	close_if(fd->tree);
	close_if(fd->com1);
	close_if(fd->com2);
	close_if(fd->errors);
}

static void words_show(const struct words *w)
{
	struct text t = { 0 };

	for (size_t i = 0; i < w->count; i++)
		shell_quote(&t, w->at[i]);
	fprintf(stderr, "bulkhead:%s\n", t.at);
	text_free(&t);
}

bool qemu_start(const struct qemu_options *o, const struct machine *m,
		struct qemu *out)
{
	char *program = program_find(o->program);
	struct child_fds fd;
	struct words w = { 0 };
	pid_t parent = getpid();

	if (!program) {
		complain("'%s' is not there or cannot be run: install it with "
			 "`apt install qemu-system-x86`, or write --qemu PATH",
			 o->program);
		return false;
	}
	bool good = child_open(o, m, &fd, out);

	if (good) {
		child_words(&w, o, m, &fd);
		if (o->verbose)
			words_show(&w);
		fflush(NULL);
		out->pid = fork();
		if (out->pid == 0)
			child_run(&w, program, m, &fd, parent);
		good = out->pid > 0;
		if (!good)
			complain("no process for QEMU (%s)", strerror(errno));
	}
	child_close(&fd);
	if (!good) {
		out->pid = 0;
		qemu_stop(out);
	} else {
		fcntl(out->com1, F_SETFL, O_NONBLOCK);
		fcntl(out->com2, F_SETFL, O_NONBLOCK);
		fcntl(out->errors, F_SETFL, O_NONBLOCK);
	}
	words_free(&w);
	free(program);
	return good;
}

int qemu_stop(struct qemu *q)
{
	int status = 0;

	close_if(q->com1);
	close_if(q->com2);
	close_if(q->errors);
	q->com1 = q->com2 = q->errors = -1;
	if (q->pid > 0) {
		kill(q->pid, SIGKILL);
		while (waitpid(q->pid, &status, 0) < 0 && errno == EINTR)
			continue;
	}
	q->pid = 0;
	return status;
}

/* A copy of fd's content as DIR/NAME. */
static bool save_file(const char *folder, const char *name, int fd, size_t size)
{
	char *path = path_join(folder, name);
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	int err = map == MAP_FAILED ? errno : file_write(path, map, size);

	if (map != MAP_FAILED)
		munmap(map, size);
	if (err)
		complain("%s cannot be written (%s)", path, strerror(err));
	free(path);
	return !err;
}

/*
 * The script's files are named from its own folder, so that the folder can
 * be moved. COM1 and COM2 in the environment say where the ports go.
 */
static bool save_script(const struct qemu_options *o, const struct machine *m)
{
	struct text t = { 0 };
	struct words w = { 0 };
	char *path = path_join(o->save, "run-qemu");

	machine_words(&w, o, m);
	text_add(&t, "#!/bin/sh\n# Starts this machine. COM1 and COM2 say "
		     "where its serial ports go.\n"
		     "here=$(cd \"$(dirname \"$0\")\" && pwd)\n"
		     "cd \"$here\" || exit 1\nexec");
	for (size_t i = 0; i < w.count; i++)
		shell_quote(&t, w.at[i]);
	text_add(&t, " -serial \"${COM1:-stdio}\" -serial \"${COM2:-null}\" "
		     "-kernel vmm.elf -initrd launch.dtb");
	for (size_t i = 0; i < m->module_count; i++)
		text_add(&t, ",module%zu", i + 1);
	text_add(&t, " \"$@\"\n");
	int err = file_write(path, t.at, t.length);

	if (!err && chmod(path, 0755) < 0)
		err = errno;
	if (err)
		complain("%s cannot be written (%s)", path, strerror(err));
	words_free(&w);
	text_free(&t);
	free(path);
	return !err;
}

int qemu_save(const struct qemu_options *o, const struct machine *m)
{
	struct blob tree = tree_make(m), vmm;
	int fd = memory_file(&tree), err = folder_make(o->save, 0777);
	bool good = !err && fd >= 0;

	if (!good)
		complain("%s cannot be made (%s)", o->save,
			 strerror(err ? err : errno));
	good = good && save_file(o->save, "launch.dtb", fd, tree.size);
	close_if(fd);
	blob_free(&tree);
	for (size_t i = 0; good && i < m->module_count; i++) {
		char *name = text_format("module%zu", i + 1);

		good = save_file(o->save, name, m->module[i].fd,
				 m->module[i].size);
		free(name);
	}
	if (good && file_read(o->vmm, VMM_MAX, &vmm) == 0) {
		char *path = path_join(o->save, "vmm.elf");

		good = file_write(path, vmm.at, vmm.size) == 0;
		free(path);
		blob_free(&vmm);
	}
	good = good && save_script(o, m);
	return good ? EXIT_GOOD : EXIT_BAD;
}
