/* SPDX-License-Identifier: MIT */
/*
 * Reads the launch description. Whatever the tree says twice, in a wrong
 * size or out of range is refused, as is a bulkhead property that this
 * version does not know: a machine that differs from its description must
 * not start.
 */
#include "launch/plan.h"
#include "core/platform.h"
#include "lib/format.h"

int plan_refuse(const struct plan *plan, fdt_node node, const char *format,
		...)
{
	size_t used;
	va_list list;

	fdt_path(&plan->fdt, node, plan->text, plan->size);
	used = strlen(plan->text);
	used += format_text(plan->text + used, plan->size - used, ": ");
	va_start(list, format);
	format_text_list(plan->text + used, plan->size - used, format, list);
	va_end(list);
	return -XEN_EINVAL;
}

/* --- properties in general --- */

/*
 * A property that becomes one 32-bit number at offset of the struct meant: a
 * number in min..max, or the index of one of the words, or a flag without
 * value (max 0).
 */
struct rule {
	const char *name;
	size_t offset;
	uint32_t min, max, multiple, preset;
	bool required;
	const char *const *words;	/* ends with NULL */
};

#define NUMBER(struct_, name, field, ...) \
	{ name, offsetof(struct struct_, field), __VA_ARGS__, NULL }
#define WORD(struct_, name, field, preset, words) \
	{ name, offsetof(struct struct_, field), 0, 0, 1, preset, false, words }
#define FLAG(struct_, name, field) WORD(struct_, name, field, 0, NULL)

static const char *const when_done[] = { "stay", "poweroff", NULL };
static const char *const actions[] = {
	[ACTION_DESTROY] = "destroy", [ACTION_RESTART] = "restart",
	[ACTION_PRESERVE] = "preserve", NULL
};

static const struct rule machine_rule[] = {
	/* First, so that what is refused below can be reported there. */
	NUMBER(plan, "bulkhead,exit-port", exit_port, 1, 0xffff, 1, 0, false),
	NUMBER(plan, "bulkhead,version", version, 1, 1, 1, 0, true),
	NUMBER(plan, "bulkhead,store", store, 1, DOMID_MAX, 1, 0, false),
	WORD(plan, "bulkhead,when-done", poweroff_when_done, 0, when_done),
	FLAG(plan, "bulkhead,no-commands", no_commands),
	FLAG(plan, "bulkhead,audit-on-end", audit_on_end),
	{ .name = NULL },
};

#define DOMAIN(name, field, ...) NUMBER(blueprint, name, field, __VA_ARGS__)
static const struct rule domain_rule[] = {
	DOMAIN("domid", domid, 1, DOMID_MAX, 1, 0, true),
	DOMAIN("cpus", vcpu_count, 1, DOMAIN_VCPU_MAX, 1, 0, true),
	DOMAIN("bulkhead,cpu-weight", weight, 1, 65535, 1, 256, false),
	DOMAIN("bulkhead,cap", cap, 0, 100 * DOMAIN_VCPU_MAX, 1, 0, false),
	DOMAIN("bulkhead,event-ports", port_count, 64, 4096, 64, 1024, false),
	DOMAIN("bulkhead,grant-frames", grant_frames, 1, 64, 1, 4, false),
	DOMAIN("bulkhead,grant-maps", grant_maps, 0, 65535, 1, 0, false),
	DOMAIN("bulkhead,pool", pool_kib, 4, 1u << 28, 4, 0, false),
	WORD(blueprint, "bulkhead,on-poweroff", on_poweroff, ACTION_DESTROY,
	     actions),
	WORD(blueprint, "bulkhead,on-reboot", on_reboot, ACTION_RESTART,
	     actions),
	WORD(blueprint, "bulkhead,on-crash", on_crash, ACTION_DESTROY,
	     actions),
	FLAG(blueprint, "bulkhead,paused", paused),
	/* Those that are read by themselves. */
	{ .name = "bulkhead,name" }, { .name = "bulkhead,affinity" },
	{ .name = "bulkhead,peers" }, { .name = "bulkhead,deny" },
	{ .name = NULL },
};

static const struct rule no_rule = { .name = NULL };

