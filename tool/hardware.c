/* SPDX-License-Identifier: MIT */
/*
 * One string of qemu_devices = [ ], and all of them together; hardware.h.
 */
#include "hardware.h"
#include "device.h"
#include "device_spec.h"
#include "machine.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_MIB (1u << 24)

struct hardware_model {
	const char *name;
	enum hardware_kind kind;
	const char *qemu;
};

/* Behind the IOMMU, without option ROMs, which guests do not see. */
static const struct hardware_model models[] = {
	{ "virtio-net", HARDWARE_NIC,
	  "virtio-net-pci,disable-legacy=on,iommu_platform=on,romfile=" },
	{ "nvme", HARDWARE_DISK, "nvme" },
};

static const char *const nic_names[] = { "bdf", "forward", "outside", NULL };
static const char *const disk_names[] = { "bdf", "file", "size", NULL };

enum hardware_kind hardware_kind(const struct hardware *h)
{
	return h->model->kind;
}

const char *hardware_words(const struct hardware *h)
{
	return h->model->qemu;
}

/* 1..high in decimal; false otherwise. */
static bool number(const char *text, uint64_t high, uint64_t *out)
{
	size_t n = strspn(text, "0123456789");

	*out = strtoull(text, NULL, 10);
	return n && n < 10 && !text[n] && *out && *out <= high;
}

/* PORT:ADDRESS:PORT, the first one of this host. */
static bool forward_read(const char *value, struct forward *out)
{
	char *copy = text_copy(value), *rest = copy;
	const char *host = strsep(&rest, ":"), *address = strsep(&rest, ":");
	struct in_addr ignored;
	uint64_t here = 0, there = 0;
	bool good = address && rest && number(host, 65535, &here) &&
		    number(rest, 65535, &there) &&
		    inet_pton(AF_INET, address, &ignored) == 1;

	*out = (struct forward){ (unsigned int)here, (unsigned int)there, "" };
	if (good)
		memcpy(out->address, address, strlen(address));
	free(copy);
	return good;
}

static void forward_add(const struct spec *s, struct hardware *h,
			const char *value)
{
	struct forward f;

	if (!forward_read(value, &f)) {
		spec_bad(s, value,
			 "forwards no port: write HOST-PORT:VM'S-ADDRESS:PORT, "
			 "for example forward=8080:10.0.2.15:80");
		return;
	}
	h->forward = mem_grow(h->forward, h->forward_count + 1, sizeof(f));
	h->forward[h->forward_count++] = f;
}

/* Slots 0 and 31 are the chipset's, 1 is the IOMMU's. */
static void bdf_set(const struct spec *s, struct hardware *h, const char *value)
{
	if (!bdf_read(value, &h->bdf) || h->bdf < 0x10 || h->bdf > 0xf0 ||
	    h->bdf & 7)
		spec_bad(s, value,
			 "is no free place in QEMU's machine: write one from "
			 "00:02.0 to 00:1e.0");
}

static void value_set(const struct spec *s, struct hardware *h,
		      const char *folder, const char *name, const char *value)
{
	const char *const *names =
		hardware_kind(h) == HARDWARE_NIC ? nic_names : disk_names;
	uint64_t n;

	if (!word_listed(names, name)) {
		const char *near = name_near(name, names);
		char *words = text_format("is nothing that %s has: %s%s%s",
					  h->model->name,
					  near ? "did you mean '" : "remove it",
					  near ? near : "", near ? "'?" : "");

		spec_bad(s, name, words);
		free(words);
	} else if (text_equal(name, "bdf")) {
		bdf_set(s, h, value);
	} else if (text_equal(name, "forward")) {
		forward_add(s, h, value);
	} else if (text_equal(name, "file") && *value) {
		free(h->file);
		h->file = path_from(folder, value);
	} else if (text_equal(name, "size")) {
		if (!number(value, SIZE_MAX_MIB, &h->size))
			spec_bad(s, value, "is no size: write a number of MiB");
	} else if (text_equal(name, "outside") && number(value, 1, &n)) {
		h->outside = true;
	} else if (!text_equal(value, "0") || !text_equal(name, "outside")) {
		spec_bad(s, value, text_equal(name, "file")
					   ? "names no file"
					   : "is neither 0 nor 1");
	}
}

