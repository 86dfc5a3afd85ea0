/* SPDX-License-Identifier: MIT */
/*
 * The first contents of the xenstore. Whatever names a device, a back end
 * or a VM belongs to nobody (domain 0) and can be read only: a guest can
 * change the state of its devices and add keys of its own beside, never say
 * who serves whom. Invariants:
 *  I1  a node stands behind its parent;
 *  I2  what a guest owns lies in its own home;
 *  I3  all of a VM's nodes outside its home are readable at most, and only
 *      those of devices that join both.
 */
#include "store_image.h"
#include "../vms/store/image_format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY	   0u
#define RIGHT_READ 1u
#define PERMS_MAX  3u

/* Frame numbers and ports as every PVH guest has them: docs/binding.md. */
#define STORE_RING   0xfeffcu
#define STORE_PORT   1u
#define CONSOLE_RING 0xfefffu
#define CONSOLE_PORT 2u

struct perms {
	uint32_t at[PERMS_MAX];
	uint8_t count;
};

struct image {
	const struct machine *m;
	struct image_writer w;
};

static uint32_t perm(unsigned int domid, unsigned int rights)
{
	return rights << 16 | domid;
}

/* nOWNER, then rREADER each; a reader that is 0 is none. */
static struct perms perms(unsigned int owner, unsigned int reader,
			  unsigned int second)
{
	struct perms p = { { perm(owner, 0) }, 1 };

	if (reader)
		p.at[p.count++] = perm(reader, RIGHT_READ);
	if (second)
		p.at[p.count++] = perm(second, RIGHT_READ);
	return p;
}

static struct image_bytes bytes(const char *s)
{
	return (struct image_bytes){ s, s ? (uint16_t)strlen(s) : 0 };
}

static void node_end(struct image *i, struct perms p, const char *path,
		     const char *value, const char *end)
{
	const struct image_bytes values[2] = { bytes(value), bytes(end) };

	image_add_node(&i->w, bytes(path), p.at, p.count, values);
}

/* One node at folder/name; name NULL: the folder itself. */
static void node(struct image *i, struct perms p, const char *folder,
		 const char *name, const char *value)
{
	char *path = name ? text_format("%s/%s", folder, name)
			  : text_copy(folder);

	node_end(i, p, path, value, NULL);
	free(path);
}

static void number(struct image *i, struct perms p, const char *folder,
		   const char *name, uint64_t value)
{
	char *text = text_format("%" PRIu64, value);

	node(i, p, folder, name, text);
	free(text);
}

static void maybe(struct image *i, struct perms p, const char *folder,
		  const char *name, const char *value)
{
	if (value)
		node(i, p, folder, name, value);
}

/* Where the drivers on both sides have got to; 1: from the beginning. */
static void state(struct image *i, struct perms p, const char *folder,
		  const char *end)
{
	char *path = text_format("%s/state", folder);

	node_end(i, p, path, "1", end);
	free(path);
}

struct device {
	const char *kind; /* vbd, vif */
	unsigned int number, front, back;
	char *front_path, *back_path;
};

static struct device device_make(const char *kind, unsigned int number,
				 unsigned int front, unsigned int back)
{
	return (struct device){
		kind,
		number,
		front,
		back,
		text_format("/local/domain/%u/device/%s/%u", front, kind,
			    number),
		text_format("/local/domain/%u/backend/%s/%u/%u", back, kind,
			    front, number),
	};
}

static void device_end(struct device *d)
{
	free(d->front_path);
	free(d->back_path);
}

/* What both kinds have on the front end's side. */
static void front_begin(struct image *i, const struct device *d)
{
	struct perms fixed = perms(NOBODY, d->front, d->back);

	node(i, perms(d->front, d->back, 0), d->front_path, NULL, "");
	node(i, fixed, d->front_path, "backend", d->back_path);
	number(i, fixed, d->front_path, "backend-id", d->back);
	/* Gone for good: the back end lets go of everything. */
	state(i, perms(d->front, d->back, 0), d->front_path, "6");
}

static void back_begin(struct image *i, const struct device *d)
{
	struct perms fixed = perms(NOBODY, d->back, d->front);

	node(i, perms(d->back, d->front, 0), d->back_path, NULL, "");
	node(i, fixed, d->back_path, "frontend", d->front_path);
	number(i, fixed, d->back_path, "frontend-id", d->front);
	node(i, fixed, d->back_path, "online", "1");
	state(i, perms(d->back, d->front, 0), d->back_path, NULL);
}

static void disk_front(struct image *i, const struct vm *vm,
		       const struct disk *d)
{
	struct device x = device_make("vbd", d->number, vm->domid, d->back);
	struct perms fixed = perms(NOBODY, vm->domid, d->back);

	front_begin(i, &x);
	number(i, fixed, x.front_path, "virtual-device", d->number);
	node(i, fixed, x.front_path, "device-type",
	     d->cdrom ? "cdrom" : "disk");
	device_end(&x);
}

