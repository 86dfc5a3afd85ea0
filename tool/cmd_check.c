/* SPDX-License-Identifier: MIT */
/*
 * bulkhead check: everything that can be known without starting anything.
 */
#include "command.h"
#include "inventory.h"
#include "tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_tree(const struct machine *m, const char *path)
{
	struct blob tree = tree_make(m);
	int err = file_write(path, tree.at, tree.size);

	blob_free(&tree);
	if (err)
		return complain("%s cannot be written (%s)", path,
				strerror(err));
	return EXIT_GOOD;
}

int cmd_check(const struct arguments *a)
{
	const char *dtb = argument_value(a, "dtb", NULL);
	const char *list = argument_value(a, "inventory", NULL);
	struct inventory v = { 0 };
	struct faults faults = { 0 };
	struct machine m;
	char *cache = machine_cache();
	int status = EXIT_GOOD;

	machine_read(a->word[0], &m, &faults);
	machine_load(&m, cache, &faults);
	machine_plan(&m, &faults);
	if (list && inventory_read(list, &v, &faults))
		inventory_check(&v, &m, &faults);
	faults_print(&faults, stderr);
	if (faults.bad) {
		fprintf(stderr, "bulkhead: %zu thing%s to correct in %s\n",
			faults.bad, faults.bad == 1 ? "" : "s", a->word[0]);
		status = EXIT_BAD;
	} else {
		printf("%s: good: %zu VM%s, %zu module%s, %" PRIu64
		       " of %" PRIu64 " MiB used\n",
		       a->word[0], m.vm_count, m.vm_count == 1 ? "" : "s",
		       m.module_count, m.module_count == 1 ? "" : "s",
		       machine_need(&m), m.memory);
		if (dtb)
			status = write_tree(&m, dtb);
	}
	inventory_free(&v);
	faults_free(&faults);
	machine_free(&m);
	free(cache);
	return status;
}
