/* SPDX-License-Identifier: MIT */
/*
 * One string of disk = [ ]. Positions fill what is not yet said, in the
 * order target, format, vdev, access; NAME=VALUE and flags may stand
 * between them; target=, when used, takes the rest of the string.
 */
#include "device.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	"target",	 "format",	  "vdev",	 "access",
	"backend",	 "backendtype",	  "script",	 "devtype",
	"discard",	 "no-discard",	  "cdrom",	 "colo",
	"specification", "transport",	  "grant_usage", "direct-io-safe",
	NULL,
};
static const char *const formats[] = { "raw", "qcow",  "qcow2", "vhd",
				       "qed", "empty", "",	NULL };
static const char *const accesses[] = { "r", "ro", "w", "rw", "", NULL };
static const char *const backends[] = { "phy", "xen", "", NULL };

/* What a deprecated prefix of the target stands for. */
static const struct {
	const char *prefix, *format, *script;
} prefixes[] = {
	{ "phy:", "raw", NULL },
	{ "file:", "raw", NULL },
	{ "raw:", "raw", NULL },
	{ "aio:", "raw", NULL },
	{ "qcow:", "qcow", NULL },
	{ "qcow2:", "qcow2", NULL },
	{ "vhd:", "vhd", NULL },
	{ "iscsi:", "raw", "block-iscsi" },
	{ "nbd:", "raw", "block-nbd" },
	{ "drbd:", "raw", "block-drbd" },
};

struct parts {
	struct spec spec;
	struct disk *disk;
	char *format, *access, *type; /* NULL: not yet said */
};

static bool bus_number(unsigned int bus, unsigned long disk,
		       unsigned long part, unsigned int *out)
{
	switch (bus) {
	case 'x':
		if (disk > 0xfffff || part > 0xff)
			return false;
		*out = disk < 16 && part < 16
			       ? (unsigned int)(202 << 8 | disk << 4 | part)
			       : (unsigned int)(1 << 28 | disk << 8 | part);
		return true;
	case 'h':
		if (disk > 3 || part > 63)
			return false;
		*out = (unsigned int)((disk < 2 ? 3ul : 22ul) << 8 |
				      (disk & 1) << 6 | part);
		return true;
	default:
		if (disk > 15 || part > 15)
			return false;
		*out = (unsigned int)(8 << 8 | disk << 4 | part);
		return true;
	}
}

/* Decimal digits; false when there are none or too many. */
static bool digits(const char **p, unsigned long *out)
{
	size_t n = strspn(*p, "0123456789");

	if (!n || n > 7)
		return false;
	*out = strtoul(*p, NULL, 10);
	*p += n;
	return true;
}

/* a, b, ... z, aa, ab, ... */
static bool letters(const char **p, unsigned long *out)
{
	unsigned long n = 0;
	size_t count = 0;

	for (; **p >= 'a' && **p <= 'z' && count < 5; ++*p, count++)
		n = n * 26 + (unsigned long)(**p - 'a') + 1;
	*out = n - 1;
	return count && count < 5;
}

bool vdev_number(const char *name, unsigned int *out)
{
	static const char *const buses[] = { "xvd", "hd", "sd" };
	unsigned long disk, part = 0;
	const char *p = name;
	char *end;

	if (*p >= '0' && *p <= '9') {
		unsigned long n = strtoul(p, &end, 0);

		*out = (unsigned int)n;
		return !*end && n && n < 1ul << 29;
	}
	for (size_t i = 0; i < ARRAY_COUNT(buses); i++) {
		if (!text_starts(name, buses[i]))
			continue;
		p = name + strlen(buses[i]);
		if (!letters(&p, &disk) || (*p && !digits(&p, &part)))
			return false;
		return !*p && bus_number((unsigned char)*name, disk, part, out);
	}
	if (*p++ != 'd' || !digits(&p, &disk) || *p++ != 'p' ||
	    !digits(&p, &part) || *p)
		return false;
	return bus_number('x', disk, part, out);
}

static void keep(struct parts *s, char **field, const char *value)
{
	if (*field) {
		spec_bad(&s->spec, value, "says a thing for the second time: "
					  "remove it");
		return;
	}
	*field = text_copy(value);
}

static void devtype(struct parts *s, const char *value)
{
	keep(s, &s->type, value);
	s->disk->cdrom = text_equal(value, "cdrom");
	if (!s->disk->cdrom && !text_equal(value, "disk"))
		spec_bad(&s->spec, value,
			 "is no kind of device: write disk or cdrom");
}

static void format(struct parts *s, const char *value)
{
	keep(s, &s->format, value);
	if (!word_listed(formats, value))
		spec_bad(&s->spec, value, "is no format: write raw");
	else if (*value && !text_equal(value, "raw"))
		spec_bad(&s->spec, value,
			 "cannot be served: Linux's back end takes raw disks "
			 "only, so convert the image with `qemu-img convert -O "
			 "raw`");
}

