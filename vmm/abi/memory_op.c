/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_memory_op (xen-abi 2.10, 2.11). A domain's memory is fixed: what
 * it gives up is parked for it alone, and it can take back that much. How far
 * a long list has got is kept here, in vcpu.batch, and not in the command,
 * where a guest could have put it.
 */
#include "abi/table.h"
#include <xen/memory.h>
#include "core/gmem.h"
#include "core/grant.h"
#include "core/p2m.h"
#include "core/partition.h"
#include "core/platform.h"

#define SLICE		16u	/* extents without a preemption point */

/* --- the guest's list of gfns --- */

/* Parks the RAM at gfn. d is locked; 0 or -XEN_Exxx. */
static int give_up(struct domain *d, gfn_t gfn, struct p2m_entry *old)
{
	int err = p2m_may_replace(d, gfn, 0, old);

	if (err)
		return err;
	if (old->kind != P2M_RAM)
		return -XEN_EINVAL;
	p2m_replace(d, gfn, P2M_NONE, false, MFN_NONE);
	return 0;
}

/* Puts a parked frame, zeroed, at an empty gfn. */
static int take_back(struct domain *d, gfn_t gfn, struct p2m_entry *old)
{
	int err = p2m_may_replace(d, gfn, 0, old);

	if (err)
		return err;
	if (old->kind != P2M_NONE || !d->p2m.parked_count)
		return -XEN_EINVAL;
	p2m_set(d, gfn, P2M_RAM, true, p2m_unpark(d));
	return 0;
}

/* Does the first of the count gfns; returns how many, 0 if none can be. */
static uint32_t do_gfns(struct domain *d, uint32_t cmd, const uint64_t *gfn,
			uint32_t count)
{
	uint32_t i;

	spin_lock(&d->lock);
	for (i = 0; i < count; i++) {
		struct p2m_entry old;

		if (cmd == XENMEM_decrease_reservation ?
			    give_up(d, GFN(gfn[i]), &old) :
			    take_back(d, GFN(gfn[i]), &old))
			break;
		/* A large page was split: enough work for now. */
		if (old.kind == P2M_RAM && old.level > 1) {
			i++;
			break;
		}
	}
	spin_unlock(&d->lock);
	if (i && cmd == XENMEM_decrease_reservation)
		arch_npt_flush(d);
	return i;
}

/* Returns the number of extents done: that is what callers look at. */
static int64_t reservation(struct vcpu *v, uint32_t cmd, uint64_t handle)
{
	struct xen_memory_reservation r;
	uint64_t gfn[SLICE], done = 0;
	uint32_t count, now;

	if (gmem_read(v, &r, handle, sizeof(r)))
		return -XEN_EFAULT;
	if (!domain_is_self(v->domain, r.domid))
		return -XEN_EPERM;
	if (r.nr_extents > INT32_MAX)
		return -XEN_EINVAL;
	if (v->batch.done && v->batch.cmd == cmd && v->batch.handle == handle &&
	    v->batch.rip == v->regs.rip && v->batch.done < r.nr_extents)
		done = v->batch.done;
	v->batch.done = 0;
	count = (uint32_t)MIN(r.nr_extents - done, (uint64_t)SLICE);
	if (r.extent_order || !count ||
	    gmem_read(v, gfn, (uint64_t)r.extent_start.p +
			      done * sizeof(gfn[0]), count * sizeof(gfn[0])))
		return (int64_t)done;
	now = do_gfns(v->domain, cmd, gfn, count);
	done += now;
	if (!now || done == r.nr_extents)
		return (int64_t)done;
	v->batch.rip = v->regs.rip;
	v->batch.handle = handle;
	v->batch.cmd = cmd;
	v->batch.done = (uint32_t)done;
	return HYPERCALL_AGAIN;
}

/* --- pages of the VMM's in the guest's physical memory --- */

/* The page exists once; the RAM that it displaced comes back. */
static int64_t place_shared_info(struct domain *d, gfn_t gfn)
{
	struct p2m_entry old;
	bool there;
	int err;

	spin_lock(&d->lock);
	err = p2m_may_replace(d, gfn, 0, &old);
	there = old.kind == P2M_SHARED && old.mfn.n == d->shared_mfn.n;
	if (!err) {
		bool back = d->shared_over_ram && d->p2m.parked_count;

		if (d->shared_gfn.n != UINT64_MAX)
			p2m_set(d, d->shared_gfn, back ? P2M_RAM : P2M_NONE,
				back, back ? p2m_unpark(d) : MFN_NONE);
		p2m_replace(d, gfn, P2M_SHARED, true, d->shared_mfn);
		d->shared_gfn = gfn;
		d->shared_over_ram = old.kind == P2M_RAM;
	}
	spin_unlock(&d->lock);
	if (!err)
		arch_npt_flush(d);
	return there ? 0 : err;
}

