/* SPDX-License-Identifier: MIT */
/*
 * From the settings of an xl.cfg file to a struct vm.
 */
#include "vm.h"
#include "device_spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is read here and ends in no field under its own name. */
struct raw {
	struct vm vm; /* first: the table's offsets count from here */
	char *type, *extra, *root;
	uint64_t maxmem, maxvcpus;
};

#define STRING(n, field, help)                                         \
	{                                                              \
		n, KEY_STRING, offsetof(struct raw, field), 0, 0, help \
	}
#define NUMBER(n, field, low, high, help)                                   \
	{                                                                   \
		n, KEY_NUMBER, offsetof(struct raw, field), low, high, help \
	}
#define BOOL(n, field, help)                                         \
	{                                                            \
		n, KEY_BOOL, offsetof(struct raw, field), 0, 1, help \
	}
#define OTHER(n, help)                      \
	{                                   \
		n, KEY_OTHER, 0, 0, 0, help \
	}

static const struct key keys[] = {
	STRING("name", vm.name, "its name: A-Z a-z 0-9 _ . -, at most 31"),
	STRING("type", type, "\"pvh\", the only kind there is"),
	STRING("kernel", vm.kernel, "ELF or bzImage, seen from the file"),
	STRING("ramdisk", vm.ramdisk, "initial RAM disk, seen from the file"),
	STRING("cmdline", vm.cmdline, "the kernel's command line"),
	STRING("root", root, "put before extra as root=..."),
	STRING("extra", extra, "the rest of the command line"),
	NUMBER("memory", vm.memory, 1, VM_MEMORY_MAX, "memory in MiB"),
	NUMBER("maxmem", maxmem, 1, VM_MEMORY_MAX, "equal to memory"),
	NUMBER("vcpus", vm.vcpus, 1, VM_VCPUS_MAX, "virtual CPUs"),
	NUMBER("maxvcpus", maxvcpus, 1, VM_VCPUS_MAX, "equal to vcpus"),
	OTHER("cpus", "physical CPUs it may run on: \"0-3,^1\" or a list"),
	NUMBER("cpu_weight", vm.weight, 1, 65535, "its share of a busy CPU"),
	NUMBER("cap", vm.cap, 0, 100 * VM_VCPUS_MAX,
	       "limit in percent of one CPU, 0 for none"),
	OTHER("on_poweroff", "\"destroy\", \"restart\" or \"preserve\""),
	OTHER("on_reboot", "\"destroy\", \"restart\" or \"preserve\""),
	OTHER("on_crash", "\"destroy\", \"restart\" or \"preserve\""),
	BOOL("driver_domain", vm.driver_domain, "serves devices to others"),
	OTHER("disk", "disks that other VMs serve, in xl's syntax"),
	OTHER("vif", "networks that other VMs serve, in xl's syntax"),
	OTHER("start_after", "names of VMs that come before it"),
	OTHER("channels", "names of VMs that it may share with besides"),
	OTHER("pci", "PCI functions that are its own"),
	OTHER("bulkhead_peers", "VMs it may share events and grants with"),
	NUMBER("bulkhead_grant_maps", vm.grant_maps, 0, VM_MAPS_MAX,
	       "grants of others that it may hold mapped"),
	NUMBER("bulkhead_grant_frames", vm.grant_frames, 1, 64,
	       "size limit of its grant table, in pages"),
	NUMBER("bulkhead_event_ports", vm.event_ports, 64, 4096,
	       "event channels, a multiple of 64"),
	NUMBER("bulkhead_pool", vm.pool, 64, 1u << 30,
	       "memory for its page tables, in KiB"),
	NUMBER("bulkhead_store_arena", vm.store_arena, 4, 65536,
	       "KiB of its own in the xenstore"),
	BOOL("bulkhead_paused", vm.paused, "built, not started"),
	OTHER("bulkhead_deny", "numbers of hypercalls to refuse"),
};

const struct key_table vm_keys = { keys, ARRAY_COUNT(keys), "a VM" };

const char *vm_action_name(enum vm_action a)
{
	switch (a) {
	case VM_DESTROY:
		return "destroy";
	case VM_RESTART:
		return "restart";
	case VM_PRESERVE:
		return "preserve";
	}
	return "destroy";
}

bool vm_is_client(const struct vm *vm)
{
	return vm->disk_count || vm->vif_count;
}

void vm_defaults(struct vm *vm)
{
	*vm = (struct vm){
		.vcpus = 1,
		.weight = 256,
		.on_reboot = VM_RESTART,
		.grant_maps = VM_UNSET,
	};
}

