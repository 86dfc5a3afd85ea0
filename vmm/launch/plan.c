/* SPDX-License-Identifier: MIT */
/*
 * Reads the launch description. Whatever the tree says twice, in a wrong
 * size or out of range is refused, as is a bulkhead property that this
 * version does not know: a machine that differs from its description must
 * not start.
 */
#include "launch/plan.h"
#include "core/platform.h"
#include "core/world.h"
#include "lib/format.h"

void plan_refuse(const struct plan *plan, fdt_node node, const char *format,
		 ...)
{
	char text[256];
	size_t used;
	va_list list;

	fdt_path(&plan->fdt, node, text, sizeof(text));
	used = strlen(text);
	used += format_text(text + used, sizeof(text) - used, ": ");
	va_start(list, format);
	format_text_list(text + used, sizeof(text) - used, format, list);
	va_end(list);
	world.exit_port = (uint16_t)plan->exit_port;
	arch_panic("launch", 0, text);
}

/* --- properties in general --- */

/*
 * A property that becomes one 32-bit number at offset of the struct meant: a
 * number of so many cells in min..max, or the index of one of the words, or a
 * flag, which has no cell.
 */
struct rule {
	const char *name;
	size_t offset;
	uint32_t min, max, multiple, preset;
	bool required;
	uint32_t cells;
	const char *const *words;	/* ends with NULL */
};

#define NUMBER(struct_, name, field, ...) \
	{ name, offsetof(struct struct_, field), __VA_ARGS__, 1, NULL }
#define WORD(struct_, name, field, preset, words) \
	{ name, offsetof(struct struct_, field), 0, 0, 1, preset, false, 0, \
	  words }
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
	FLAG(plan, "bulkhead,unprotected-dma", unprotected_dma),
	{ .name = NULL },
};

#define DOMAIN(name, field, ...) NUMBER(blueprint, name, field, __VA_ARGS__)
static const struct rule domain_rule[] = {
	DOMAIN("domid", domid, 1, DOMID_MAX, 1, 0, true),
	{ "memory", offsetof(struct blueprint, memory_kib), 1024, 768u << 20,
	  4, 0, true, 2, NULL },
	DOMAIN("cpus", vcpu_count, 1, DOMAIN_VCPU_MAX, 1, 0, true),
	DOMAIN("bulkhead,cpu-weight", weight, 1, 65535, 1, 256, false),
	DOMAIN("bulkhead,cap", cap, 0, 100 * DOMAIN_VCPU_MAX, 1, 0, false),
	DOMAIN("bulkhead,event-ports", port_count, 64, 4096, 64, 1024, false),
	DOMAIN("bulkhead,grant-frames", grant_frames, 1, 64, 1, 4, false),
	DOMAIN("bulkhead,grant-maps", grant_maps, 0, 1u << 20, 1, 0, false),
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
	{ .name = "bulkhead,pci" },
	{ .name = NULL },
};

static const struct rule no_rule = { .name = NULL };

/* No property twice, none of ours that is unknown. */
static void check_properties(const struct plan *plan, fdt_node node,
			     const struct rule *known)
{
	struct fdt_property p, first;
	bool more = fdt_first_property(&plan->fdt, node, &p);

	for (; more; more = fdt_next_property(&plan->fdt, &p)) {
		const struct rule *rule = known;

		fdt_find(&plan->fdt, node, p.name, &first);
		if (first.data != p.data)
			plan_refuse(plan, node, "%s is there twice", p.name);
		if (strncmp(p.name, "bulkhead,", 9) != 0)
			continue;
		while (rule->name && strcmp(rule->name, p.name) != 0)
			rule++;
		if (!rule->name)
			plan_refuse(plan, node, "%s is not known here", p.name);
	}
}

static uint32_t read_word(const struct plan *plan, fdt_node node,
			  const struct rule *rule,
			  const struct fdt_property *p)
{
	for (uint32_t i = 0; rule->words[i] && fdt_is_string(p); i++)
		if (strcmp(rule->words[i], (const char *)p->data) == 0)
			return i;
	plan_refuse(plan, node, "%s is not one of its words", rule->name);
}

