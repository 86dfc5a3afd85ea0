/* SPDX-License-Identifier: MIT */
/*
 * Builds a VM, at launch and again at each restart. Invariants:
 *  U1  when the guest starts, each byte of its RAM was scrubbed, and where it
 *      belongs copied from its modules, in this very build;
 *  U2  a step does at most STEP_FRAMES frames' worth of scrubbing, or
 *      STEP_COPY bytes of copying, or STEP_LEAVES leaves of mapping.
 * Progress is in the domain (job_step, job_cursor, job_aux). The launch
 * checked that everything fits, so nothing here can fail.
 */
#include "launch/plan.h"
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>
#include <xen/io/xs_wire.h>
#include "core/event.h"
#include "core/grant.h"
#include "core/lock.h"
#include "core/p2m.h"
#include "core/platform.h"
#include "core/world.h"
#include "launch/launch.h"
#include "vdev/pci.h"

#define STEP_FRAMES	24u
#define STEP_COPY	(16u * PAGE_SIZE)	/* not aligned: 500 each */
#define STEP_LEAVES	16u

enum build_phase { BUILD_DEVICES, BUILD_RESET, BUILD_SCRUB, BUILD_MAP,
		   BUILD_COPY, BUILD_FINISH };

static const struct blueprint *blueprints;	/* [I] by domid - 1 */

void build_use(const struct blueprint *blueprint)
{
	blueprints = blueprint;
}

/* --- the domain's RAM, by guest frame --- */

/* The first run of it from gfn on; count 0: there is none. */
static struct extent ram_from(const struct domain *d, uint64_t gfn)
{
	for (uint32_t i = 0; i < d->extent_count; i++) {
		const struct extent *e = &d->extent[i];
		uint64_t n = gfn > e->gfn.n ? gfn - e->gfn.n : 0;

		if (n < e->count)
			return (struct extent){ GFN(e->gfn.n + n),
						MFN(e->mfn.n + n),
						e->count - n };
	}
	return (struct extent){ .count = 0 };
}

/* Guest RAM at gpa; *room bytes follow it without a gap. */
static uint8_t *ram_at(const struct domain *d, uint64_t gpa, uint64_t *room)
{
	struct extent e = ram_from(d, gpa >> PAGE_SHIFT);

	BUG_ON(!e.count || e.gfn.n != gpa >> PAGE_SHIFT);
	*room = e.count * PAGE_SIZE - gpa % PAGE_SIZE;
	return (uint8_t *)arch_frame_ptr(e.mfn) + gpa % PAGE_SIZE;
}

static void copy_to(const struct domain *d, uint64_t gpa, const void *data,
		    uint64_t size)
{
	const uint8_t *from = data;

	while (size) {
		uint64_t room;
		uint8_t *to = ram_at(d, gpa, &room);
		uint64_t count = MIN(size, room);

		arch_copy(to, from, count);
		gpa += count;
		from += count;
		size -= count;
	}
}

/* --- the phases; each returns true when it is over --- */

static void scrub_special(const struct domain *d)
{
	arch_frame_scrub(d->shared_mfn);
	arch_frame_scrub(d->xenstore_mfn);
	arch_frame_scrub(d->console.ring);
	arch_frame_scrub(d->p2m.blank);
}

/* Bounded: one top page, and the tables of events and grants. */
static bool reset(struct domain *d)
{
	scrub_special(d);
	spin_lock(&d->lock);
	p2m_reset(d);
	grant_init(d);
	event_init(d);
	spin_unlock(&d->lock);
	memset(d->param, 0, sizeof(d->param));
	return true;
}

/* job_cursor, here and in map(): the guest frame to go on with. */
static bool scrub(struct domain *d)
{
	for (uint64_t budget = STEP_FRAMES; budget;) {
		struct extent e = ram_from(d, d->job_cursor);

		if (!e.count)
			return true;
		for (; budget && e.count; budget--, e.count--, e.gfn.n++)
			arch_frame_scrub(MFN(e.mfn.n++));
		d->job_cursor = e.gfn.n;
	}
	return false;
}

static void map_run(struct domain *d, struct extent e)
{
	unsigned int level = ram_leaf_level(e.gfn, e.mfn, e.count);

	p2m_map_ram(d, e.gfn, level, e.mfn);
	d->job_cursor = e.gfn.n + (UINT64_C(1) << 9 * (level - 1));
}

/* Page n of all registers of d's devices; false if there are fewer. */
static bool map_registers(struct domain *d, uint64_t n)
{
	for (uint32_t i = 0; i < d->device_count * DEVICE_BARS; i++) {
		const struct device *device =
			&world.device[d->device_first + i / DEVICE_BARS];
		const struct device_bar *bar = &device->bar[i % DEVICE_BARS];
		uint64_t gfn = bar->gfn.n + n;

		if (n >= bar->size >> PAGE_SHIFT) {
			n -= bar->size >> PAGE_SHIFT;
			continue;
		}
		/* A table of messages is nothing for guests to write. */
		if (gfn - device->table_gfn.n >= device->table_pages)
			p2m_set(d, GFN(gfn), P2M_DEVICE, true,
				MFN(bar->mfn.n + n));
		return true;
	}
	return false;
}