static void vdev(struct parts *s, const char *value)
{
	char *copy = text_copy(value), *colon = strchr(copy, ':');

	if (colon) { /* hdc:cdrom, as xm had it */
		*colon = '\0';
		devtype(s, colon + 1);
	}
	keep(s, &s->disk->vdev, copy);
	if (!vdev_number(copy, &s->disk->number))
		spec_bad(&s->spec, copy,
			 "is no name of a disk: write xvda, xvdb, ...");
	free(copy);
}

static void access_mode(struct parts *s, const char *value)
{
	keep(s, &s->access, value);
	if (!word_listed(accesses, value))
		spec_bad(&s->spec, value,
			 "is no kind of access: write r or w");
	s->disk->readonly = *value == 'r' && !text_equal(value, "rw");
}

static bool flag(struct parts *s, const char *word)
{
	if (text_equal(word, "cdrom"))
		devtype(s, word);
	else if (text_equal(word, "direct-io-safe"))
		s->disk->direct_io_safe = true;
	else if (text_equal(word, "discard"))
		s->disk->discard = DISCARD_ON;
	else if (text_equal(word, "no-discard"))
		s->disk->discard = DISCARD_OFF;
	else
		return false;
	return true;
}

static void named(struct parts *s, const char *name, const char *value)
{
	if (text_equal(name, "format"))
		format(s, value);
	else if (text_equal(name, "vdev"))
		vdev(s, value);
	else if (text_equal(name, "access"))
		access_mode(s, value);
	else if (text_equal(name, "backend"))
		keep(s, &s->disk->backend, value);
	else if (text_equal(name, "script"))
		keep(s, &s->disk->script, value);
	else if (text_equal(name, "devtype"))
		devtype(s, value);
	else if (!word_listed(names, name))
		spec_unknown(&s->spec, name, names);
	else if ((!text_equal(name, "backendtype") &&
		  !text_equal(name, "specification")) ||
		 !word_listed(backends, value))
		spec_bad(&s->spec, value,
			 "needs a device model, and no driver VM has one: "
			 "remove it");
}

/* The target may begin with what old configurations say of its format. */
static void target(struct parts *s, const char *value)
{
	static const char *const taps[] = { "tap:", "tap2:" };

	if (s->disk->target) {
		keep(s, &s->disk->target, value);
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(taps); i++)
		if (text_starts(value, taps[i]))
			value += strlen(taps[i]);
	for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (!text_starts(value, prefixes[i].prefix))
			continue;
		value += n;
		format(s, prefixes[i].format);
		if (prefixes[i].script)
			keep(s, &s->disk->script, prefixes[i].script);
		break;
	}
	s->disk->target = text_copy(value);
}

static void positional(struct parts *s, const char *part)
{
	if (!s->disk->target)
		target(s, part);
	else if (!s->format)
		format(s, part);
	else if (!s->disk->vdev)
		vdev(s, part);
	else if (!s->access)
		access_mode(s, part);
	else
		spec_bad(&s->spec, part,
			 "is one position too many: write "
			 "TARGET,FORMAT,VDEV,ACCESS");
}

/* Characters that the store's values and the scripts take as they are. */
static bool plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static void complete(struct parts *s)
{
	struct disk *d = s->disk;

	d->readonly = d->readonly || d->cdrom;
	if (!d->vdev)
		spec_bad(&s->spec, "vdev",
			 "is missing: write TARGET,FORMAT,xvda,w");
	if (!d->target || !*d->target)
		spec_bad(&s->spec, "target",
			 "is missing: write what the back end opens, "
			 "/dev/... or a file of its own, first");
	else if (!plain(d->target) || strlen(d->target) > 1024)
		spec_bad(&s->spec, "target",
			 "is too long or holds control characters");
}

void disk_parse(const char *text, struct place where, struct disk *out,
		struct faults *faults)
{
	struct parts s = { .spec = { "disk", text, where, faults },
			   .disk = out };
	char *copy = text_copy(text), *rest = copy;

	*out = (struct disk){ .line = where.line };
	while (rest && *rest) {
		rest += strspn(rest, " \t");
		if (text_starts(rest, "target=")) {
			size_t last = strlen(rest) - 1;

			if (rest[last] == ',')
				rest[last] = '\0';
			target(&s, rest + strlen("target="));
			break;
		}
		char *part = strsep(&rest, ","), *equals = strchr(part, '=');
		size_t name = strspn(part, "abcdefghijklmnopqrstuvwxyz-_");

		if (flag(&s, part))
			continue;
		if (equals && part + name == equals) {
			*equals = '\0';
			named(&s, part, equals + 1);
		} else {
			positional(&s, part);
		}
	}
	complete(&s);
	free(s.format);
	free(s.access);
	free(s.type);
	free(copy);
}

void disk_free(struct disk *d)
{
	free(d->target);
	free(d->vdev);
	free(d->backend);
	free(d->script);
	*d = (struct disk){ 0 };
}