static uint32_t read_rule(const struct plan *plan, fdt_node node,
			  const struct rule *rule)
{
	struct fdt_property p;
	uint64_t n = 0;

	if (!fdt_find(&plan->fdt, node, rule->name, &p)) {
		if (rule->required)
			plan_refuse(plan, node, "%s is missing", rule->name);
		return rule->preset;
	}
	if (rule->words)
		return read_word(plan, node, rule, &p);
	if (!rule->cells && p.size)
		plan_refuse(plan, node, "%s takes no value", rule->name);
	if (!rule->cells)
		return 1;
	if (p.size != 4 * rule->cells)
		plan_refuse(plan, node, "%s is not one %u-bit number",
			    rule->name, 32 * rule->cells);
	for (uint32_t i = 0; i < rule->cells; i++)
		n = n << 32 | fdt_cell(&p, i);
	if (n < rule->min || n > rule->max)
		plan_refuse(plan, node, "%s = %lu is not in %u..%u",
			    rule->name, n, rule->min, rule->max);
	if (n % rule->multiple)
		plan_refuse(plan, node, "%s = %lu is not a multiple of %u",
			    rule->name, n, rule->multiple);
	return (uint32_t)n;
}

/* All rules that have a place in the struct at base. */
static void read_rules(const struct plan *plan, fdt_node node,
		       const struct rule *rule, void *base)
{
	for (; rule->name && rule->multiple; rule++)
		*(uint32_t *)(void *)((char *)base + rule->offset) =
			read_rule(plan, node, rule);
}

/* A list of numbers of at most max; size 0 if there is none. */
static struct fdt_property read_list(const struct plan *plan, fdt_node node,
				     const char *name, uint32_t max)
{
	struct fdt_property p;

	if (!fdt_find(&plan->fdt, node, name, &p))
		return (struct fdt_property){ .size = 0 };
	if (p.size == 0 || p.size % 4)
		plan_refuse(plan, node, "%s is not a list of 32-bit numbers",
			    name);
	for (uint32_t i = 0; i < p.size / 4; i++)
		if (fdt_cell(&p, i) > max)
			plan_refuse(plan, node, "%s: %u is more than %u",
				    name, fdt_cell(&p, i), max);
	return p;
}

bool plan_is_peer(const struct blueprint *b, uint32_t domid)
{
	for (uint32_t i = 0; i < b->peers.size / 4; i++)
		if (fdt_cell(&b->peers, i) == domid)
			return true;
	return false;
}

static struct fdt_property compatible(const struct plan *plan, fdt_node node,
				      const char *with)
{
	struct fdt_property p;

	if (!fdt_find(&plan->fdt, node, "compatible", &p) ||
	    !fdt_has_string(&p, with))
		plan_refuse(plan, node, "is not compatible with %s", with);
	return p;
}

/* --- the machine --- */

void plan_open(struct plan *plan, const struct boot_info *boot)
{
	const struct fdt *fdt = &plan->fdt;
	struct fdt_fault fault;
	char text[160];

	*plan = (struct plan){ .boot = boot };
	if (boot->module_count == 0)
		arch_panic("launch", 0, "there is no boot module: the first "
			   "one must be the launch description");
	if (!fdt_open(&plan->fdt, boot->module[0].data, boot->module[0].size,
		      &fault)) {
		format_text(text, sizeof(text), "the launch description (boot "
			    "module 0) is malformed: %s, at byte %u",
			    fault.what, fault.offset);
		arch_panic("launch", 0, text);
	}

	fdt_node root = fdt_root(fdt), chosen = fdt_child(fdt, root, "chosen");
	fdt_node node = chosen.offset ? fdt_child(fdt, chosen, "hypervisor")
				      : chosen;

	if (!node.offset)
		plan_refuse(plan, root, "there is no /chosen/hypervisor");
	check_properties(plan, root, &no_rule);
	check_properties(plan, chosen, &no_rule);
	read_rules(plan, node, machine_rule, plan);
	check_properties(plan, node, machine_rule);
	compatible(plan, node, "bulkhead,vmm");
	plan->first = fdt_first_child(fdt, node);
	for (fdt_node n = plan->first; n.offset;
	     n = fdt_next_sibling(fdt, n)) {
		compatible(plan, n, "xen,domain");
		plan->count++;
	}
	if (plan->store > plan->count)
		plan_refuse(plan, node, "bulkhead,store = %u is no domain of "
			    "the %u here", plan->store, plan->count);
	if (plan->count == 0 || plan->count > DOMID_MAX)
		plan_refuse(plan, node, "has %u domains, not 1..%u",
			    plan->count, DOMID_MAX);
}

/* --- a domain --- */

static bool is_name_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

