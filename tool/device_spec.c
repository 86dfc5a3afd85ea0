/* SPDX-License-Identifier: MIT */
/*
 * disk: xl-disk-configuration(5): positions target, format, vdev, access,
 * then flags and NAME=VALUE; target=, when used, takes the rest.
 * vif: xl-network-configuration(5): NAME=VALUE only.
 * pci: xl-pci-configuration(5): [DDDD:]BB:DD.F[@VSLOT] and NAME=VALUE.
 */
#include "device_spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct spec {
	const char *key, *text;
	struct place where;
	struct faults *faults;
};

static const char *const disk_names[] = {
	"target",      "format",      "vdev",	 "access",  "backend",
	"backendtype", "script",      "devtype", "discard", "specification",
	"transport",   "grant_usage", NULL,
};
static const char *const disk_flags[] = {
	"cdrom",   "devtype=cdrom", "direct-io-safe",
	"discard", "no-discard",    "colo",
	NULL,
};
static const char *const disk_formats[] = { "raw", "qcow", "qcow2", "vhd",
					    "qed", "",	   NULL };
static const char *const disk_access[] = { "r", "ro", "w", "rw", "", NULL };
static const char *const vif_names[] = {
	"mac",	   "bridge", "gatewaydev", "type", "model", "vifname",
	"script",  "ip",     "backend",	   "rate", "devid", "mtu",
	"trusted", "netdev", "hostname",   NULL,
};
static const char *const pci_names[] = {
	"permissive", "msitranslate", "seize", "power_mgmt", "rdm_policy",
	"name",	      "bdf",	      "vslot", NULL,
};

static bool listed(const char *const *names, const char *word)
{
	for (; *names; names++)
		if (text_equal(*names, word))
			return true;
	return false;
}

static void bad(const struct spec *s, const char *part, const char *instead)
{
	fault_add(s->faults, s->where, "'%s' in %s \"%s\" %s", part, s->key,
		  s->text, instead);
}

static void unknown_name(const struct spec *s, const char *name,
			 const char *const *names)
{
	const char *near = name_near(name, names);
	char *instead =
		near ? text_format("is unknown: did you mean '%s'?", near)
		     : text_format("is unknown: remove it or see "
				   "xl-%s-configuration(5)",
				   text_equal(s->key, "vif") ? "network"
							     : s->key);

	bad(s, name, instead);
	free(instead);
}

static bool good_mac(const char *mac)
{
	for (unsigned int i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)mac[0]) ||
		    !isxdigit((unsigned char)mac[1]))
			return false;
		mac += 2;
		if (i < 5 && *mac++ != ':')
			return false;
	}
	return !*mac;
}

/* xvda1, hda, sda15, vda: letters of a kind, of a disk, a partition. */
static bool good_vdev(const char *v)
{
	static const char *const kinds[] = { "xvd", "hd", "sd", "vd", "d" };

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		const char *p = v + strlen(kinds[i]);

		if (!text_starts(v, kinds[i]))
			continue;
		if (text_equal(kinds[i], "d") && isdigit((unsigned char)*p)) {
			while (isdigit((unsigned char)*p))
				p++;
			if (*p == 'p' && isdigit((unsigned char)p[1]))
				p++;
		} else {
			if (!islower((unsigned char)*p))
				continue;
			while (islower((unsigned char)*p))
				p++;
		}
		while (isdigit((unsigned char)*p))
			p++;
		if (!*p)
			return true;
	}
	return false;
}

static void disk_value(const struct spec *s, const char *name,
		       const char *value, bool *vdev)
{
	if (text_equal(name, "format") && !listed(disk_formats, value))
		bad(s, value,
		    "is no format: write raw, qcow2, qcow, vhd or "
		    "qed");
	if (text_equal(name, "access") && !listed(disk_access, value))
		bad(s, value, "is no kind of access: write r or w");
	if (text_equal(name, "vdev")) {
		*vdev = true;
		if (!good_vdev(value))
			bad(s, value,
			    "is no name of a disk: write xvda, "
			    "xvdb, ...");
	}
}