static void disk_back(struct image *i, const struct vm *vm,
		      const struct disk *d)
{
	struct device x = device_make("vbd", d->number, vm->domid, d->back);
	struct perms fixed = perms(NOBODY, d->back, vm->domid);
	struct perms own = perms(NOBODY, d->back, 0);

	back_begin(i, &x);
	node(i, own, x.back_path, "params", d->target);
	node(i, own, x.back_path, "script",
	     d->script ? d->script : DISK_SCRIPT);
	node(i, own, x.back_path, "type", "phy");
	node(i, fixed, x.back_path, "dev", d->vdev);
	node(i, fixed, x.back_path, "mode", d->readonly ? "r" : "w");
	node(i, fixed, x.back_path, "device-type", d->cdrom ? "cdrom" : "disk");
	node(i, fixed, x.back_path, "removable", d->cdrom ? "1" : "0");
	if (d->direct_io_safe)
		node(i, own, x.back_path, "direct-io-safe", "1");
	if (d->discard != DISCARD_DEFAULT)
		node(i, fixed, x.back_path, "discard-enable",
		     d->discard == DISCARD_ON ? "1" : "0");
	device_end(&x);
}

static void vif_front(struct image *i, const struct vm *vm, const struct vif *v)
{
	struct device x = device_make("vif", v->id, vm->domid, v->back);
	struct perms fixed = perms(NOBODY, vm->domid, v->back);
	char *mac = mac_text(v->mac);

	front_begin(i, &x);
	number(i, fixed, x.front_path, "handle", v->id);
	node(i, fixed, x.front_path, "mac", mac);
	if (v->mtu)
		number(i, fixed, x.front_path, "mtu", v->mtu);
	if (v->untrusted)
		node(i, fixed, x.front_path, "trusted", "0");
	device_end(&x);
	free(mac);
}

static void vif_back(struct image *i, const struct vm *vm, const struct vif *v)
{
	struct device x = device_make("vif", v->id, vm->domid, v->back);
	struct perms fixed = perms(NOBODY, v->back, vm->domid);
	struct perms own = perms(NOBODY, v->back, 0);
	char *mac = mac_text(v->mac);

	back_begin(i, &x);
	number(i, fixed, x.back_path, "handle", v->id);
	node(i, fixed, x.back_path, "mac", mac);
	node(i, own, x.back_path, "script", v->script ? v->script : VIF_SCRIPT);
	node(i, own, x.back_path, "type", "vif");
	maybe(i, own, x.back_path, "bridge", v->bridge);
	maybe(i, own, x.back_path, "ip", v->ip);
	maybe(i, own, x.back_path, "vifname", v->vifname);
	maybe(i, own, x.back_path, "gatewaydev", v->gateway);
	if (v->mtu)
		number(i, own, x.back_path, "mtu", v->mtu);
	if (v->rate) {
		char *rate = text_format("%" PRIu64 ",%u", v->rate,
					 v->rate_interval);

		node(i, own, x.back_path, "rate", rate);
		free(rate);
	}
	device_end(&x);
	free(mac);
}

static void folder(struct image *i, struct perms p, const char *home,
		   const char *name)
{
	node(i, p, home, name, "");
}

static void fronts(struct image *i, const struct vm *vm, const char *home)
{
	struct perms own = perms(NOBODY, vm->domid, 0);

	folder(i, own, home, "device");
	folder(i, own, home, "device/suspend");
	folder(i, perms(vm->domid, 0, 0), home, "device/suspend/event-channel");
	if (vm->disk_count)
		folder(i, own, home, "device/vbd");
	for (size_t k = 0; k < vm->disk_count; k++)
		disk_front(i, vm, &vm->disk[k]);
	if (vm->vif_count)
		folder(i, own, home, "device/vif");
	for (size_t k = 0; k < vm->vif_count; k++)
		vif_front(i, vm, &vm->vif[k]);
}

/* The folder of one kind for one client, when there is the first of them. */
static void back_folder(struct image *i, const struct vm *vm, const char *home,
			const char *kind, unsigned int front, bool *kind_made)
{
	struct perms own = perms(NOBODY, vm->domid, 0);
	char *path = text_format("backend/%s", kind);
	char *client = text_format("%s/%u", path, front);

	if (!*kind_made)
		folder(i, own, home, path);
	*kind_made = true;
	folder(i, own, home, client);
	free(client);
	free(path);
}

static void backs_vbd(struct image *i, const struct vm *vm, const char *home)
{
	bool made = false;

	for (size_t f = 0; f < i->m->vm_count; f++) {
		const struct vm *front = &i->m->vm[f];
		bool first = true;

		for (size_t k = 0; k < front->disk_count; k++) {
			if (front->disk[k].back != vm->domid)
				continue;
			if (first)
				back_folder(i, vm, home, "vbd", front->domid,
					    &made);
			first = false;
			disk_back(i, front, &front->disk[k]);
		}
	}
}

