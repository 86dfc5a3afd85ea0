/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_grant_table_op (xen-abi 4). Operations come in arrays; a slice
 * of bounded length is done at a time and the registers are moved on. Every
 * operation that was done has its status written: the buffer is resolved for
 * writing before the first.
 */
#include "abi/table.h"
#include "core/gmem.h"
#include "core/grant.h"

#define SLICE		16u	/* operations without a preemption point */
#define FRAMES_MAX	64u	/* of a grant table */

union grant_arg {
	struct gnttab_map_grant_ref map[SLICE];
	struct gnttab_unmap_grant_ref unmap[SLICE];
	struct gnttab_copy copy[SLICE];
	struct gnttab_query_size query_size;
	struct gnttab_setup_table setup_table;
	struct gnttab_set_version set_version;
	struct gnttab_get_version get_version;
};

/* Size of one operation; 0: not ours. */
static const uint8_t op_size[] = {
	[GNTTABOP_map_grant_ref] = sizeof(struct gnttab_map_grant_ref),
	[GNTTABOP_unmap_grant_ref] = sizeof(struct gnttab_unmap_grant_ref),
	[GNTTABOP_setup_table] = sizeof(struct gnttab_setup_table),
	[GNTTABOP_copy] = sizeof(struct gnttab_copy),
	[GNTTABOP_query_size] = sizeof(struct gnttab_query_size),
	[GNTTABOP_set_version] = sizeof(struct gnttab_set_version),
	[GNTTABOP_get_version] = sizeof(struct gnttab_get_version),
};

#define IS_ARRAY	(BIT32(GNTTABOP_map_grant_ref) | \
			 BIT32(GNTTABOP_unmap_grant_ref) | \
			 BIT32(GNTTABOP_copy))

/* These return how many of the count operations they did. */

static uint32_t map(struct domain *d, struct gnttab_map_grant_ref *op,
		    uint32_t count)
{
	/* One that replaced RAM may have split a large page: enough for now. */
	for (uint32_t i = 0; i < count; i++)
		if (grant_map(d, &op[i])) {
			arch_npt_flush(d);
			return i + 1;
		}
	return count;
}

static uint32_t unmap(struct domain *d, struct gnttab_unmap_grant_ref *op,
		      uint32_t count)
{
	struct grant_pin pin[SLICE];
	uint32_t pin_count = 0;

	for (uint32_t i = 0; i < count; i++)
		pin_count += grant_unmap(d, &op[i], &pin[pin_count]);
	grant_give_back(d, pin, pin_count);
	return count;
}

static uint32_t slice(struct domain *d, uint32_t cmd, union grant_arg *a,
		      uint32_t count)
{
	switch (cmd) {
	case GNTTABOP_map_grant_ref:
		return map(d, a->map, count);
	case GNTTABOP_unmap_grant_ref:
		return unmap(d, a->unmap, count);
	default:
		grant_copy(d, a->copy, count);
		return count;
	}
}

/*
 * The frames get their place with XENMEM_add_to_physmap, so the list that
 * this call fills is all "nowhere yet".
 */
static int64_t setup_table(struct vcpu *v, struct gnttab_setup_table *op)
{
	struct domain *d = v->domain;
	struct gmem_span list;
	uint64_t gfn[FRAMES_MAX];
	int err;

	op->status = GNTST_permission_denied;
	if (!domain_is_self(d, op->dom))
		return 0;
	op->status = GNTST_general_error;
	if (op->nr_frames > MIN(FRAMES_MAX, d->grants.frame_max))
		return 0;
	if (gmem_span(v, (uint64_t)op->frame_list.p,
		      op->nr_frames * sizeof(gfn[0]), &list))
		return -XEN_EFAULT;
	spin_lock(&d->lock);
	err = grant_grow(d, op->nr_frames);
	spin_unlock(&d->lock);
	if (err == -XEN_EAGAIN)
		return HYPERCALL_AGAIN;
	if (err)
		return 0;
	memset(gfn, 0xff, sizeof(gfn));
	gmem_span_write(&list, gfn);
	op->status = GNTST_okay;
	return 0;
}

static int64_t single(struct vcpu *v, uint32_t cmd, union grant_arg *a)
{
	struct domain *d = v->domain;
	uint32_t version;

	switch (cmd) {
	case GNTTABOP_setup_table:
		return setup_table(v, &a->setup_table);
	case GNTTABOP_query_size:
		a->query_size.status = GNTST_permission_denied;
		if (!domain_is_self(d, a->query_size.dom))
			return 0;
		a->query_size.nr_frames = atomic_load(&d->grants.frame_count);
		a->query_size.max_nr_frames = d->grants.frame_max;
		a->query_size.status = GNTST_okay;
		return 0;
	case GNTTABOP_set_version:
		version = a->set_version.version;
		a->set_version.version = 1;
		return version == 1 ? 0 :
		       version == 2 ? -XEN_ENOSYS : -XEN_EINVAL;
	default:
		if (!domain_is_self(d, a->get_version.dom))
			return -XEN_EPERM;
		a->get_version.version = 1;
		return 0;
	}
}

int64_t do_grant_table_op(struct vcpu *v)
{
	uint32_t cmd = (uint32_t)v->regs.rdi, done;
	uint32_t count = (uint32_t)v->regs.rdx;
	struct gmem_span span;
	union grant_arg a;
	int64_t result;

	if (v->regs.rdi >= ARRAY_SIZE(op_size) || !op_size[cmd])
		return -XEN_ENOSYS;
	if (count > INT32_MAX || (!(IS_ARRAY & BIT32(cmd)) && count != 1))
		return -XEN_EINVAL;
	if (count == 0)
		return 0;
	done = MIN(count, SLICE);
	if (gmem_span(v, v->regs.rsi, (size_t)done * op_size[cmd], &span))
		return -XEN_EFAULT;
	gmem_span_read(&span, &a);
	if (IS_ARRAY & BIT32(cmd)) {
		done = slice(v->domain, cmd, &a, done);
		result = 0;
	} else {
		result = single(v, cmd, &a);
	}
	/* A version that is refused is answered with the one in use. */
	if (result != 0 && cmd != GNTTABOP_set_version)
		return result;
	gmem_span_write(&span, &a);
	if (done == count)
		return result;
	v->regs.rsi += (uint64_t)done * op_size[cmd];
	v->regs.rdx = count - done;
	return HYPERCALL_AGAIN;
}