static struct place line_of(const struct cfg *c, const char *key)
{
	const struct cfg_setting *s = cfg_find(c, key);

	return (struct place){ c->file, s ? s->line : 0 };
}

static void action_read(const struct cfg *c, const char *key,
			enum vm_action *out, struct faults *faults)
{
	static const char *const names[] = { "destroy", "restart", "preserve",
					     NULL };
	const struct cfg_setting *s = cfg_find(c, key);
	const char *word;

	if (!s || !value_string(c, key, &s->value, &word, faults))
		return;
	for (unsigned int i = 0; names[i]; i++)
		if (text_equal(names[i], word)) {
			*out = (enum vm_action)i;
			return;
		}

	const char *near = name_near(word, names);

	if (text_equal(word, "rename-restart"))
		near = "restart";
	else if (text_starts(word, "coredump-"))
		near = word + strlen("coredump-");
	fault_add(faults, line_of(c, key),
		  "'%s' is \"%s\", which Bulkhead cannot do: write "
		  "\"destroy\", \"restart\" or \"preserve\"%s%s%s",
		  key, word, near ? " (nearest: \"" : "", near ? near : "",
		  near ? "\")" : "");
}

/* One item of cpus: "all", N, N-M, each perhaps behind ^ to take away. */
static bool cpu_item(const char *item, bool set[VM_CPU_MAX + 1])
{
	bool value = true;
	unsigned long low, high;
	char *end;

	while (*item == ' ')
		item++;
	if (*item == '^') {
		value = false;
		item++;
	}
	if (text_equal(item, "all")) {
		low = 0;
		high = VM_CPU_MAX;
	} else {
		if (*item < '0' || *item > '9')
			return false;
		low = high = strtoul(item, &end, 10);
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			high = strtoul(end + 1, &end, 10);
		if (*end || low > high || high > VM_CPU_MAX)
			return false;
	}
	for (unsigned long i = low; i <= high; i++)
		set[i] = value;
	return true;
}

/* The CPUs that one string names, in order; false when it is not good. */
static bool cpu_set(const char *text, bool set[VM_CPU_MAX + 1])
{
	char *copy = text_copy(text), *rest = copy, *item;
	bool good = true, any = false;

	memset(set, 0, VM_CPU_MAX + 1);
	while (good && (item = strsep(&rest, ",")))
		good = cpu_item(item, set);
	for (unsigned int i = 0; i <= VM_CPU_MAX; i++)
		any = any || set[i];
	free(copy);
	return good && any;
}

static void cpus_bad(const struct cfg *c, const char *text,
		     struct faults *faults)
{
	fault_add(faults, line_of(c, "cpus"),
		  "'cpus' holds \"%s\", which names no CPU: write \"all\", "
		  "\"2\", \"0-3,^1\", or a list with one such string for each "
		  "vCPU",
		  text);
}

/* vCPU i runs on the (i mod n)th of the n CPUs that a string names. */
static bool cpu_pick(const char *text, unsigned int index, unsigned int *out)
{
	bool set[VM_CPU_MAX + 1];
	unsigned int count = 0, found[VM_CPU_MAX + 1];

	if (!cpu_set(text, set))
		return false;
	for (unsigned int i = 0; i <= VM_CPU_MAX; i++)
		if (set[i])
			found[count++] = i;
	*out = found[index % count];
	return true;
}

static void cpus_read(const struct cfg *c, struct vm *vm, struct faults *faults)
{
	const struct cfg_setting *s = cfg_find(c, "cpus");

	if (!s)
		return;
	vm->cpus_line = s->line;
	const struct cfg_value *v = &s->value;
	unsigned int *cpu = mem_alloc(VM_VCPUS_MAX * sizeof(cpu[0]));

	if (v->kind != CFG_LIST && text_equal(v->text, "all")) {
		free(cpu);
		return;
	}
	if (v->kind == CFG_LIST && v->item_count != vm->vcpus) {
		fault_add(faults, line_of(c, "cpus"),
			  "'cpus' lists %zu CPUs for %" PRIu64 " vCPUs: "
			  "write one for each",
			  v->item_count, vm->vcpus);
		free(cpu);
		return;
	}
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		const struct cfg_value *item = v->kind == CFG_LIST ? &v->item[i]
								   : v;
		const char *text = item->text ? item->text : "[";

		if (cpu_pick(text, i, &cpu[i]))
			continue;
		cpus_bad(c, text, faults);
		free(cpu);
		return;
	}
	vm->affinity = cpu;
}