static void read_name(const struct plan *plan, struct blueprint *b)
{
	struct fdt_property p;

	if (!fdt_find(&plan->fdt, b->node, "bulkhead,name", &p))
		plan_refuse(plan, b->node, "bulkhead,name is missing");
	if (!fdt_is_string(&p) || p.size < 2 || p.size > DOMAIN_NAME_MAX)
		plan_refuse(plan, b->node, "bulkhead,name is not one name of "
			    "at most %u characters", DOMAIN_NAME_MAX - 1);
	memcpy(b->name, p.data, p.size);
	for (uint32_t i = 0; b->name[i]; i++)
		if (!is_name_letter(b->name[i]))
			plan_refuse(plan, b->node, "bulkhead,name holds more "
				    "than [A-Za-z0-9_.-]");
	for (uint32_t i = 0; i < plan->count; i++)
		if (&plan->blueprint[i] != b &&
		    strcmp(plan->blueprint[i].name, b->name) == 0)
			plan_refuse(plan, b->node, "bulkhead,name %s is taken "
				    "already", b->name);
}

static void read_lists(const struct plan *plan, struct blueprint *b)
{
	struct fdt_property deny;

	b->affinity = read_list(plan, b->node, "bulkhead,affinity",
				plan->boot->cpu_count -
					plan->boot->cpu_first - 1);
	b->peers = read_list(plan, b->node, "bulkhead,peers", plan->count);
	b->pci = read_list(plan, b->node, "bulkhead,pci", 0xffff);
	deny = read_list(plan, b->node, "bulkhead,deny", 63);
	if (b->affinity.size && b->affinity.size / 4 != b->vcpu_count)
		plan_refuse(plan, b->node, "bulkhead,affinity has %u entries "
			    "for %u vCPUs", b->affinity.size / 4,
			    b->vcpu_count);
	if (plan_is_peer(b, 0) || plan_is_peer(b, b->domid))
		plan_refuse(plan, b->node, "bulkhead,peers names 0 or the "
			    "domain itself");
	for (uint32_t i = 0; i < deny.size / 4; i++)
		b->deny |= BIT64(fdt_cell(&deny, i));
}

static void read_module(const struct plan *plan, struct blueprint *b,
			fdt_node node)
{
	const struct rule index = { "mb-index", 0, 1,
				    plan->boot->module_count - 1, 1, 0, true,
				    1, NULL };
	struct fdt_property p = compatible(plan, node, "multiboot,module");
	bool is_kernel = fdt_has_string(&p, "multiboot,kernel");
	uint32_t *slot = is_kernel ? &b->kernel : &b->ramdisk;

	check_properties(plan, node, &no_rule);
	if (!is_kernel && !fdt_has_string(&p, "multiboot,ramdisk"))
		plan_refuse(plan, node, "is neither a kernel nor a ramdisk");
	if (*slot)
		plan_refuse(plan, node, "is a second %s",
			    is_kernel ? "kernel" : "ramdisk");
	if (plan->boot->module_count < 2)
		plan_refuse(plan, node, "the boot loader passed no module but "
			    "the description");
	*slot = read_rule(plan, node, &index);
	if (!is_kernel || !fdt_find(&plan->fdt, node, "bootargs", &p))
		return;
	if (!fdt_is_string(&p) || p.size > CMDLINE_MAX)
		plan_refuse(plan, node, "bootargs is not one string of less "
			    "than %u characters", CMDLINE_MAX);
	b->cmdline = (const char *)p.data;
}

static void read_domain(const struct plan *plan, struct blueprint *b)
{
	fdt_node n = fdt_first_child(&plan->fdt, b->node);

	b->cmdline = "";
	read_rules(plan, b->node, domain_rule, b);
	read_name(plan, b);
	read_lists(plan, b);
	b->ram_frames = b->memory_kib / 4;
	for (; n.offset; n = fdt_next_sibling(&plan->fdt, n))
		read_module(plan, b, n);
	if (!b->kernel)
		plan_refuse(plan, b->node, "has no kernel");
	image_place(plan, b);
}

/* Whom b names must name it. */
static void check_peers(const struct plan *plan, const struct blueprint *b)
{
	for (uint32_t i = 0; i < b->peers.size / 4; i++) {
		uint32_t peer = fdt_cell(&b->peers, i);

		if (!plan_is_peer(&plan->blueprint[peer - 1], b->domid))
			plan_refuse(plan, b->node, "bulkhead,peers names %u, "
				    "which does not name it", peer);
	}
}

void plan_read(struct plan *plan)
{
	struct rule domid = domain_rule[0];
	fdt_node n = plan->first;

	domid.max = plan->count;
	for (; n.offset; n = fdt_next_sibling(&plan->fdt, n)) {
		check_properties(plan, n, domain_rule);

		uint32_t id = read_rule(plan, n, &domid);
		struct blueprint *b = &plan->blueprint[id - 1];

		if (b->domid)
			plan_refuse(plan, n, "domid %u is there twice", id);
		b->node = n;
		read_domain(plan, b);
	}
	for (uint32_t i = 0; i < plan->count; i++)
		check_peers(plan, &plan->blueprint[i]);
}