static void backs_vif(struct image *i, const struct vm *vm, const char *home)
{
	bool made = false;

	for (size_t f = 0; f < i->m->vm_count; f++) {
		const struct vm *front = &i->m->vm[f];
		bool first = true;

		for (size_t k = 0; k < front->vif_count; k++) {
			if (front->vif[k].back != vm->domid)
				continue;
			if (first)
				back_folder(i, vm, home, "vif", front->domid,
					    &made);
			first = false;
			vif_back(i, front, &front->vif[k]);
		}
	}
}

static void control(struct image *i, const struct vm *vm, const char *home)
{
	static const char *const guests[] = {
		"control/shutdown",	   "control/feature-poweroff",
		"control/feature-reboot",  "control/feature-suspend",
		"control/sysrq",	   "data",
		"drivers",		   "feature",
		"attr",			   "error",
	};
	struct perms own = perms(NOBODY, vm->domid, 0);

	folder(i, own, home, "control");
	node(i, own, home, "control/platform-feature-multiprocessor-suspend",
	     "1");
	node(i, own, home, "control/platform-feature-xs_reset_watches", "1");
	for (size_t k = 0; k < ARRAY_COUNT(guests); k++)
		folder(i, perms(vm->domid, 0, 0), home, guests[k]);
}

static void console(struct image *i, const struct vm *vm, const char *home)
{
	struct perms own = perms(NOBODY, vm->domid, 0);

	folder(i, own, home, "store");
	number(i, own, home, "store/port", STORE_PORT);
	number(i, own, home, "store/ring-ref", STORE_RING);
	folder(i, own, home, "console");
	node(i, own, home, "console/backend-id", "0");
	node(i, own, home, "console/type", "bulkhead");
	node(i, own, home, "console/output", "serial");
	node(i, own, home, "console/limit", "16384");
	node(i, own, home, "console/tty", "");
	number(i, own, home, "console/port", CONSOLE_PORT);
	number(i, own, home, "console/ring-ref", CONSOLE_RING);
}

static void vm_nodes(struct image *i, const struct vm *vm)
{
	struct perms own = perms(NOBODY, vm->domid, 0);
	char *home = text_format("/local/domain/%u", vm->domid);

	node(i, own, home, NULL, "");
	node(i, own, home, "name", vm->name);
	number(i, own, home, "domid", vm->domid);
	folder(i, own, home, "cpu");
	for (uint64_t k = 0; k < vm->vcpus; k++) {
		char *cpu = text_format("cpu/%" PRIu64, k);
		char *there = text_format("%s/availability", cpu);

		folder(i, own, home, cpu);
		node(i, own, home, there, "online");
		free(there);
		free(cpu);
	}
	/* Without memory/target a guest leaves its memory as it is. */
	folder(i, own, home, "memory");
	number(i, own, home, "memory/static-max", vm->memory << 10);
	control(i, vm, home);
	console(i, vm, home);
	fronts(i, vm, home);
	if (vm->driver_domain) {
		folder(i, own, home, "backend");
		backs_vbd(i, vm, home);
		backs_vif(i, vm, home);
	}
	free(home);
}

static void client(struct image *i, const struct vm *vm)
{
	uint32_t devices = (uint32_t)vm->device_count;
	struct image_client c = {
		.domid = (uint16_t)vm->domid,
		.arena_kib = (uint32_t)vm->store_arena,
		/* A node takes 128 bytes at least. */
		.nodes = (uint32_t)vm->store_arena * 8,
		.watches = 128 + 4 * devices,
		.events = 256 + 8 * devices,
		.transactions = 10,
		.shadows = 1024,
	};

	c.nodes = c.nodes > 65535 ? 65535 : c.nodes;
	c.watches = c.watches > 65535 ? 65535 : c.watches;
	c.events = c.events > 65535 ? 65535 : c.events;
	strncpy(c.name, vm->name ? vm->name : "", sizeof(c.name) - 1);
	image_add_client(&i->w, &c);
}

static void all(struct image *i, void *buffer, size_t room)
{
	const struct machine *m = i->m;
	struct perms nobody = perms(NOBODY, 0, 0);

	image_begin(&i->w, buffer, room);
	for (size_t k = 0; k < m->vm_count; k++)
		if (m->vm[k].domid != m->store_domid)
			client(i, &m->vm[k]);
	node(i, nobody, "/local", NULL, "");
	node(i, nobody, "/local/domain", NULL, "");
	for (size_t k = 0; k < m->vm_count; k++)
		if (m->vm[k].domid != m->store_domid)
			vm_nodes(i, &m->vm[k]);
}

struct blob store_image_make(const struct machine *m)
{
	struct image i = { .m = m };

	all(&i, NULL, 0);
	size_t size = image_finish(&i.w);
	struct blob out = { mem_alloc(size), size };

	all(&i, out.at, size);
	image_finish(&i.w);
	return out;
}
