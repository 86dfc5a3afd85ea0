/* SPDX-License-Identifier: MIT */
/*
 * A machine's folder for unit tests of the tool; see tool_world.h.
 */
#include "tool_world.h"

#include <stdlib.h>

struct world world_make(void)
{
	struct world w = { .folder = test_folder() };
	struct blob k = test_kernel();
	char *store = path_join(w.folder, "s");

	test_file(w.folder, "k", k.at, k.size);
	test_file(w.folder, "k2", k.at, k.size);
	test_file(w.folder, "r", "ramdisk", 7);
	/* The store's is loaded at 1 MiB: two segments and the entry. */
	put_le32(k.at + 64 + 24, 1u << 20);
	put_le32(k.at + 120 + 24, (1u << 20) + 8192);
	put_le32(k.at + 528, (1u << 20) + 16);
	test_file(w.folder, "s", k.at, k.size);
	setenv("BULKHEAD_STORE", store, 1);
	test_text_file(w.folder, MACHINE_FILE, "");
	free(store);
	blob_free(&k);
	return w;
}

void world_read(struct world *w, const char *conf)
{
	if (conf)
		test_text_file(w->folder, MACHINE_FILE, conf);
	machine_read(w->folder, &w->m, &w->f);
	machine_load(&w->m, NULL, &w->f);
	machine_plan(&w->m, &w->f);
}

void world_end(struct world *w)
{
	machine_free(&w->m);
	faults_free(&w->f);
	test_folder_remove(w->folder);
}

const struct vm *world_at(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->m.vm_count; i++)
		if (text_equal(w->m.vm[i].name, name))
			return &w->m.vm[i];
	fail_msg("no VM '%s'", name);
	return NULL;
}

struct world world_demo(void)
{
	struct world w = world_make();

	test_vm_file(w.folder, "web2", "vif=['backend=net0']\n");
	test_vm_file(w.folder, "web1",
		     "disk=['d,raw,xvda,w,backend=blk0']\n"
		     "vif=['backend=net0,bridge=br0']\n");
	test_vm_file(w.folder, "net0", DRIVER);
	test_vm_file(w.folder, "blk0", DRIVER);
	return w;
}
