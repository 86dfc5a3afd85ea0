/* SPDX-License-Identifier: MIT */
/*
 * From a folder to a struct machine.
 */
#include "machine.h"
#include "serve.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(f) offsetof(struct machine, f)

static const struct key keys[] = {
	{ "name", KEY_STRING, FIELD(name), 0, 0,
	  "its name; default: that of the folder" },
	{ "memory", KEY_NUMBER, FIELD(memory), 64, 1u << 24,
	  "MiB of the whole machine; default: what the VMs need" },
	{ "cpus", KEY_NUMBER, FIELD(cpus), 1, 255, "physical CPUs; default 2" },
	{ "when_done", KEY_OTHER, 0, 0, 0,
	  "\"stay\" or \"poweroff\" when every VM has ended" },
	{ "commands", KEY_BOOL, FIELD(commands), 0, 1,
	  "0: no pause, restart, destroy, ... from outside" },
	{ "audit_on_end", KEY_BOOL, FIELD(audit_on_end), 0, 1,
	  "1: audit all memory each time a VM ends" },
	{ "unprotected_dma", KEY_BOOL, FIELD(unprotected_dma), 0, 1,
	  "1: pci also where no IOMMU keeps a device from all memory" },
	{ "iommu", KEY_OTHER, 0, 0, 0,
	  "\"amd\" or \"intel\": what QEMU emulates for pci" },
	{ "exit_port", KEY_NUMBER, FIELD(exit_port), 1, 65535,
	  "I/O port that gets a status before power-off" },
	{ "qemu_devices", KEY_OTHER, 0, 0, 0,
	  "what QEMU's machine has for VMs with pci: \"MODEL,bdf=...\"" },
	{ "store", KEY_STRING, FIELD(store), 0, 0,
	  "name of the VM that is the xenstore; it may share with all" },
	{ "order", KEY_OTHER, 0, 0, 0,
	  "names of VMs that get the first numbers, in this order" },
};

const struct key_table machine_keys = { keys, ARRAY_COUNT(keys), "a machine" };

void machine_defaults(struct machine *m)
{
	*m = (struct machine){ .cpus = 2, .commands = true };
}

void machine_free(struct machine *m)
{
	for (size_t i = 0; i < m->vm_count; i++)
		vm_free(&m->vm[i]);
	for (size_t i = 0; i < m->module_count; i++) {
		free(m->module[i].path);
		if (m->module[i].fd >= 0)
			close(m->module[i].fd);
	}
	for (size_t i = 0; i < m->hardware_count; i++)
		hardware_free(&m->hardware[i]);
	free(m->vm);
	free(m->hardware);
	free(m->module);
	free(m->folder);
	free(m->conf);
	free(m->name);
	free(m->store);
	free(m->share);
	*m = (struct machine){ 0 };
}

/* Whether the setting is the second of two words, not the first or absent. */
static bool word_read(const struct cfg *c, const char *key,
		      const char *const words[2], struct faults *faults)
{
	const struct cfg_setting *s = cfg_find(c, key);
	const char *word;

	if (!s || !value_string(c, s->key, &s->value, &word, faults))
		return false;
	if (!text_equal(word, words[0]) && !text_equal(word, words[1]))
		fault_add(faults, (struct place){ c->file, s->line },
			  "'%s' is \"%s\": write \"%s\" or \"%s\"", key, word,
			  words[0], words[1]);
	return text_equal(word, words[1]);
}

/* Puts the VM that is called `name` at place `at`; the rest moves up. */
static bool order_move(struct machine *m, const char *name, size_t at)
{
	for (size_t i = at; i < m->vm_count; i++) {
		struct vm vm = m->vm[i];

		if (!vm.name || !text_equal(vm.name, name))
			continue;
		memmove(&m->vm[at + 1], &m->vm[at], (i - at) * sizeof(vm));
		m->vm[at] = vm;
		return true;
	}
	return false;
}

const char *machine_near(const struct machine *m, const char *name)
{
	const char **names = mem_alloc((m->vm_count + 1) * sizeof(names[0]));
	size_t n = 0;

	for (size_t i = 0; i < m->vm_count; i++)
		if (m->vm[i].name)
			names[n++] = m->vm[i].name;
	const char *near = name_near(name, names);

	free(names);
	return near;
}

