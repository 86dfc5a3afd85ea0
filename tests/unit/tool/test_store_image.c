/* SPDX-License-Identifier: MIT */
/*
 * What the tool writes for the store, judged by the store's own code: it is
 * accepted, it fits, both ends of each device find each other, and no guest
 * can change what says who serves whom, or see what is not its own.
 */
#include "serve.h"
#include "store_image.h"
#include "store_load.h"
#include "tool_test.h"
#include "../../../vms/store/image_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	char *folder;
	struct machine m;
	struct blob image;
	struct store *s;
	char **path; /* of all nodes */
	size_t path_count;
};

static void paths_read(struct world *w)
{
	const uint8_t *at = w->image.at;
	struct image_head h;

	memcpy(&h, at, sizeof(h));
	at += sizeof(h) + h.client_count * sizeof(struct image_client);
	w->path = mem_alloc(h.node_count * sizeof(w->path[0]));
	while (w->path_count < h.node_count) {
		struct image_node n;
		size_t size;

		memcpy(&n, at, sizeof(n));
		size = sizeof(n) + 4u * n.perm_count;
		w->path[w->path_count++] =
			text_copy_n((const char *)at + size, n.path_length);
		size += n.path_length + (size_t)n.value_length + n.end_length;
		at += (size + 3) & ~(size_t)3;
	}
}

static struct world world_make(void)
{
	struct world w = { .folder = test_folder() };

	test_text_file(w.folder, MACHINE_FILE, "");
	return w;
}

static void world_read(struct world *w)
{
	struct faults f = { 0 };
	const char *wrong;

	machine_read(w->folder, &w->m, &f);
	serve_size(&w->m);
	assert_no_fault(&f);
	faults_free(&f);
	w->image = store_image_make(&w->m);
	w->s = store_load(w->image.at, w->image.size, &wrong);
	if (!w->s)
		fail_msg("the store says: %s", wrong);
	paths_read(w);
}

static void world_end(struct world *w)
{
	for (size_t i = 0; i < w->path_count; i++)
		free(w->path[i]);
	free(w->path);
	free(w->s);
	blob_free(&w->image);
	machine_free(&w->m);
	test_folder_remove(w->folder);
}

/* Numbers: store 1, blk0 2, net0 3, fw 4, web1 5, web2 6. */
static struct world demo(void)
{
	struct world w = world_make();

	test_vm_file(w.folder, "blk0", "driver_domain=1\n");
	test_vm_file(w.folder, "net0", "driver_domain=1\n");
	test_vm_file(w.folder, "fw", "driver_domain=1\nvif=['backend=net0']\n");
	test_vm_file(w.folder, "web1",
		 "disk=['d.img,raw,xvda,w,backend=blk0',\n"
		 "'/dev/x,raw,xvdb,r,backend=blk0,script=s,discard']\n"
		 "vif=['backend=fw,mac=00:16:3e:0a:0b:0c,bridge=br7,"
		 "ip=10.0.0.1,rate=10Mb/s,vifname=w1,mtu=9000,trusted=0']\n");
	test_vm_file(w.folder, "web2",
		     "vif=['backend=net0','backend=fw']\nvcpus=2\n");
	world_read(&w);
	return w;
}

static unsigned int domid(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->m.vm_count; i++)
		if (text_equal(w->m.vm[i].name, name))
			return w->m.vm[i].domid;
	fail_msg("no VM '%s'", name);
	return 0;
}

static void value(struct world *w, const char *path, const char *expected)
{
	if (!store_has(w->s, path))
		fail_msg("%s is not there", path);
	assert_string_equal(store_value(w->s, path), expected);
}