/* No property twice, none of ours that is unknown. */
static int check_properties(const struct plan *plan, fdt_node node,
			    const struct rule *known)
{
	struct fdt_property p, first;
	bool more = fdt_first_property(&plan->fdt, node, &p);

	for (; more; more = fdt_next_property(&plan->fdt, &p)) {
		const struct rule *rule = known;

		fdt_find(&plan->fdt, node, p.name, &first);
		if (first.data != p.data)
			return plan_refuse(plan, node, "%s is there twice",
					   p.name);
		if (strncmp(p.name, "bulkhead,", 9) != 0)
			continue;
		while (rule->name && strcmp(rule->name, p.name) != 0)
			rule++;
		if (!rule->name)
			return plan_refuse(plan, node, "%s is not known here",
					   p.name);
	}
	return 0;
}

static int read_word(const struct plan *plan, fdt_node node,
		     const struct rule *rule, const struct fdt_property *p,
		     uint32_t *value)
{
	const char *const *words = rule->words;

	for (*value = 0; words[*value] && fdt_is_string(p); ++*value)
		if (strcmp(words[*value], (const char *)p->data) == 0)
			return 0;
	return plan_refuse(plan, node, "%s is not one of its words",
			   rule->name);
}

static int read_rule(const struct plan *plan, fdt_node node,
		     const struct rule *rule, uint32_t *value)
{
	struct fdt_property p;

	*value = rule->preset;
	if (!fdt_find(&plan->fdt, node, rule->name, &p))
		return rule->required ? plan_refuse(plan, node,
						    "%s is missing",
						    rule->name) : 0;
	if (rule->words)
		return read_word(plan, node, rule, &p, value);
	if (rule->max == 0) {
		*value = 1;
		return p.size ? plan_refuse(plan, node, "%s takes no value",
					    rule->name) : 0;
	}
	if (p.size != 4)
		return plan_refuse(plan, node, "%s is not one 32-bit number",
				   rule->name);
	*value = fdt_cell(&p, 0);
	if (*value < rule->min || *value > rule->max ||
	    *value % rule->multiple)
		return plan_refuse(plan, node, "%s = %u is not in %u..%u%s",
				   rule->name, *value, rule->min, rule->max,
				   rule->multiple > 1 ? " or not a multiple"
						      : "");
	return 0;
}

/* All rules that have a place in the struct at base. */
static int read_rules(const struct plan *plan, fdt_node node,
		      const struct rule *rule, void *base)
{
	int err = 0;

	for (; rule->name && rule->multiple && !err; rule++)
		err = read_rule(plan, node, rule,
				(uint32_t *)(void *)((char *)base +
						     rule->offset));
	return err;
}

/* A list of numbers of at most max; *list keeps size 0 if there is none. */
static int read_list(const struct plan *plan, fdt_node node, const char *name,
		     uint32_t max, struct fdt_property *list)
{
	struct fdt_property p;

	if (!fdt_find(&plan->fdt, node, name, &p))
		return 0;
	if (p.size == 0 || p.size % 4)
		return plan_refuse(plan, node,
				   "%s is not a list of 32-bit numbers", name);
	for (uint32_t i = 0; i < p.size / 4; i++)
		if (fdt_cell(&p, i) > max)
			return plan_refuse(plan, node,
					   "%s: %u is more than %u", name,
					   fdt_cell(&p, i), max);
	*list = p;
	return 0;
}

bool plan_is_peer(const struct blueprint *b, uint32_t domid)
{
	for (uint32_t i = 0; i < b->peers.size / 4; i++)
		if (fdt_cell(&b->peers, i) == domid)
			return true;
	return false;
}

/* --- the machine --- */

static int open_machine(struct plan *plan, fdt_node node)
{
	const struct fdt *fdt = &plan->fdt;
	struct fdt_property p;
	int err;

	if ((err = read_rules(plan, node, machine_rule, plan)) ||
	    (err = check_properties(plan, node, machine_rule)))
		return err;
	if (!fdt_find(fdt, node, "compatible", &p) ||
	    !fdt_has_string(&p, "bulkhead,vmm"))
		return plan_refuse(plan, node,
				   "is not compatible with bulkhead,vmm");

	fdt_node n = fdt_first_child(fdt, node);

	for (; n.offset; n = fdt_next_sibling(fdt, n)) {
		if (!fdt_find(fdt, n, "compatible", &p) ||
		    !fdt_has_string(&p, "xen,domain"))
			return plan_refuse(plan, n,
					   "is not compatible with xen,domain");
		plan->count++;
	}
	if (plan->store > plan->count)
		return plan_refuse(plan, node, "bulkhead,store = %u is no "
				   "domain of the %u here", plan->store,
				   plan->count);
	if (plan->count == 0 || plan->count > DOMID_MAX)
		return plan_refuse(plan, node,
				   "has %u domains, not 1..%u", plan->count,
				   DOMID_MAX);
	return 0;
}