/* How many VMs got their places. */
static size_t order_read(const struct cfg *c, struct machine *m,
			 struct faults *faults)
{
	const struct cfg_setting *s = cfg_find(c, "order");
	size_t at = 0;

	if (!s || !value_list(c, s->key, &s->value, faults))
		return 0;
	for (size_t i = 0; i < s->value.item_count; i++) {
		const struct cfg_value *v = &s->value.item[i];
		const char *name;

		if (!value_string(c, s->key, v, &name, faults))
			continue;
		if (order_move(m, name, at)) {
			at++;
			continue;
		}
		const char *near = machine_near(m, name);

		fault_add(faults, (struct place){ c->file, v->line },
			  "'order' names \"%s\", which is no VM here or was "
			  "named before: %s%s%s",
			  name, near ? "did you mean \"" : "remove it",
			  near ? near : "", near ? "\"?" : "");
	}
	return at;
}

static void store_find(const struct cfg *c, struct machine *m,
		       struct faults *faults)
{
	const struct cfg_setting *s = cfg_find(c, "store");

	for (size_t i = 0; m->store && i < m->vm_count; i++)
		if (m->vm[i].name && text_equal(m->vm[i].name, m->store))
			m->store_domid = m->vm[i].domid;
	if (!m->store || m->store_domid)
		return;
	const char *near = machine_near(m, m->store);

	fault_add(faults, (struct place){ c->file, s->line },
		  "'store' names \"%s\", which is no VM here: %s%s%s", m->store,
		  near ? "did you mean \"" : "remove it", near ? near : "",
		  near ? "\"?" : "");
}

static void hardware_read(const struct cfg *c, struct machine *m,
			  struct faults *faults)
{
	const struct cfg_setting *s = cfg_find(c, "qemu_devices");

	if (!s || !value_list(c, s->key, &s->value, faults))
		return;
	for (size_t i = 0; i < s->value.item_count; i++) {
		const struct cfg_value *v = &s->value.item[i];
		const char *spec;

		if (!value_string(c, s->key, v, &spec, faults))
			continue;
		m->hardware = mem_grow(m->hardware, m->hardware_count + 1,
				       sizeof(m->hardware[0]));
		hardware_parse(spec, (struct place){ c->file, v->line },
			       m->folder, &m->hardware[m->hardware_count++],
			       faults);
	}
	hardware_check(m, faults);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The *.cfg files of a folder, in the order of their names. */
static char **list_configs(const char *folder, size_t *count, int *err)
{
	DIR *d = opendir(folder);
	char **names = NULL;

	*count = 0;
	*err = d ? 0 : errno;
	if (!d)
		return NULL;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.' || !text_ends(e->d_name, ".cfg"))
			continue;
		names = mem_grow(names, *count + 1, sizeof(names[0]));
		names[(*count)++] = text_copy(e->d_name);
	}
	closedir(d);
	if (names)
		qsort(names, *count, sizeof(names[0]), by_name);
	return names;
}

static void vms_read(const char *folder, char **names, size_t count,
		     struct machine *m, struct faults *faults)
{
	m->vm = mem_alloc(count * sizeof(m->vm[0]));
	for (size_t i = 0; i < count; i++) {
		char *path = path_join(folder, names[i]);
		struct cfg c;

		if (cfg_read(path, &c, faults))
			vm_from_cfg(&c, &m->vm[m->vm_count++], faults);
		cfg_free(&c);
		free(path);
	}
}

static void names_check(const struct machine *m, struct faults *faults)
{
	for (size_t i = 0; i < m->vm_count; i++)
		for (size_t j = 0; j < i && m->vm[i].name; j++) {
			const struct vm *a = &m->vm[j], *b = &m->vm[i];

			if (!a->name || !text_equal(a->name, b->name))
				continue;
			fault_add(faults,
				  (struct place){ b->file, b->name_line },
				  "'name' is \"%s\", which %s has already: "
				  "write another name",
				  b->name, a->file);
		}
}