static void both_ends_of_a_disk_find_each_other(void **state)
{
	struct world w = demo();
	unsigned int fe = domid(&w, "web1"), be = domid(&w, "blk0");
	char *front = text_format("/local/domain/%u/device/vbd/51728", fe);
	char *back = text_format("/local/domain/%u/backend/vbd/%u/51728", be,
				 fe);
	const char *const table[][3] = {
		{ front, "backend", back },
		{ front, "state", "1" },
		{ front, "virtual-device", "51728" },
		{ front, "device-type", "disk" },
		{ back, "frontend", front },
		{ back, "state", "1" },
		{ back, "online", "1" },
		{ back, "mode", "r" },
		{ back, "params", "/dev/x" },
		{ back, "script", "s" },
		{ back, "dev", "xvdb" },
		{ back, "discard-enable", "1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		char *path = path_join(table[i][0], table[i][1]);

		value(&w, path, table[i][2]);
		free(path);
	}
	char *path = path_join(back, "physical-device");

	/* The back end's script writes it, so it must be able to. */
	assert_false(store_has(w.s, path));
	assert_true(store_may_add(w.s, be, back));
	assert_true(store_may_add(w.s, fe, front));
	assert_false(store_may_add(w.s, fe, back));
	assert_false(store_may_add(w.s, be, front));
	free(path);
	free(front);
	free(back);
	world_end(&w);
}

static void both_ends_of_a_vif_find_each_other(void **state)
{
	struct world w = demo();
	unsigned int fe = domid(&w, "web1"), be = domid(&w, "fw");
	char *front = text_format("/local/domain/%u/device/vif/0", fe);
	char *back = text_format("/local/domain/%u/backend/vif/%u/0", be, fe);
	const char *const table[][3] = {
		{ front, "backend", back },
		{ front, "state", "1" },
		{ front, "handle", "0" },
		{ front, "mac", "00:16:3e:0a:0b:0c" },
		{ front, "mtu", "9000" },
		{ front, "trusted", "0" },
		{ back, "frontend", front },
		{ back, "state", "1" },
		{ back, "online", "1" },
		{ back, "handle", "0" },
		{ back, "mac", "00:16:3e:0a:0b:0c" },
		{ back, "script", VIF_SCRIPT },
		{ back, "bridge", "br7" },
		{ back, "ip", "10.0.0.1" },
		{ back, "vifname", "w1" },
		{ back, "rate", "62500,50000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		char *path = path_join(table[i][0], table[i][1]);

		value(&w, path, table[i][2]);
		free(path);
	}
	free(front);
	free(back);
	world_end(&w);
}

static void every_vm_has_what_linux_looks_for(void **state)
{
	static const char *const nodes[][2] = {
		{ "cpu/0/availability", "online" },
		{ "control/platform-feature-xs_reset_watches", "1" },
		{ "store/port", "1" },
		{ "store/ring-ref", "1044476" },
		{ "console/port", "2" },
		{ "console/ring-ref", "1044479" },
	};
	static const char *const own[] = {
		"control/shutdown", "control/feature-poweroff",
		"control/feature-reboot", "control/feature-suspend",
		"control/sysrq", "data", "error", "attr",
	};
	struct world w = demo();

	(void)state;
	for (unsigned int id = 2; id <= w.m.vm_count; id++) {
		for (size_t i = 0; i < ARRAY_COUNT(nodes); i++) {
			char *path = text_format("/local/domain/%u/%s", id,
						 nodes[i][0]);

			value(&w, path, nodes[i][1]);
			assert_true(store_may_read(w.s, id, path));
			assert_false(store_may_touch(w.s, id, path));
			free(path);
		}
		for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
			char *path = text_format("/local/domain/%u/%s", id,
						 own[i]);

			assert_true(store_may_touch(w.s, id, path));
			free(path);
		}
		char *target =
			text_format("/local/domain/%u/memory/target", id);

		/* Or it would balloon. */
		assert_false(store_has(w.s, target));
		free(target);
	}
	char *second = text_format("/local/domain/%u/cpu/1/availability",
				   domid(&w, "web2"));

	value(&w, second, "online");
	free(second);
	assert_false(store_has(w.s, "/local/domain/1/name"));
	world_end(&w);
}

/* What a guest may change: its states, and what is nobody else's. */
static bool is_its_own(const char *path, unsigned int id)
{
	static const char *const folders[] = {
		"control/shutdown", "control/feature-poweroff",
		"control/feature-reboot", "control/feature-suspend",
		"control/sysrq", "data", "drivers", "feature", "attr",
		"error", "device/suspend/event-channel",
	};
	char *home = text_format("/local/domain/%u/", id);
	unsigned int a, b;
	int at = 0;
	bool own = false;

	if (text_starts(path, home)) {
		const char *rest = path + strlen(home);

		for (size_t i = 0; i < ARRAY_COUNT(folders); i++)
			own = own || text_equal(rest, folders[i]);
		/* A device's folder, and its state. */
		if (sscanf(rest, "device/v%*2s/%u%n", &a, &at) == 1 ||
		    sscanf(rest, "backend/v%*2s/%u/%u%n", &a, &b, &at) == 2)
			own = own || !rest[at] ||
			      text_equal(rest + at, "/state");
	}
	free(home);
	return own;
}

static void guests_change_their_states_and_nothing_else(void **state)
{
	struct world w = demo();

	(void)state;
	for (size_t i = 0; i < w.path_count; i++)
		for (unsigned int id = 2; id <= w.m.vm_count; id++) {
			bool may = store_may_touch(w.s, id, w.path[i]);

			if (may && !is_its_own(w.path[i], id))
				fail_msg("%u may change %s", id, w.path[i]);
			if (!may && is_its_own(w.path[i], id) &&
			    text_ends(w.path[i], "/state"))
				fail_msg("%u cannot move %s", id, w.path[i]);
		}
	world_end(&w);
}

static void guests_see_their_own_and_their_devices_other_end(void **state)
{
	struct world w = demo();
	unsigned int seen = 0;

	(void)state;
	for (size_t i = 0; i < w.path_count; i++)
		for (unsigned int id = 2; id <= w.m.vm_count; id++) {
			char *home = text_format("/local/domain/%u/", id);
			unsigned int owner = 0, front = 0;

			if (text_starts(w.path[i], home) ||
			    !store_may_read(w.s, id, w.path[i])) {
				free(home);
				continue;
			}
			free(home);
			seen++;
			if (sscanf(w.path[i],
				   "/local/domain/%u/backend/v%*2s/%u/", &owner,
				   &front) == 2)
				assert_int_equal(front, id);
			else if (sscanf(w.path[i],
					"/local/domain/%u/device/v%*2s/",
					&owner) != 1 &&
				 sscanf(w.path[i], "/local/domain/%u",
					&owner) == 1)
				assert_int_equal(owner, id);
			if (owner != id)
				assert_true(serve_are_peers(&w.m, owner, id));
		}
	assert_true(seen > 40);
	world_end(&w);
}

/* A back end's file names and scripts are not for its clients. */
static void clients_do_not_see_what_serves_them(void **state)
{
	static const char *const secret[] = { "params", "script", "type" };
	struct world w = demo();
	unsigned int fe = domid(&w, "web1"), be = domid(&w, "blk0");

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(secret); i++) {
		char *path = text_format(
			"/local/domain/%u/backend/vbd/%u/51712/%s", be, fe,
			secret[i]);

		assert_true(store_may_read(w.s, be, path));
		assert_false(store_may_read(w.s, fe, path));
		free(path);
	}
	world_end(&w);
}

static void many_clients_fit_the_stores_memory(void **state)
{
	struct world w = world_make();

	(void)state;
	test_vm_file(w.folder, "n", "driver_domain=1\nvcpus=4\n");
	for (unsigned int i = 0; i < 200; i++) {
		char *name = text_format("c%u", i);

		test_vm_file(w.folder, name, "disk=['d,raw,xvda,backend=n']\n"
				   "vif=['backend=n']\n");
		free(name);
	}
	world_read(&w);
	const struct vm *store = &w.m.vm[w.m.store_domid - 1];
	uint64_t need = store_block_size(w.image.at, w.image.size) +
			w.image.size + (2u << 20);

	assert_true(store->memory << 20 >= need);
	assert_true(store->memory << 20 <= 2 * need);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_of_a_disk_find_each_other),
		cmocka_unit_test(both_ends_of_a_vif_find_each_other),
		cmocka_unit_test(every_vm_has_what_linux_looks_for),
		cmocka_unit_test(guests_change_their_states_and_nothing_else),
		cmocka_unit_test(
			guests_see_their_own_and_their_devices_other_end),
		cmocka_unit_test(clients_do_not_see_what_serves_them),
		cmocka_unit_test(many_clients_fit_the_stores_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
