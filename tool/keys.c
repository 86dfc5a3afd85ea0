/* SPDX-License-Identifier: MIT */
/*
 * Settings by name; see keys.h.
 */
#include "keys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Settings that xl knows and that mean nothing for a PVH guest of ours. */
static const char *const of_xl[] = {
	"acpi",
	"acpi_firmware",
	"altp2m",
	"apic",
	"argo",
	"bios",
	"bios_path_override",
	"blkdev_start",
	"boot",
	"bootloader",
	"bootloader_args",
	"builder",
	"channel",
	"claim_mode",
	"console",
	"cpuid",
	"cpus_soft",
	"device_model_args",
	"device_model_args_hvm",
	"device_model_args_pv",
	"device_model_override",
	"device_model_stubdomain_override",
	"device_model_user",
	"device_model_version",
	"device_tree",
	"dm_restrict",
	"dtdev",
	"e820_host",
	"event_channels",
	"extratime",
	"features",
	"firmware",
	"firmware_override",
	"gfx_passthru",
	"gic_version",
	"hap",
	"hpet",
	"init_seclabel",
	"iomem",
	"ioports",
	"irqs",
	"latency",
	"localtime",
	"max_event_channels",
	"max_grant_frames",
	"max_grant_version",
	"max_maptrack_frames",
	"mca_caps",
	"mmio_hole",
	"monitor",
	"ms_vm_genid",
	"nestedhvm",
	"nic",
	"nographic",
	"nomigrate",
	"on_soft_reset",
	"on_watchdog",
	"opengl",
	"p9",
	"pae",
	"passthrough",
	"pci_msitranslate",
	"pci_permissive",
	"pci_power_mgmt",
	"pci_seize",
	"period",
	"pool",
	"processor_trace_buf_kb",
	"pvcalls",
	"pvh",
	"pvshim",
	"rdm",
	"rdm_mem_boundary",
	"rtc_timeoffset",
	"scheduler",
	"sdl",
	"seclabel",
	"serial",
	"shadow_memory",
	"slice",
	"smbios",
	"smbios_firmware",
	"soundhw",
	"spice",
	"stdvga",
	"stubdomain_cmdline",
	"stubdomain_kernel",
	"stubdomain_memory",
	"stubdomain_ramdisk",
	"system_firmware",
	"timer_mode",
	"tsc_mode",
	"tpm_version",
	"usb",
	"usbctrl",
	"usbdev",
	"usbdevice",
	"usbversion",
	"uuid",
	"vdispl",
	"vfb",
	"vga",
	"videoram",
	"viridian",
	"virtio",
	"vkb",
	"vmtrace_buf_kb",
	"vnc",
	"vncconsole",
	"vncdisplay",
	"vnclisten",
	"vncpasswd",
	"vncunused",
	"vnuma",
	"vpmu",
	"vscsi",
	"vsnd",
	"vtpm",
	"vuart",
	"xen_9pfs",
	"xen_platform_pci",
	"xend_suspend_evtchn_compat",
	NULL,
};

static const struct key *key_find(const struct key_table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (text_equal(t->key[i].name, name))
			return &t->key[i];
	return NULL;
}

static void unknown_key(const struct key_table *t, struct place where,
			const char *name, struct faults *faults)
{
	const char **names = mem_alloc((t->count + 1) * sizeof(names[0]));

	for (size_t i = 0; i < t->count; i++)
		names[i] = t->key[i].name;

	const char *near = name_near(name, names);

	for (size_t i = 0; of_xl[i]; i++)
		if (text_equal(of_xl[i], name)) {
			fault_add(faults, where,
				  "'%s' is a setting of xl that Bulkhead does "
				  "not have: remove it",
				  name);
			free(names);
			return;
		}
	if (near)
		fault_add(faults, where,
			  "'%s' is not a setting of %s: did you mean '%s'?",
			  name, t->what, near);
	else
		fault_add(faults, where,
			  "'%s' is not a setting of %s: remove it (`bulkhead "
			  "help check` lists all settings)",
			  name, t->what);
	free(names);
}

bool value_string(const struct cfg *c, const char *key,
		  const struct cfg_value *v, const char **out,
		  struct faults *faults)
{
	struct place where = { c->file, v->line };

	if (v->kind == CFG_LIST) {
		fault_add(faults, where,
			  "'%s' is a list and should be a string: write "
			  "\"...\" without [ ]",
			  key);
		return false;
	}
	*out = v->text;
	return true;
}

static bool quoted_number(const char *s, uint64_t *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	*out = strtoull(s, &end, 0);
	return !*end && *out < INT64_MAX;
}

bool value_number(const struct cfg *c, const char *key,
		  const struct cfg_value *v, const struct key *range,
		  uint64_t *out, struct faults *faults)
{
	struct place where = { c->file, v->line };
	uint64_t n = v->number;

	if (v->kind == CFG_LIST ||
	    (v->kind == CFG_STRING && !quoted_number(v->text, &n))) {
		fault_add(faults, where,
			  "'%s' is %s%s%s and should be a number: write one "
			  "from %" PRIu64 " to %" PRIu64,
			  key, v->kind == CFG_LIST ? "a list" : "\"",
			  v->kind == CFG_LIST ? "" : v->text,
			  v->kind == CFG_LIST ? "" : "\"", range->low,
			  range->high);
		return false;
	}
	if (n < range->low || n > range->high) {
		fault_add(faults, where,
			  "'%s' is %" PRIu64 ": write a number from %" PRIu64
			  " to %" PRIu64,
			  key, n, range->low, range->high);
		return false;
	}
	*out = n;
	return true;
}

bool value_list(const struct cfg *c, const char *key, const struct cfg_value *v,
		struct faults *faults)
{
	if (v->kind == CFG_LIST)
		return true;
	fault_add(faults, (struct place){ c->file, v->line },
		  "'%s' should be a list: write %s = [ \"%s\" ]", key, key,
		  v->text);
	return false;
}

static void key_store(const struct cfg *c, const struct cfg_setting *s,
		      const struct key *k, void *out, struct faults *faults)
{
	static const struct key zero_or_one = { .high = 1 };
	const char *text;
	uint64_t n;
	char *field = (char *)out + k->offset;

	switch (k->kind) {
	case KEY_STRING:
		if (value_string(c, s->key, &s->value, &text, faults))
			*(char **)(void *)field = text_copy(text);
		break;
	case KEY_NUMBER:
		if (value_number(c, s->key, &s->value, k, &n, faults))
			*(uint64_t *)(void *)field = n;
		break;
	case KEY_BOOL:
		if (value_number(c, s->key, &s->value, &zero_or_one, &n,
				 faults))
			*(bool *)(void *)field = n != 0;
		break;
	case KEY_OTHER:
		break;
	}
}

void keys_read(const struct key_table *t, const struct cfg *c, void *out,
	       struct faults *faults)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct cfg_setting *s = &c->at[i];
		const struct key *k = key_find(t, s->key);

		if (k && s->broken)
			continue;
		if (k)
			key_store(c, s, k, out, faults);
		else
			unknown_key(t, (struct place){ c->file, s->line },
				    s->key, faults);
	}
}

bool name_is_good(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t n = strlen(name);

	return n && n <= 31 && strspn(name, letters) == n;
}