static bool has_peer(const struct vm *vm, const char *name)
{
	for (size_t i = 0; i < vm->peer_count; i++)
		if (text_equal(vm->peer[i], name))
			return true;
	return false;
}

/* Being peers is agreed on both sides, so that each file tells the truth. */
static void peers_check(const struct machine *m, const struct vm *vm,
			struct faults *faults)
{
	struct place where = { vm->file, vm->peer_line };

	for (size_t i = 0; i < vm->peer_count; i++) {
		const char *name = vm->peer[i];
		const struct vm *other = NULL;

		for (size_t j = 0; j < m->vm_count; j++)
			if (m->vm[j].name && text_equal(m->vm[j].name, name))
				other = &m->vm[j];
		const char *near = other ? NULL : machine_near(m, name);

		if (!other)
			fault_add(faults, where,
				  "'channels' names \"%s\", which is no "
				  "VM here: %s%s%s",
				  name, near ? "did you mean \"" : "remove it",
				  near ? near : "", near ? "\"?" : "");
		else if (other == vm)
			fault_add(faults, where,
				  "'channels' names the VM itself: "
				  "remove \"%s\"",
				  name);
		else if (vm->name && !has_peer(other, vm->name))
			fault_add(faults, where,
				  "'channels' names \"%s\", but %s does "
				  "not name \"%s\": write channels = "
				  "[ \"%s\" ] there too",
				  name, other->file, vm->name, vm->name);
	}
}

static void conf_read(const char *folder, struct machine *m, struct cfg *c,
		      struct faults *faults)
{
	static const char *const when_done[2] = { "stay", "poweroff" };
	static const char *const iommu[2] = { "amd", "intel" };
	char *path = path_join(folder, MACHINE_FILE);

	*c = (struct cfg){ 0 };
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		fault_add(faults, (struct place){ path, 0 },
			  "the file is missing: a machine is a folder with a "
			  "machine.conf (it may be empty) and one .cfg file "
			  "for each VM");
	} else if (cfg_read(path, c, faults)) {
		keys_read(&machine_keys, c, m, faults);
		m->poweroff_when_done =
			word_read(c, "when_done", when_done, faults);
		m->intel_iommu = word_read(c, "iommu", iommu, faults);
	}
	const struct cfg_setting *s = cfg_find(c, "memory");

	m->memory_line = s ? s->line : 0;
	m->conf = path;
}

static void name_default(struct machine *m)
{
	char *real = m->name ? NULL : realpath(m->folder, NULL);

	if (m->name)
		return;
	m->name = text_copy(real && name_is_good(path_base(real))
				    ? path_base(real)
				    : "machine");
	free(real);
}

bool machine_read(const char *folder, struct machine *m, struct faults *faults)
{
	struct cfg c;
	size_t count, bad = faults->bad;
	int err;
	char **names = list_configs(folder, &count, &err);

	machine_defaults(m);
	m->folder = text_copy(folder);
	if (err) {
		fault_add(faults, (struct place){ folder, 0 },
			  "the folder cannot be read (%s): give the folder of "
			  "a machine",
			  strerror(err));
		return false;
	}
	conf_read(folder, m, &c, faults);
	name_default(m);
	if (!name_is_good(m->name))
		fault_add(faults, (struct place){ m->conf, 0 },
			  "'name' is \"%s\": write 1 to 31 of A-Z a-z 0-9 _ . "
			  "and -",
			  m->name);
	if (!count)
		fault_add(faults, (struct place){ folder, 0 },
			  "there is no VM: write one NAME.cfg file for each");
	if (count > MACHINE_VMS_MAX)
		fault_add(faults, (struct place){ folder, 0 },
			  "there are %zu VMs: a machine holds at most %u",
			  count, MACHINE_VMS_MAX);
	else
		vms_read(folder, names, count, m, faults);
	serve_resolve(m, order_read(&c, m, faults), faults);
	names_check(m, faults);
	for (size_t i = 0; i < m->vm_count; i++)
		peers_check(m, &m->vm[i], faults);
	store_find(&c, m, faults);
	hardware_read(&c, m, faults);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	cfg_free(&c);
	return faults->bad == bad;
}