static void disk_check(const struct spec *s, char *rest)
{
	static const char *const positions[] = { "target", "format", "vdev",
						 "access" };
	size_t position = 0;
	bool vdev = false;
	char *part;

	while ((part = strsep(&rest, ","))) {
		while (*part == ' ')
			part++;
		char *equals = strchr(part, '=');

		if (listed(disk_flags, part)) {
			continue;
		} else if (equals) {
			*equals = '\0';
			if (text_equal(part, "target"))
				break; /* takes all that follows */
			if (listed(disk_names, part))
				disk_value(s, part, equals + 1, &vdev);
			else
				unknown_name(s, part, disk_names);
		} else if (position < ARRAY_COUNT(positions)) {
			disk_value(s, positions[position++], part, &vdev);
		} else {
			bad(s, part,
			    "is one position too many: write "
			    "TARGET,FORMAT,VDEV,ACCESS");
		}
	}
	if (!vdev)
		bad(s, "vdev", "is missing: write TARGET,FORMAT,xvda,w");
}

static void vif_check(const struct spec *s, char *rest)
{
	char *part;

	while ((part = strsep(&rest, ","))) {
		while (*part == ' ')
			part++;
		char *equals = strchr(part, '=');

		if (!*part)
			continue;
		if (!equals) {
			bad(s, part,
			    "has no value: write NAME=VALUE, for "
			    "example bridge=br0");
			continue;
		}
		*equals = '\0';
		if (!listed(vif_names, part))
			unknown_name(s, part, vif_names);
		else if (text_equal(part, "mac") && !good_mac(equals + 1))
			bad(s, equals + 1,
			    "is no MAC address: write "
			    "mac=00:16:3e:xx:xx:xx");
	}
}

/* Hexadecimal digits, then the byte that must follow. */
static bool hex_field(const char **p, unsigned int digits, char stop)
{
	const char *q = *p;
	unsigned int n = 0;

	while (isxdigit((unsigned char)*q) && n < digits) {
		q++;
		n++;
	}
	if (!n || (stop && *q != stop))
		return false;
	*p = stop ? q + 1 : q;
	return true;
}

static bool good_bdf(const char *p)
{
	const char *first = strchr(p, ':');

	if (first && strchr(first + 1, ':') && !hex_field(&p, 4, ':'))
		return false;
	if (!hex_field(&p, 2, ':') || !hex_field(&p, 2, '.'))
		return false;
	if (*p == '*')
		p++;
	else if (*p >= '0' && *p <= '7')
		p++;
	else
		return false;
	if (*p == '@') {
		p++;
		return hex_field(&p, 2, 0) && !*p;
	}
	return !*p;
}

static void pci_check(const struct spec *s, char *rest)
{
	char *part = strsep(&rest, ",");

	if (text_starts(part, "bdf="))
		part += strlen("bdf=");
	if (!good_bdf(part))
		bad(s, part,
		    "is no PCI device: write BUS:DEVICE.FUNCTION, "
		    "for example 03:00.0");
	while ((part = strsep(&rest, ","))) {
		while (*part == ' ')
			part++;
		char *equals = strchr(part, '=');

		if (!equals) {
			bad(s, part, "has no value: write NAME=VALUE");
			continue;
		}
		*equals = '\0';
		if (!listed(pci_names, part))
			unknown_name(s, part, pci_names);
	}
}

void device_spec_check(const char *key, const char *spec, struct place where,
		       struct faults *faults)
{
	struct spec s = { key, spec, where, faults };
	char *copy = text_copy(spec);

	if (text_equal(key, "disk"))
		disk_check(&s, copy);
	else if (text_equal(key, "vif"))
		vif_check(&s, copy);
	else
		pci_check(&s, copy);
	free(copy);
}