/* Adds the names that a list holds to those there are. */
static void names_read(const struct cfg *c, const char *key, char ***name,
		       size_t *count, struct faults *faults)
{
	const struct cfg_setting *s = cfg_find(c, key);

	if (!s || !value_list(c, s->key, &s->value, faults))
		return;
	for (size_t i = 0; i < s->value.item_count; i++) {
		const char *word;

		if (!value_string(c, s->key, &s->value.item[i], &word, faults))
			continue;
		*name = mem_grow(*name, *count + 1, sizeof(word));
		(*name)[(*count)++] = text_copy(word);
	}
}

static void deny_read(const struct cfg *c, struct vm *vm, struct faults *faults)
{
	static const struct key range = { .high = 63 };
	const struct cfg_setting *s = cfg_find(c, "bulkhead_deny");

	if (!s || !value_list(c, s->key, &s->value, faults))
		return;
	for (size_t i = 0; i < s->value.item_count; i++) {
		uint64_t n;

		if (!value_number(c, s->key, &s->value.item[i], &range, &n,
				  faults))
			continue;
		vm->deny = mem_grow(vm->deny, vm->deny_count + 1,
				    sizeof(vm->deny[0]));
		vm->deny[vm->deny_count++] = (unsigned int)n;
	}
}

static void device_add(const char *kind, const char *spec, struct place where,
		       struct vm *vm, struct faults *faults)
{
	if (text_equal(kind, "disk")) {
		vm->disk = mem_grow(vm->disk, vm->disk_count + 1,
				    sizeof(vm->disk[0]));
		disk_parse(spec, where, &vm->disk[vm->disk_count++], faults);
	} else if (text_equal(kind, "vif")) {
		vm->vif = mem_grow(vm->vif, vm->vif_count + 1,
				   sizeof(vm->vif[0]));
		vif_parse(spec, where, &vm->vif[vm->vif_count++], faults);
	} else {
		vm->pci = mem_grow(vm->pci, vm->pci_count + 1,
				   sizeof(vm->pci[0]));
		vm->pci[vm->pci_count++] = pci_parse(spec, where, faults);
	}
}

static void devices_read(const struct cfg *c, struct vm *vm,
			 struct faults *faults)
{
	static const char *const kinds[] = { "disk", "vif", "pci" };

	for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
		const struct cfg_setting *s = cfg_find(c, kinds[k]);

		if (!s || !value_list(c, s->key, &s->value, faults))
			continue;
		for (size_t i = 0; i < s->value.item_count; i++) {
			const struct cfg_value *v = &s->value.item[i];
			const char *spec;

			if (value_string(c, s->key, v, &spec, faults))
				device_add(kinds[k], spec,
					   (struct place){ c->file, v->line },
					   vm, faults);
		}
	}
}

static void cmdline_make(const struct cfg *c, struct raw *r,
			 struct faults *faults)
{
	if (r->vm.cmdline && (r->extra || r->root)) {
		const char *other = r->extra ? "extra" : "root";

		fault_add(faults, line_of(c, other),
			  "'%s' would be ignored beside 'cmdline' (line %u): "
			  "keep one of the two",
			  other, line_of(c, "cmdline").line);
	} else if (r->root) {
		r->vm.cmdline = text_format("root=%s%s%s", r->root,
					    r->extra ? " " : "",
					    r->extra ? r->extra : "");
	} else if (r->extra) {
		r->vm.cmdline = text_copy(r->extra);
	}
	if (r->vm.cmdline && strlen(r->vm.cmdline) > 2047)
		fault_add(faults, line_of(c, "cmdline"),
			  "the command line has %zu characters: Linux takes "
			  "at most 2047",
			  strlen(r->vm.cmdline));
}

static void required(const struct cfg *c, const struct raw *r,
		     struct faults *faults)
{
	struct place file = { c->file, 0 };

	if (!r->type && !cfg_mentions(c, "type"))
		fault_add(faults, file,
			  "'type' is missing: write type = \"pvh\"");
	if (r->type && !text_equal(r->type, "pvh"))
		fault_add(faults, line_of(c, "type"),
			  "'type' is \"%s\", and Bulkhead runs PVH guests "
			  "only: write type = \"pvh\"",
			  r->type);
	if (!cfg_mentions(c, "name"))
		fault_add(faults, file,
			  "'name' is missing: write name = "
			  "\"...\"");
	else if (r->vm.name && !name_is_good(r->vm.name))
		fault_add(faults, line_of(c, "name"),
			  "'name' is \"%s\": write 1 to 31 of A-Z a-z 0-9 _ . "
			  "and -",
			  r->vm.name);
	if (!cfg_mentions(c, "kernel"))
		fault_add(faults, file,
			  "'kernel' is missing: write kernel = "
			  "\"PATH\"");
	if (!cfg_mentions(c, "memory") && !cfg_mentions(c, "maxmem"))
		fault_add(faults, file,
			  "'memory' is missing: write memory = "
			  "and a number of MiB");
}