static int64_t place_grant_frame(struct domain *d, uint64_t index, gfn_t gfn)
{
	struct grant_table *t = &d->grants;
	struct p2m_entry old;
	uint32_t frames = (uint32_t)index + 1;
	bool there, flush = false;
	int err;

	if (index >= t->frame_max)
		return -XEN_EINVAL;
	spin_lock(&d->lock);
	err = p2m_may_replace(d, gfn, frames - MIN(frames, t->frame_count),
			      &old);
	there = old.kind == P2M_SHARED && index < t->frame_count &&
		old.mfn.n == t->frame[index].n;
	if (!err)
		err = grant_grow(d, frames);
	if (!err)
		flush = p2m_replace(d, gfn, P2M_SHARED, true, t->frame[index]);
	spin_unlock(&d->lock);
	if (flush)
		arch_npt_flush(d);
	if (err == -XEN_EAGAIN)
		return HYPERCALL_AGAIN;
	return there ? 0 : err;
}

static int64_t add_to_physmap(struct vcpu *v, uint64_t handle)
{
	struct xen_add_to_physmap add;

	if (gmem_read(v, &add, handle, sizeof(add)))
		return -XEN_EFAULT;
	if (!domain_is_self(v->domain, add.domid))
		return -XEN_EPERM;
	switch (add.space) {
	case XENMAPSPACE_shared_info:
		if (add.idx)
			return -XEN_EINVAL;
		return place_shared_info(v->domain, GFN(add.gpfn));
	case XENMAPSPACE_grant_table:
		return place_grant_frame(v->domain, add.idx, GFN(add.gpfn));
	default:
		return -XEN_ENOSYS;
	}
}

static int64_t remove_from_physmap(struct vcpu *v, uint64_t handle)
{
	struct xen_remove_from_physmap remove;
	struct domain *d = v->domain;
	struct p2m_entry old;
	int err;

	if (gmem_read(v, &remove, handle, sizeof(remove)))
		return -XEN_EFAULT;
	if (!domain_is_self(d, remove.domid))
		return -XEN_EPERM;
	spin_lock(&d->lock);
	err = give_up(d, GFN(remove.gpfn), &old);
	if (err && old.kind == P2M_SHARED &&
	    !atomic_load(&frame_at(old.mfn)->loans)) {
		p2m_set(d, GFN(remove.gpfn), P2M_NONE, false, MFN_NONE);
		if (remove.gpfn == d->shared_gfn.n)
			d->shared_gfn = GFN(UINT64_MAX);
		err = 0;
	}
	spin_unlock(&d->lock);
	if (!err)
		arch_npt_flush(d);
	return err;
}

/* --- questions --- */

static int64_t reservation_size(struct vcpu *v, uint32_t cmd, uint64_t handle)
{
	struct domain *d = v->domain;
	struct xen_memory_domain arg;
	uint64_t frames = d->ram_frames;

	if (gmem_read(v, &arg, handle, sizeof(arg)))
		return -XEN_EFAULT;
	if (!domain_is_self(d, arg.domid))
		return -XEN_EPERM;
	if (cmd == XENMEM_current_reservation)
		frames -= d->p2m.parked_count;
	return (int64_t)frames;
}

/* The map that start_info has too, in the form of the BIOS call E820. */
static int64_t memory_map(struct vcpu *v, uint64_t handle)
{
	struct platform_range range[PLATFORM_RANGES];
	struct gmem_span span, list;
	struct xen_memory_map arg;
	uint32_t count = platform_map(v->domain->ram_frames, range);

	static_assert(sizeof(range[0]) == 20, "E820 entry");
	if (gmem_span(v, handle, sizeof(arg), &span))
		return -XEN_EFAULT;
	gmem_span_read(&span, &arg);
	count = MIN(count, arg.nr_entries);
	if (gmem_span(v, (uint64_t)arg.buffer.p, count * sizeof(range[0]),
		      &list))
		return -XEN_EFAULT;
	gmem_span_write(&list, range);
	arg.nr_entries = count;
	gmem_span_write(&span, &arg);
	return 0;
}

int64_t do_memory_op(struct vcpu *v)
{
	switch (v->regs.rdi) {
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return reservation(v, (uint32_t)v->regs.rdi, v->regs.rsi);
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
		return reservation_size(v, (uint32_t)v->regs.rdi, v->regs.rsi);
	case XENMEM_add_to_physmap:
		return add_to_physmap(v, v->regs.rsi);
	case XENMEM_remove_from_physmap:
		return remove_from_physmap(v, v->regs.rsi);
	case XENMEM_memory_map:
		return memory_map(v, v->regs.rsi);
	default:
		return -XEN_ENOSYS;
	}
}
