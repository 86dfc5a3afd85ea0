/* SPDX-License-Identifier: MIT */
/*
 * One string of vif = [ ]: NAME=VALUE only.
 */
#include "device.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	"mac",	   "bridge", "gatewaydev", "type", "model", "vifname",
	"script",  "ip",     "backend",	   "rate", "devid", "mtu",
	"trusted", "netdev", "hostname",   NULL,
};

bool mac_read(const char *text, uint8_t mac[6])
{
	for (unsigned int i = 0; i < 6; i++) {
		char byte[3] = { text[0], text[0] ? text[1] : '\0', 0 };

		if (!isxdigit((unsigned char)byte[0]) ||
		    !isxdigit((unsigned char)byte[1]))
			return false;
		mac[i] = (uint8_t)strtoul(byte, NULL, 16);
		text += 2;
		if (i < 5 && *text++ != ':')
			return false;
	}
	return !*text;
}

char *mac_text(const uint8_t mac[6])
{
	return text_format("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			   mac[2], mac[3], mac[4], mac[5]);
}

/* A decimal number of at most 10 digits; false when there is none. */
static bool number(const char **p, uint64_t *out)
{
	size_t n = strspn(*p, "0123456789");

	if (!n || n > 10)
		return false;
	*out = strtoull(*p, NULL, 10);
	*p += n;
	return true;
}

static bool interval_read(const char *p, uint64_t *out)
{
	uint64_t unit = 1;

	if (!number(&p, out))
		return false;
	if (text_equal(p, "ms"))
		unit = 1000;
	else if (!*p || text_equal(p, "s"))
		unit = 1000000;
	else if (!text_equal(p, "us"))
		return false;
	*out *= unit;
	return *out && *out < UINT32_MAX;
}

bool rate_read(const char *text, uint64_t *bytes, unsigned int *interval)
{
	const char *p = text;
	uint64_t n, us = 50000;

	if (!number(&p, &n))
		return false;
	switch (*p) {
	case 'K':
		n *= 1000;
		p++;
		break;
	case 'M':
		n *= 1000000;
		p++;
		break;
	case 'G':
		n *= 1000000000;
		p++;
		break;
	}
	if (*p == 'b')
		n /= 8;
	else if (*p != 'B')
		return false;
	p++;
	if (!text_starts(p, "/s") || n > 1000000000000000)
		return false;
	p += 2;
	if ((*p == '@' && !interval_read(p + 1, &us)) || (*p && *p != '@'))
		return false;
	*bytes = (uint64_t)((unsigned __int128)n * us / 1000000);
	*interval = (unsigned int)us;
	return *bytes > 0;
}

static void keep(const struct spec *s, char **field, const char *value)
{
	if (*field)
		spec_bad(s, value, "says a thing for the second time: remove "
				   "it");
	else
		*field = text_copy(value);
}

static bool small_number(const char *value, unsigned int high,
			 unsigned int *out)
{
	const char *p = value;
	uint64_t n;

	if (!number(&p, &n) || *p || n > high)
		return false;
	*out = (unsigned int)n;
	return true;
}

static void mac(const struct spec *s, struct vif *v, const char *value)
{
	static const char example[] = "write mac=00:16:3e:xx:xx:xx";
	char *words = NULL;

	v->has_mac = mac_read(value, v->mac);
	if (!v->has_mac)
		words = text_format("is no MAC address: %s", example);
	else if (v->mac[0] & 1)
		words = text_format("is the address of a group: %s", example);
	if (words)
		spec_bad(s, value, words);
	free(words);
}

static void mode(const struct spec *s, const char *name, const char *value)
{
	if (text_equal(name, "type") && !text_equal(value, "vif"))
		spec_bad(s, value, "needs a device model: write type=vif, or "
				   "leave it out");
	else if (text_equal(name, "netdev") || text_equal(name, "hostname"))
		spec_bad(s, name, "has no effect here: remove it");
}

static void value_set(const struct spec *s, struct vif *v, const char *name,
		      const char *value)
{
	unsigned int n = 0;

	if (text_equal(name, "mac"))
		mac(s, v, value);
	else if (text_equal(name, "bridge"))
		keep(s, &v->bridge, value);
	else if (text_equal(name, "ip"))
		keep(s, &v->ip, value);
	else if (text_equal(name, "script"))
		keep(s, &v->script, value);
	else if (text_equal(name, "vifname"))
		keep(s, &v->vifname, value);
	else if (text_equal(name, "gatewaydev"))
		keep(s, &v->gateway, value);
	else if (text_equal(name, "backend"))
		keep(s, &v->backend, value);
	else if (text_equal(name, "rate")) {
		if (!rate_read(value, &v->rate, &v->rate_interval))
			spec_bad(s, value, "is no rate: write 100Mb/s, "
					   "2MB/s@20ms or the like");
	} else if (text_equal(name, "devid")) {
		v->has_id = small_number(value, 4095, &v->id);
		if (!v->has_id)
			spec_bad(s, value, "is no number from 0 to 4095");
	} else if (text_equal(name, "mtu")) {
		if (!small_number(value, 65535, &v->mtu) || v->mtu < 68)
			spec_bad(s, value, "is no number from 68 to 65535");
	} else if (text_equal(name, "trusted")) {
		if (!small_number(value, 1, &n))
			spec_bad(s, value, "is neither 0 nor 1");
		v->untrusted = n == 0;
	} else if (!word_listed(names, name))
		spec_unknown(s, name, names);
	else
		mode(s, name, value);
}

void vif_parse(const char *text, struct place where, struct vif *out,
	       struct faults *faults)
{
	struct spec s = { "vif", text, where, faults };
	char *copy = text_copy(text), *rest = copy, *part;

	*out = (struct vif){ .line = where.line };
	while ((part = strsep(&rest, ","))) {
		part += strspn(part, " ");
		char *equals = strchr(part, '=');

		if (!*part)
			continue;
		if (!equals) {
			spec_bad(&s, part, "has no value: write NAME=VALUE, "
					   "for example bridge=br0");
			continue;
		}
		*equals = '\0';
		value_set(&s, out, part, equals + 1);
	}
	free(copy);
}

void vif_free(struct vif *v)
{
	free(v->bridge);
	free(v->ip);
	free(v->script);
	free(v->vifname);
	free(v->gateway);
	free(v->backend);
	*v = (struct vif){ 0 };
}