static void model_set(const struct spec *s, struct hardware *h,
		      const char *name)
{
	struct text known = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(models); i++) {
		if (text_equal(models[i].name, name))
			h->model = &models[i];
		text_add(&known, "%s%s", i ? " or " : "", models[i].name);
	}
	if (!h->model) {
		char *words = text_format("is no device that QEMU is asked "
					  "for here: begin with %s",
					  known.at);

		spec_bad(s, name, words);
		free(words);
	}
	text_free(&known);
}

static void complete(const struct spec *s, const struct hardware *h)
{
	if (!strstr(s->text, "bdf="))
		spec_bad(s, "bdf",
			 "is missing: write where it is, for example "
			 "bdf=00:02.0");
	if (hardware_kind(h) == HARDWARE_DISK && !h->file)
		spec_bad(s, "file",
			 "is missing: write file=IMAGE, and size=MIB if it is "
			 "to be made");
}

void hardware_parse(const char *text, struct place where, const char *folder,
		    struct hardware *out, struct faults *faults)
{
	struct spec s = { "qemu_devices", text, where, faults };
	char *copy = text_copy(text), *rest = copy, *part = strsep(&rest, ",");

	*out = (struct hardware){ .line = where.line };
	model_set(&s, out, part);
	while (out->model && (part = strsep(&rest, ","))) {
		part += strspn(part, " ");
		char *equals = strchr(part, '=');

		if (!equals) {
			spec_bad(&s, part, "has no value: write NAME=VALUE");
			continue;
		}
		*equals = '\0';
		value_set(&s, out, folder, part, equals + 1);
	}
	if (out->model)
		complete(&s, out);
	free(copy);
}

void hardware_free(struct hardware *h)
{
	free(h->file);
	free(h->forward);
	*h = (struct hardware){ 0 };
}

static bool is_owned(const struct machine *m, uint16_t bdf)
{
	for (size_t i = 0; i < m->vm_count; i++)
		for (size_t k = 0; k < m->vm[i].pci_count; k++)
			if (m->vm[i].pci[k] == bdf)
				return true;
	return false;
}

static bool host_port_taken(const struct machine *m, size_t device,
			    size_t forward)
{
	unsigned int port = m->hardware[device].forward[forward].host;

	for (size_t i = 0; i <= device; i++)
		for (size_t k = 0; k < m->hardware[i].forward_count; k++)
			if ((i < device || k < forward) &&
			    m->hardware[i].forward[k].host == port)
				return true;
	return false;
}

static void check_one(const struct machine *m, size_t n, struct faults *faults)
{
	const struct hardware *h = &m->hardware[n];
	struct place where = { m->conf, h->line };
	unsigned int slot = h->bdf >> 3;

	for (size_t i = 0; i < n; i++)
		if (m->hardware[i].bdf == h->bdf)
			fault_add(faults, where,
				  "bdf=00:%02x.0 is the place of another "
				  "device (line %u): write another",
				  slot, m->hardware[i].line);
	if (!is_owned(m, h->bdf))
		fault_add(faults, where,
			  "the device at 00:%02x.0 is no VM's: write pci = [ "
			  "'00:%02x.0' ] in the file of the VM that drives it",
			  slot, slot);
	for (size_t k = 0; k < h->forward_count; k++)
		if (host_port_taken(m, n, k))
			fault_add(faults, where,
				  "forward=%u:... is the second of this host "
				  "port: write another",
				  h->forward[k].host);
}

void hardware_check(const struct machine *m, struct faults *faults)
{
	for (size_t i = 0; i < m->hardware_count; i++)
		if (m->hardware[i].model && m->hardware[i].bdf)
			check_one(m, i, faults);
}