static void consistent(const struct cfg *c, struct raw *r,
		       struct faults *faults)
{
	struct vm *vm = &r->vm;

	if (!vm->memory)
		vm->memory = r->maxmem;
	if (r->maxmem && r->maxmem != vm->memory)
		fault_add(faults, line_of(c, "maxmem"),
			  "'maxmem' is %" PRIu64 " and 'memory' %" PRIu64
			  ": a VM's memory never changes here, so write the "
			  "same number or leave maxmem out",
			  r->maxmem, vm->memory);
	if (r->maxvcpus && !cfg_find(c, "vcpus"))
		vm->vcpus = r->maxvcpus;
	if (r->maxvcpus && r->maxvcpus != vm->vcpus)
		fault_add(faults, line_of(c, "maxvcpus"),
			  "'maxvcpus' is %" PRIu64 " and 'vcpus' %" PRIu64
			  ": vCPUs are not added later here, so write the "
			  "same number or leave maxvcpus out",
			  r->maxvcpus, vm->vcpus);
	if (vm->event_ports % 64)
		fault_add(faults, line_of(c, "bulkhead_event_ports"),
			  "'bulkhead_event_ports' is %" PRIu64 ": write a "
			  "multiple of 64",
			  vm->event_ports);
	vm->pool = (vm->pool + 3) & ~3ull;
}

static void relative_to(char **path, const char *folder)
{
	if (!*path)
		return;
	char *joined = path_from(folder, *path);

	free(*path);
	*path = joined;
}

void vm_from_cfg(const struct cfg *c, struct vm *vm, struct faults *faults)
{
	struct raw r = { 0 };
	char *folder = path_folder(c->file);

	vm_defaults(&r.vm);
	r.vm.file = text_copy(c->file);
	keys_read(&vm_keys, c, &r, faults);
	required(c, &r, faults);
	consistent(c, &r, faults);
	cmdline_make(c, &r, faults);
	action_read(c, "on_poweroff", &r.vm.on_poweroff, faults);
	action_read(c, "on_reboot", &r.vm.on_reboot, faults);
	action_read(c, "on_crash", &r.vm.on_crash, faults);
	cpus_read(c, &r.vm, faults);
	names_read(c, "channels", &r.vm.peer, &r.vm.peer_count, faults);
	names_read(c, "bulkhead_peers", &r.vm.peer, &r.vm.peer_count, faults);
	names_read(c, "start_after", &r.vm.after, &r.vm.after_count, faults);
	deny_read(c, &r.vm, faults);
	devices_read(c, &r.vm, faults);
	relative_to(&r.vm.kernel, folder);
	relative_to(&r.vm.ramdisk, folder);
	r.vm.kernel_line = line_of(c, "kernel").line;
	r.vm.ramdisk_line = line_of(c, "ramdisk").line;
	r.vm.memory_line = line_of(c, "memory").line;
	r.vm.name_line = line_of(c, "name").line;
	r.vm.pci_line = line_of(c, "pci").line;
	r.vm.after_line = line_of(c, "start_after").line;
	r.vm.peer_line = line_of(c, "channels").line;
	if (!r.vm.peer_line)
		r.vm.peer_line = line_of(c, "bulkhead_peers").line;
	free(r.type);
	free(r.extra);
	free(r.root);
	free(folder);
	*vm = r.vm;
}

static void names_free(char **name, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(name[i]);
	free(name);
}

void vm_free(struct vm *vm)
{
	names_free(vm->peer, vm->peer_count);
	names_free(vm->after, vm->after_count);
	for (size_t i = 0; i < vm->disk_count; i++)
		disk_free(&vm->disk[i]);
	free(vm->disk);
	for (size_t i = 0; i < vm->vif_count; i++)
		vif_free(&vm->vif[i]);
	free(vm->vif);
	free(vm->deny);
	free(vm->pci);
	free(vm->affinity);
	free(vm->file);
	free(vm->name);
	free(vm->kernel);
	free(vm->ramdisk);
	free(vm->cmdline);
	*vm = (struct vm){ 0 };
}
