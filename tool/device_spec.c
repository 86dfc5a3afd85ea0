/* SPDX-License-Identifier: MIT */
/*
 * pci: xl-pci-configuration(5): [DDDD:]BB:DD.F[@VSLOT] and NAME=VALUE.
 * And the words that all of these strings share.
 */
#include "device_spec.h"
#include "device.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const pci_names[] = {
	"permissive", "msitranslate", "seize", "power_mgmt", "rdm_policy",
	"name",	      "bdf",	      "vslot", NULL,
};

bool word_listed(const char *const *names, const char *word)
{
	for (; *names; names++)
		if (text_equal(*names, word))
			return true;
	return false;
}

void spec_bad(const struct spec *s, const char *part, const char *instead)
{
	fault_add(s->faults, s->where, "'%s' in %s \"%s\" %s", part, s->key,
		  s->text, instead);
}

void spec_unknown(const struct spec *s, const char *name,
			 const char *const *names)
{
	const char *near = name_near(name, names);
	char *instead =
		near ? text_format("is unknown: did you mean '%s'?", near)
		     : text_format("is unknown: remove it or see "
				   "xl-%s-configuration(5)",
				   text_equal(s->key, "vif") ? "network"
							     : s->key);

	spec_bad(s, name, instead);
	free(instead);
}

/* Hexadecimal digits, then the byte that must follow. */
static bool hex_field(const char **p, unsigned int digits, char stop,
		      unsigned int *value)
{
	const char *q = *p;
	unsigned int n = 0;

	for (*value = 0; isxdigit((unsigned char)*q) && n < digits; n++) {
		char digit[2] = { *q++ };

		*value = *value << 4 | (unsigned int)strtoul(digit, NULL, 16);
	}
	if (!n || (stop && *q != stop))
		return false;
	*p = stop ? q + 1 : q;
	return true;
}

bool bdf_read(const char *p, uint16_t *bdf)
{
	const char *first = strchr(p, ':');
	unsigned int segment = 0, bus, slot, ignored;

	if (first && strchr(first + 1, ':') &&
	    !hex_field(&p, 4, ':', &segment))
		return false;
	if (segment || !hex_field(&p, 2, ':', &bus) ||
	    !hex_field(&p, 2, '.', &slot) || slot > 31 || *p < '0' || *p > '7')
		return false;
	*bdf = (uint16_t)(bus << 8 | slot << 3 | (unsigned int)(*p++ - '0'));
	if (*p == '@') {
		p++;
		return hex_field(&p, 2, 0, &ignored) && !*p;
	}
	return !*p;
}

static void pci_check(const struct spec *s, char *rest, uint16_t *bdf)
{
	char *part = strsep(&rest, ",");

	if (text_starts(part, "bdf="))
		part += strlen("bdf=");
	if (!bdf_read(part, bdf))
		spec_bad(s, part,
		    "is no PCI device: write BUS:DEVICE.FUNCTION, "
		    "for example 03:00.0");
	while ((part = strsep(&rest, ","))) {
		while (*part == ' ')
			part++;
		char *equals = strchr(part, '=');

		if (!equals) {
			spec_bad(s, part, "has no value: write NAME=VALUE");
			continue;
		}
		*equals = '\0';
		if (!word_listed(pci_names, part))
			spec_unknown(s, part, pci_names);
	}
}

uint16_t pci_parse(const char *spec, struct place where, struct faults *faults)
{
	uint16_t bdf = 0;
	struct spec s = { "pci", spec, where, faults };
	char *copy = text_copy(spec);

	pci_check(&s, copy, &bdf);
	free(copy);
	return bdf;
}