static fdt_node machine_node(const struct plan *plan)
{
	fdt_node node = fdt_child(&plan->fdt, fdt_root(&plan->fdt), "chosen");

	return node.offset ? fdt_child(&plan->fdt, node, "hypervisor") : node;
}

int plan_open(struct plan *plan, const struct boot_info *boot, char *text,
	      size_t size)
{
	struct fdt_fault fault;
	int err;

	*plan = (struct plan){ .boot = boot, .text = text, .size = size };
	if (boot->module_count == 0) {
		format_text(text, size, "there is no boot module: the first "
			    "one must be the launch description");
		return -XEN_EINVAL;
	}
	if (!fdt_open(&plan->fdt, boot->module[0].data, boot->module[0].size,
		      &fault)) {
		format_text(text, size,
			    "the launch description (boot module 0) is "
			    "malformed: %s, at byte %u", fault.what,
			    fault.offset);
		return -XEN_EINVAL;
	}

	fdt_node root = fdt_root(&plan->fdt);
	fdt_node machine = machine_node(plan);

	if (!machine.offset)
		return plan_refuse(plan, root,
				   "there is no /chosen/hypervisor");
	if ((err = check_properties(plan, root, &no_rule)) ||
	    (err = check_properties(plan, fdt_child(&plan->fdt, root,
						    "chosen"), &no_rule)))
		return err;
	return open_machine(plan, machine);
}

/* --- a domain --- */

static int read_name(const struct plan *plan, struct blueprint *b)
{
	struct fdt_property p;

	if (!fdt_find(&plan->fdt, b->node, "bulkhead,name", &p))
		return plan_refuse(plan, b->node, "bulkhead,name is missing");
	if (!fdt_is_string(&p) || p.size < 2 || p.size > DOMAIN_NAME_MAX)
		return plan_refuse(plan, b->node,
				   "bulkhead,name is not one name of at most "
				   "%u characters", DOMAIN_NAME_MAX - 1);
	for (uint32_t i = 0; i + 1 < p.size; i++) {
		char c = (char)p.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '_' || c == '.' ||
		      c == '-'))
			return plan_refuse(plan, b->node, "bulkhead,name holds"
					   " more than [A-Za-z0-9_.-]");
	}
	memcpy(b->name, p.data, p.size);
	for (uint32_t i = 0; i < plan->count; i++)
		if (&plan->blueprint[i] != b &&
		    strcmp(plan->blueprint[i].name, b->name) == 0)
			return plan_refuse(plan, b->node,
					   "bulkhead,name %s is taken already",
					   b->name);
	return 0;
}

static int read_memory(const struct plan *plan, struct blueprint *b)
{
	struct fdt_property p;

	if (!fdt_find(&plan->fdt, b->node, "memory", &p))
		return plan_refuse(plan, b->node, "memory is missing");
	if (p.size != 8)
		return plan_refuse(plan, b->node,
				   "memory is not one 64-bit number");

	uint64_t kib = (uint64_t)fdt_cell(&p, 0) << 32 | fdt_cell(&p, 1);

	if (kib < 1024 || kib > UINT64_C(768) << 20 || kib % 4)
		return plan_refuse(plan, b->node, "memory = %lu KiB is not a "
				   "multiple of 4 from 1 MiB to 768 GiB", kib);
	b->ram_frames = kib / 4;
	return 0;
}