/* job_aux: pages of registers that are done. */
static bool map(struct domain *d)
{
	bool more = true;

	spin_lock(&d->lock);
	for (unsigned int i = 0; i < STEP_LEAVES && more; i++) {
		struct extent e = ram_from(d, d->job_cursor);

		if (e.count)
			map_run(d, e);
		else
			more = map_registers(d, d->job_aux++);
	}
	if (!more) {
		p2m_set(d, d->xenstore_gfn, P2M_SHARED, true, d->xenstore_mfn);
		p2m_set(d, d->console.ring_gfn, P2M_SHARED, true,
			d->console.ring);
	}
	spin_unlock(&d->lock);
	return !more;
}

/* job_aux: which piece; job_cursor: bytes of it that are done. */
static bool copy(struct domain *d, const struct blueprint *b)
{
	uint64_t budget = STEP_COPY;

	while (budget && d->job_aux < b->image.piece_count) {
		const struct piece *p = &b->image.piece[d->job_aux];
		uint64_t count = MIN(budget, p->size - d->job_cursor);

		copy_to(d, p->gpa + d->job_cursor, p->data + d->job_cursor,
			count);
		d->job_cursor += count;
		budget -= count;
		if (d->job_cursor == p->size) {
			d->job_aux++;
			d->job_cursor = 0;
		}
	}
	return d->job_aux == b->image.piece_count;
}

static void write_start_info(struct domain *d, const struct blueprint *b)
{
	struct platform_range range[PLATFORM_RANGES];
	struct hvm_memmap_table_entry map[PLATFORM_RANGES];
	struct hvm_modlist_entry module = { .paddr = b->ramdisk_gpa,
					    .size = d->ramdisk_size };
	struct hvm_start_info info = {
		.magic = XEN_HVM_START_MAGIC_VALUE,
		.version = 1,
		.nr_modules = b->ramdisk ? 1 : 0,
		.modlist_paddr = b->ramdisk ? b->start_gpa + START_MODULES : 0,
		.cmdline_paddr = b->start_gpa + START_CMDLINE,
		.rsdp_paddr = GPA_ACPI,
		.memmap_paddr = b->start_gpa + START_MEMMAP,
		.memmap_entries = platform_map(d->ram_frames, range),
	};

	for (uint32_t i = 0; i < info.memmap_entries; i++)
		map[i] = (struct hvm_memmap_table_entry){
			.addr = range[i].start, .size = range[i].size,
			.type = range[i].type };
	copy_to(d, b->start_gpa, &info, sizeof(info));
	if (b->ramdisk)
		copy_to(d, info.modlist_paddr, &module, sizeof(module));
	copy_to(d, info.memmap_paddr, map,
		info.memmap_entries * sizeof(map[0]));
}

static void reset_vcpu(struct vcpu *v)
{
	memset(&v->regs, 0, sizeof(v->regs));
	v->state = VCPU_DOWN;
	v->sipi_vector = 0;
}

/*
 * The store finds d's ring through grant 1 and its event channel at port 1
 * (xen-abi 3.8). Until it serves the ring, the guest waits for an event.
 */
static void offer_to_store(struct domain *d)
{
	struct xenstore_domain_interface *ring =
		arch_frame_ptr(d->xenstore_mfn);

	ring->connection = XENSTORE_RECONNECT;
	*grant_entry(d, GNTTAB_RESERVED_XENSTORE) = (struct grant_entry_v1){
		.flags = GTF_permit_access,
		.domid = world.store,
		.frame = (uint32_t)d->xenstore_gfn.n,
	};
	event_place(d, STORE_PORT,
		    (struct port){ PORT_UNBOUND, 0, world.store, 0 });
	d->param[HVM_PARAM_STORE_PFN] = d->xenstore_gfn.n;
	d->param[HVM_PARAM_STORE_EVTCHN] = STORE_PORT;
}

static bool finish(struct domain *d, const struct blueprint *b)
{
	uint64_t room;

	write_start_info(d, b);
	acpi_build(ram_at(d, GPA_ACPI, &room), d->vcpu_count, d->device_count);
	for (uint32_t i = 0; i < d->vcpu_count; i++)
		reset_vcpu(&d->vcpu[i]);
	build_reset_hook(d);
	d->param[HVM_PARAM_CONSOLE_PFN] = d->console.ring_gfn.n;
	d->param[HVM_PARAM_CONSOLE_EVTCHN] = d->console.port;
	event_place(d, d->console.port,
		    (struct port){ PORT_DEVICE, 0, DOMID_XEN,
				   PORT_DEVICE_CONSOLE });
	if (world.store && world.store != d->id)
		offer_to_store(d);
	arch_vcpu_reset_pvh(&d->vcpu[0], b->image.entry,
			    (uint32_t)b->start_gpa);
	atomic_store(&d->vcpu[0].state, VCPU_RUNNABLE);
	return true;
}

/* Firmware has used them; from the second life on the end reset them. */
static bool devices(struct domain *d)
{
	return atomic_load(&d->restart_count) ||
	       pci_stop_step(d, &d->job_cursor, &d->job_aux);
}

bool build_step(struct domain *d)
{
	const struct blueprint *b = &blueprints[d->id - 1];
	bool done = d->job_step == BUILD_DEVICES ? devices(d) :
		    d->job_step == BUILD_RESET ? reset(d) :
		    d->job_step == BUILD_SCRUB ? scrub(d) :
		    d->job_step == BUILD_MAP ? map(d) :
		    d->job_step == BUILD_COPY ? copy(d, b) : finish(d, b);

	if (!done)
		return false;
	d->job_cursor = 0;
	d->job_aux = 0;
	return d->job_step++ == BUILD_FINISH;
}

bool scrub_step(struct domain *d)
{
	if (!scrub(d))
		return false;
	scrub_special(d);
	return true;
}
