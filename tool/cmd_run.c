/* SPDX-License-Identifier: MIT */
/*
 * bulkhead run and demo: a machine in QEMU.
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void greet(const struct machine *m)
{
	fprintf(stderr,
		"bulkhead: machine '%s'; Ctrl-T: keyboard to the next VM, "
		"Ctrl-]: quit\n",
		m->name);
	for (size_t i = 0; i < m->hardware_count; i++)
		for (size_t k = 0; k < m->hardware[i].forward_count; k++) {
			const struct forward *f = &m->hardware[i].forward[k];

			fprintf(stderr, "bulkhead: 127.0.0.1:%u is %s:%u\n",
				f->host, f->address, f->port);
		}
}

static int run_folder(const struct arguments *a, const char *folder)
{
	struct qemu_options o;
	struct machine m;
	struct faults faults = { 0 };
	char *cache = machine_cache();
	int status = EXIT_BAD;

	if (!qemu_options_read(a, &o)) {
		free(cache);
		return EXIT_BAD;
	}
	machine_read(folder, &m, &faults);
	machine_load(&m, cache, &faults);
	machine_plan(&m, &faults);
	faults_print(&faults, stderr);
	bool good = !faults.bad && hardware_renumber(&m, o.port);

	if (good && o.save) {
		m.exit_port = QEMU_EXIT_PORT;
		status = qemu_save(&o, &m);
	} else if (good && hardware_prepare(&m)) {
		if (isatty(STDIN_FILENO))
			greet(&m);
		status = session_run(&o, &m, 0, m.name);
	}
	faults_free(&faults);
	machine_free(&m);
	qemu_options_free(&o);
	free(cache);
	return status;
}

int cmd_run(const struct arguments *a)
{
	return run_folder(a, a->word[0]);
}

int cmd_demo(const struct arguments *a)
{
	char *tool = tool_folder(), *demo = path_join(tool, "demo");
	char *image = path_join(tool, "build/images/demo.cpio.gz");
	int status = EXIT_BAD;

	if (access(demo, R_OK) < 0)
		complain("the demonstration %s is not there: run the tool from "
			 "its source tree, with `make demo`",
			 demo);
	else
		status = run_folder(a, demo);
	if (status == EXIT_BAD && access(image, R_OK) < 0)
		complain("`make demo` makes what the demonstration needs");
	free(image);
	free(demo);
	free(tool);
	return status;
}