static int read_lists(const struct plan *plan, struct blueprint *b)
{
	struct fdt_property deny = { 0 };
	uint32_t cpu_max = plan->boot->cpu_count - 1;
	int err;

	if ((err = read_list(plan, b->node, "bulkhead,affinity", cpu_max,
			     &b->affinity)) ||
	    (err = read_list(plan, b->node, "bulkhead,peers", plan->count,
			     &b->peers)) ||
	    (err = read_list(plan, b->node, "bulkhead,deny", 63, &deny)))
		return err;
	if (b->affinity.size && b->affinity.size / 4 != b->vcpu_count)
		return plan_refuse(plan, b->node, "bulkhead,affinity has %u "
				   "entries for %u vCPUs",
				   b->affinity.size / 4, b->vcpu_count);
	if (plan_is_peer(b, 0) || plan_is_peer(b, b->domid))
		return plan_refuse(plan, b->node, "bulkhead,peers names 0 or "
				   "the domain itself");
	for (uint32_t i = 0; i < deny.size / 4; i++)
		b->deny |= BIT64(fdt_cell(&deny, i));
	return 0;
}

static int read_module(const struct plan *plan, struct blueprint *b,
		       fdt_node node)
{
	const struct rule index = {
		"mb-index", 0, 1, plan->boot->module_count - 1, 1, 0, true,
		NULL
	};
	struct fdt_property p;
	uint32_t *slot;
	int err = check_properties(plan, node, &no_rule);

	if (err)
		return err;
	if (!fdt_find(&plan->fdt, node, "compatible", &p) ||
	    !fdt_has_string(&p, "multiboot,module"))
		return plan_refuse(plan, node, "is not compatible with "
				   "multiboot,module");
	if (fdt_has_string(&p, "multiboot,kernel"))
		slot = &b->kernel;
	else if (fdt_has_string(&p, "multiboot,ramdisk"))
		slot = &b->ramdisk;
	else
		return plan_refuse(plan, node,
				   "is neither a kernel nor a ramdisk");
	if (*slot)
		return plan_refuse(plan, node, "is a second %s",
				   slot == &b->kernel ? "kernel" : "ramdisk");
	if (plan->boot->module_count < 2)
		return plan_refuse(plan, node, "the boot loader passed no "
				   "module but the description");
	if ((err = read_rule(plan, node, &index, slot)))
		return err;
	if (slot != &b->kernel || !fdt_find(&plan->fdt, node, "bootargs", &p))
		return 0;
	if (!fdt_is_string(&p) || p.size > CMDLINE_MAX)
		return plan_refuse(plan, node, "bootargs is not one string of "
				   "less than %u characters", CMDLINE_MAX);
	b->cmdline = (const char *)p.data;
	return 0;
}

static int read_domain(const struct plan *plan, struct blueprint *b)
{
	int err;

	b->cmdline = "";
	if ((err = read_rules(plan, b->node, domain_rule, b)) ||
	    (err = read_name(plan, b)) || (err = read_memory(plan, b)) ||
	    (err = read_lists(plan, b)))
		return err;

	fdt_node n = fdt_first_child(&plan->fdt, b->node);

	for (; n.offset && !err; n = fdt_next_sibling(&plan->fdt, n))
		err = read_module(plan, b, n);
	if (!err && !b->kernel)
		err = plan_refuse(plan, b->node, "has no kernel");
	return err ? err : image_place(plan, b);
}

int plan_read(struct plan *plan)
{
	const struct fdt *fdt = &plan->fdt;
	fdt_node n = fdt_first_child(fdt, machine_node(plan));
	int err = 0;

	for (; n.offset && !err; n = fdt_next_sibling(fdt, n)) {
		struct rule domid = domain_rule[0];
		uint32_t id = 0;

		domid.max = plan->count;
		if ((err = check_properties(plan, n, domain_rule)) ||
		    (err = read_rule(plan, n, &domid, &id)))
			return err;

		struct blueprint *b = &plan->blueprint[id - 1];

		if (b->domid)
			return plan_refuse(plan, n, "domid %u is there twice",
					   id);
		b->node = n;
		err = read_domain(plan, b);
	}
	for (uint32_t i = 0; i < plan->count && !err; i++) {
		const struct blueprint *b = &plan->blueprint[i];

		for (uint32_t k = 0; k < b->peers.size / 4 && !err; k++) {
			uint32_t peer = fdt_cell(&b->peers, k);

			if (!plan_is_peer(&plan->blueprint[peer - 1],
					  b->domid))
				err = plan_refuse(plan, b->node,
						  "bulkhead,peers names %u, "
						  "which does not name it",
						  peer);
		}
	}
	return err;
}
