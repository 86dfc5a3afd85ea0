/* SPDX-License-Identifier: MIT */
/*
 * bulkhead report and gdb: for when something is wrong.
 */
#include "client.h"
#include "control.h"
#include "machine.h"
#include "qemu.h"
#include "version.h"
#include "vm_table.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first lines of a program's output. */
static void program_add(struct text *t, const char *command)
{
	FILE *f = popen(command, "re");
	char line[256];

	for (unsigned int i = 0; f && i < 3 && fgets(line, sizeof(line), f);
	     i++)
		text_add(t, "%s", line);
	if (f)
		pclose(f);
}

static void host_add(struct text *t)
{
	struct utsname u;
	struct blob b;

	text_add(t, "== host ==\nbulkhead %s\n", BULKHEAD_VERSION);
	if (uname(&u) == 0)
		text_add(t, "%s %s %s %s\n", u.sysname, u.release, u.version,
			 u.machine);
	if (file_read("/etc/os-release", 65536, &b) == 0) {
		text_add(t, "%.*s\n", (int)strcspn((char *)b.at, "\n"),
			 (char *)b.at);
		blob_free(&b);
	}
	program_add(t, "qemu-system-x86_64 --version 2>&1");
	text_add(t, "KVM with nesting: %s\nprocessors: %ld\n",
		 qemu_kvm_nests() ? "yes" : "no",
		 sysconf(_SC_NPROCESSORS_ONLN));
	program_add(t, "grep -m1 '^model name' /proc/cpuinfo");
	program_add(t, "grep -m2 '^Mem' /proc/meminfo");
}

static void config_add(struct text *t, const char *folder)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		char *path = path_join(folder, name);
		struct blob b;

		if ((text_ends(name, ".cfg") ||
		     text_equal(name, MACHINE_FILE)) &&
		    file_read(path, CFG_FILE_MAX, &b) == 0) {
			text_add(t, "\n== %s ==\n", name);
			text_add_bytes(t, b.at, b.size);
			blob_free(&b);
		}
		free(path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* "folder X" out of the broker's description. */
static char *described(const struct text *t, const char *key)
{
	char *what = text_format("%s ", key);
	char *line = t->at;

	while (line && !text_starts(line, what)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	char *value = NULL;

	if (line) {
		line += strlen(what);
		value = text_copy_n(line, strcspn(line, "\n"));
	}
	free(what);
	return value;
}

static void machine_add(struct text *t, struct client_link *l)
{
	struct frame ask = frame_make(FRAME_DESCRIBE, 0, NULL, 0);
	uint8_t all = 2;
	struct text d = { 0 }, words = { 0 };
	struct vm_rows rows = { 0 };

	text_add(t, "\n== machine ==\n");
	if (client_fetch(l, &ask, &d)) {
		char *folder = described(&d, "folder");

		text_add_bytes(t, d.at, d.length);
		if (folder)
			config_add(t, folder);
		free(folder);
	}
	text_add(t, "\n== VMs ==\n");
	if (client_command(l, TELEMETRY_OP_LIST, 0, NULL, &rows) == 0)
		vm_table_print(&rows, NULL, t);
	for (size_t i = 0; i < rows.count; i++) {
		const struct telemetry_domain *v = &rows.at[i].d;

		text_add(t, "%s: %u restarts, %llu exits, %llu events\n",
			 v->name, v->restart_count,
			 (unsigned long long)v->exit_count,
			 (unsigned long long)v->event_count);
	}
	text_add(t, "\n== audit ==\n");
	int32_t r = client_command(l, TELEMETRY_OP_AUDIT, 0, &words, NULL);

	text_add(t, "status %d: %s\n", r, words.length ? words.at : "");
	text_add(t, "\n== log of the VMM ==\n");
	struct text log = { 0 };

	ask = frame_make(FRAME_LOG, 0, NULL, 0);
	if (client_fetch(l, &ask, &log))
		text_add_bytes(t, log.at, log.length);
	text_free(&log);
	text_add(t, "\n== serial port 1 ==\n");
	ask = frame_make(FRAME_LOG, 0, &all, 1);
	if (client_fetch(l, &ask, &log))
		text_add_bytes(t, log.at, log.length);
	text_free(&log);
	text_free(&words);
	text_free(&d);
	free(rows.at);
}

/* A machine that runs, unless only a folder was named. */
static bool running(const struct arguments *a)
{
	char **names = control_names();
	bool any = names[0] != NULL;

	for (size_t i = 0; names[i]; i++)
		free(names[i]);
	free(names);
	return !a->word_count && (any || argument_flag(a, "machine"));
}

int cmd_report(const struct arguments *a)
{
	const char *path = argument_value(a, "output", NULL);
	struct text t = { 0 };
	struct client_link l;
	int err;

	if (running(a)) {
		if (!client_open(a, &l))
			return EXIT_BAD;
		host_add(&t);
		machine_add(&t, &l);
		client_close(&l);
	} else {
		host_add(&t);
		if (a->word_count)
			config_add(&t, a->word[0]);
		else
			text_add(&t, "\nno machine is running\n");
	}
	if (!path) {
		fwrite(t.at, 1, t.length, stdout);
	} else {
		err = file_write(path, t.at, t.length);
		if (err)
			complain("%s cannot be written (%s)", path,
				 strerror(err));
		else
			printf("%s written\n", path);
		if (err)
			path = NULL;
	}
	bool good = path || !argument_flag(a, "output");

	text_free(&t);
	return good ? EXIT_GOOD : EXIT_BAD;
}

int cmd_gdb(const struct arguments *a)
{
	struct frame ask = frame_make(FRAME_DESCRIBE, 0, NULL, 0);
	struct client_link l;
	struct text d = { 0 };

	if (!client_open(a, &l))
		return EXIT_BAD;
	bool good = client_fetch(&l, &ask, &d);
	char *port = good ? described(&d, "gdb") : NULL;
	char *vmm = good ? described(&d, "vmm") : NULL;

	if (!good)
		complain("machine '%s' has ended", l.name);
	else if (!port || text_equal(port, "0"))
		complain("machine '%s' has no gdb stub: start it with --gdb "
			 "PORT",
			 l.name);
	else {
		char *target = text_format("target remote 127.0.0.1:%s", port);

		execlp("gdb", "gdb", "-q", "-ex",
		       "set architecture i386:x86-64", "-ex", target, vmm,
		       (char *)NULL);
		complain("gdb cannot be run (%s): install it with `apt install "
			 "gdb`",
			 strerror(errno));
		free(target);
	}
	free(port);
	free(vmm);
	text_free(&d);
	client_close(&l);
	return EXIT_BAD;
}
